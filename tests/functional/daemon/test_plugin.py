# SPDX-License-Identifier: Apache-2.0
"""A backend of a third party: built out of tree against what `make install` installs, and driven."""

import glob
import shutil

from case import case
import expect
import installed
import warden


def _built(w):
    _, environment = installed.headers(w, "warden-backend")
    source = f"{w.directory}/template"
    shutil.copytree(f"{w.build.source}/plugins/template", source)
    installed.shell("make", source, **environment)
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
    _, environment = installed.headers(w, "warden-backend")
    seen = installed.shell("pkg-config --variable=backenddir warden-backend", w.directory, **environment)
    expect.matches(seen, ".*/warden/backends\n")
