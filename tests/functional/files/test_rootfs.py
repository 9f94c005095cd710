# SPDX-License-Identifier: Apache-2.0
"""The warden-rootfs command. Every case of the linux backend uses a root file system that it made."""

import glob
import os
import signal
import subprocess
import time

import expect
from case import case


def _make(world, *arguments):
    return subprocess.run(
        ["bash", world.build.path("warden-rootfs"), *arguments],
        cwd=world.directory,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _made(world, *arguments):
    """Makes a root file system in `made`, which must succeed without output; returns its path."""
    seen = _make(world, *arguments, "made")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, "", ""))
    return f"{world.directory}/made"


def _refused(world, status, text, *arguments):
    before = sorted(os.listdir(world.directory))
    seen = _make(world, *arguments)
    expect.equal((seen.returncode, seen.stdout), (status, ""))
    expect.contains(seen.stderr, text)
    expect.equal(sorted(os.listdir(world.directory)), before, "files beside the target")


def _inside(root, *arguments):
    """Runs one of its programs with its own loader and libraries, without entering it."""
    (loader,) = glob.glob(f"{root}/lib64/ld-linux-*") or glob.glob(f"{root}/lib/ld-linux-*")
    paths = {os.path.dirname(path) for path in glob.glob(f"{root}/usr/lib/**/lib*.so*", recursive=True)}
    line = [loader, "--library-path", ":".join(sorted(paths)), f"{root}{arguments[0]}", *arguments[1:]]
    return subprocess.run(line, capture_output=True, text=True, check=False, env={}).stdout


@case(daemon=False, backend="fake")
def its_programs_run_with_its_own_libraries(world):
    root = _made(world)
    expect.equal(_inside(root, "/bin/bash", "-c", "echo it runs"), "it runs\n")
    for name in "bash sh ls cat echo sleep ps id env mount ping ip grep sed awk".split():
        path = os.path.realpath(f"{root}/usr/bin/{name}")
        expect.true(os.access(path, os.X_OK), f"a program {name}", path)


@case(daemon=False, backend="fake")
def it_has_the_directories_and_files_of_a_system(world):
    root = _made(world)
    for name, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("root", 0o700), ("home", 0o755), ("dev", 0o755)):
        expect.equal(oct(os.stat(f"{root}/{name}").st_mode & 0o7777), oct(mode), name)
    expect.equal(oct(os.stat(root).st_mode & 0o7777), "0o755")
    with open(f"{root}/etc/passwd", encoding="utf-8") as file:
        expect.contains(file.read(), "root:x:0:0:root:/root:/bin/bash\n")
    for name in ("group", "nsswitch.conf", "hosts", "hostname", "resolv.conf"):
        expect.true(os.path.isfile(f"{root}/etc/{name}"), f"a file etc/{name}")


@case(daemon=False, backend="fake")
def nothing_in_it_has_a_setuid_bit(world):
    root = _made(world)
    for directory, _, names in os.walk(root):
        for name in names:
            mode = os.lstat(f"{directory}/{name}").st_mode
            expect.true(mode & 0o6000 == 0, "no setuid or setgid bit", f"{directory}/{name}: {oct(mode)}")


@case(daemon=False, backend="fake")
def a_program_can_be_added(world):
    root = _made(world, "--program", "openssl" if os.path.exists("/usr/bin/openssl") else "setpriv")
    expect.true(os.path.isdir(f"{root}/usr/bin"), "usr/bin")
    _refused(world, 1, "this machine has no program no-such-program", "--program", "no-such-program", "x")
    _refused(world, 1, "ldd is a script", "--program", "ldd", "x")


@case(daemon=False, backend="fake")
def a_directory_that_is_not_empty_is_replaced_only_by_force(world):
    root = _made(world)
    world.file("made/mark")
    _refused(world, 1, f"{root} is not empty (--force replaces it)", "made")
    _made(world, "--force")
    expect.true(not os.path.exists(f"{root}/mark"), "the old one gone")
    expect.equal([n for n in os.listdir(world.directory) if n.startswith(".made")], [])


@case(daemon=False, backend="fake")
def force_replaces_nothing_but_a_root_file_system(world):
    world.make_directory("precious")
    world.file("precious/file")
    _refused(world, 1, "does not look like a root file system", "--force", "precious")
    _refused(world, 1, "/ cannot be replaced", "--force", "/")
    expect.true(os.path.exists(f"{world.directory}/precious/file"), "what was there")


@case(daemon=False, backend="fake")
def a_directory_that_others_can_write_to_is_refused(world):
    world.make_directory("open", 0o777)
    _refused(world, 1, "can be written by others (mode 777)", "open/x")
    world.make_directory("open/closed")
    _refused(world, 1, "can be written by others (mode 777)", "open/closed/x")
    os.chmod(f"{world.directory}/open", 0o1777)
    seen = _make(world, "open/x")
    expect.equal((seen.returncode, seen.stderr), (0, ""), "in a sticky directory")


@case(daemon=False, backend="fake")
def unknown_arguments_are_usage_errors(world):
    _refused(world, 2, "needs DIR")
    _refused(world, 2, "unexpected argument 'b'", "a", "b")
    _refused(world, 2, "unknown option --what", "--what", "a")
    _refused(world, 2, "--program needs a value", "--program")
    world.file("file")
    _refused(world, 1, "file is not a directory", "file/directory")


@case(daemon=False, backend="fake")
def directories_above_it_are_made(world):
    seen = _make(world, "new/place/root")
    expect.equal((seen.returncode, seen.stderr), (0, ""))
    expect.true(os.path.exists(f"{world.directory}/new/place/root/bin/bash"), "bin/bash")


@case(daemon=False, backend="fake")
def an_interrupted_run_leaves_nothing(world):
    for delay in (0.05, 0.15, 0.3):
        process = subprocess.Popen(
            ["bash", world.build.path("warden-rootfs"), f"{world.directory}/made"],
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        if process.wait(20) == 0:
            break  # it was faster
        left = [name for name in os.listdir(world.directory) if "made" in name]
        expect.equal(left, [], f"what is left after {delay} s")
