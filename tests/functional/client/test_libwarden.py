# SPDX-License-Identifier: Apache-2.0
"""libwarden as a program of somebody's uses it: installed, found by pkg-config, linked."""

import glob
import os
import shutil
import subprocess

from case import Skip, case
import expect
import installed


def _installed(w):
    """Puts what `make install` would below the case's directory; what names that to a build."""
    directory, environment = installed.headers(w, "libwarden")
    libraries = os.path.dirname(directory)
    (library,) = glob.glob(f"{w.build.tree}/client/.libs/libwarden.so.1.*")
    for name in ("libwarden.so.1", "libwarden.so"):
        shutil.copyfile(library, f"{libraries}/{name}")
    return environment, libraries


def _built(w, name):
    """An example, built as its first lines say; how it is run."""
    if w.sanitized:
        raise Skip("what links a library with sanitizers needs them too")
    environment, libraries = _installed(w)
    shutil.copyfile(f"{w.build.source}/contrib/c/{name}.c", f"{w.directory}/{name}.c")
    command = f"cc -Wall -Wextra -Werror -o {name} {name}.c $(pkg-config --cflags --libs libwarden)"
    installed.shell(command, w.directory, **environment)
    return lambda *arguments: subprocess.run(
        [f"{w.directory}/{name}", *arguments],
        env={**w.program_environment(), "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        check=False,
        timeout=30,
    )


@case
def the_example_that_waits_works(w):
    run = _built(w, "run")
    seen = run("echo out; exit 3")
    expect.equal((seen.returncode, seen.stdout), (3, b"out\n"), seen.stderr)
    expect.eventually(lambda: not set(os.listdir(w.daemon.depot)) - {"tmp"}, "no container")


@case
def the_example_with_a_loop_of_its_own_works(w):
    run = _built(w, "many")
    seen = run("5", "echo out")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.equal(sorted(seen.stdout.decode().splitlines()), [f"{i}: status 0: out" for i in range(1, 6)])
    expect.equal(run("2", "exit 1").returncode, 1)
    expect.eventually(lambda: not set(os.listdir(w.daemon.depot)) - {"tmp"}, "no container")


@case(backend="fake", daemon=False)
def it_exports_its_own_names_alone(w):
    (library,) = glob.glob(f"{w.build.tree}/client/.libs/libwarden.so.1.*")
    names = installed.shell(f"nm -D --defined-only {library}", w.directory).split()[2::3]
    names.remove("WARDEN_1")  # the version itself
    with open(f"{w.build.source}/include/warden/client.h", encoding="utf-8") as file:
        header = file.read()
    for name in names:
        expect.true(name.endswith("@@WARDEN_1"), "a version", name)
        expect.true(f"{name[:-len('@@WARDEN_1')]}(" in header, "declared in client.h", name)
