# SPDX-License-Identifier: Apache-2.0
"""A backend of a third party: built out of tree against what `make install` installs, and driven."""

import glob
import os
import shutil
import subprocess

from case import Skip, case
import expect
import warden


def _shell(command, directory, **environment):
    seen = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=directory,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, **environment},
    )
    if seen.returncode != 0:
        expect.fail(f"`{command}` works", seen.stdout[-2000:] + seen.stderr[-2000:])
    return seen.stdout


def _installed(w):
    """Installs header and pkg-config file below the case's directory; what names them to a build."""
    if not os.access(f"{w.build.tree}/Makefile", os.R_OK):
        raise Skip("the build tree has no Makefile that this user can read")
    destination = f"{w.directory}/installed"
    targets = "install-wardenincludeHEADERS install-pkgconfigDATA"
    _shell(f"make -s {targets} DESTDIR={destination}", w.build.tree)
    (found,) = glob.glob(f"{destination}/**/warden-backend.pc", recursive=True)
    return {"PKG_CONFIG_PATH": os.path.dirname(found), "PKG_CONFIG_SYSROOT_DIR": destination}


def _built(w):
    environment = _installed(w)
    source = f"{w.directory}/template"
    shutil.copytree(f"{w.build.source}/plugins/template", source)
    _shell("make", source, **environment)
    (module,) = glob.glob(f"{source}/*.so")
    return module


@case(backend="fake", daemon=False, limit=60)
def the_template_builds_against_the_installed_header_alone_and_works(w):
    module = _built(w)
    w.daemon.settings["server"]["container_klass"] = module
    del w.daemon.settings["fake"]
    w.daemon.start()
    handle = w.create()
    expect.result(w.c.run(handle, "echo from a template; exit 3"), 3, b"from a template\n")
    seen = w.c.call(warden.RunRequest(handle=handle, argv=[b"printenv", b"A"], env=[b"A=b"]))
    expect.result(seen, 0, b"b\n")
    nicer = warden.SpawnRequest(handle=handle, argv=[b"true"], nice=1)
    expect.error("nice: the backend template has none", w.c.call, nicer)
    expect.equal(w.c.info(handle).state, "active")
    w.c.stop(handle)
    expect.equal(w.c.info(handle).state, "stopped")
    w.c.destroy(handle)
    expect.equal(w.c.list(), [])


@case(backend="fake", daemon=False)
def pkg_config_tells_where_backends_lie(w):
    environment = _installed(w)
    seen = _shell("pkg-config --variable=backenddir warden-backend", w.directory, **environment)
    expect.matches(seen, ".*/warden/backends\n")
