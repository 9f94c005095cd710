# SPDX-License-Identifier: Apache-2.0
"""A backend of a third party: built out of tree against what `make install` installs, and driven."""

import glob
import shutil
import subprocess

from case import case
import expect
import installed
import warden


def _built(w):
    _, environment = installed.headers(w, "warden-backend")
    source = f"{w.directory}/template"
    shutil.copytree(f"{w.build.source}/plugins/template", source)
    installed.shell("make CFLAGS='-O2 -Wall -Wextra -Werror'", source, **environment)
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


# A backend whose setup fails and says nothing.
SILENT = """
#include <warden/backend.h>
static int setup(const struct warden_host *h, void **b, struct warden_error *e)
{ (void)h; (void)b; (void)e; return -1; }
static int create(void *b, const struct warden_create *c, void **p, struct warden_error *e)
{ (void)b; (void)c; (void)p; return warden_error_set(e, "create"); }
static int restore(void *b, const struct warden_identity *i, enum warden_restore_state s, void **p,
                   struct warden_restored *r, struct warden_error *e)
{ (void)b; (void)i; (void)s; (void)p; (void)r; return warden_error_set(e, "restore"); }
static int spawn(void *c, const struct warden_spawn *s, struct warden_error *e)
{ (void)c; (void)s; return warden_error_set(e, "spawn"); }
static int stop(void *c, int s, struct warden_error *e)
{ (void)c; (void)s; return warden_error_set(e, "stop"); }
static void destroy(void *c) { (void)c; }
const struct warden_container_klass warden_container_klass = {
    .size = sizeof(struct warden_container_klass), .abi = WARDEN_BACKEND_ABI, .name = "silent",
    .setup = setup, .create = create, .restore = restore, .spawn = spawn, .stop = stop, .destroy = destroy,
};
"""


@case(backend="fake", daemon=False, limit=60)
def a_setup_that_fails_without_a_word_is_named(w):
    _, environment = installed.headers(w, "warden-backend")
    with open(f"{w.directory}/silent.c", "w", encoding="utf-8") as source:
        source.write(SILENT)
    flags = "$(pkg-config --cflags warden-backend)"
    installed.shell(f"cc -Wall -Wextra -Werror -shared -fPIC {flags} -o silent.so silent.c", w.directory, **environment)
    w.daemon.settings["server"]["container_klass"] = f"{w.directory}/silent.so"
    del w.daemon.settings["fake"]
    w.daemon.write_config()
    command = [w.build.path("wardend"), "-c", w.daemon.config]
    seen = subprocess.run(command, capture_output=True, text=True, check=False)
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr, "backend silent: setup failed without a message")
