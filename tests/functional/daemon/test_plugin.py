# SPDX-License-Identifier: Apache-2.0
"""A backend of a third party: built out of tree against the files of `make install`, and used."""

import glob
import os
import re
import shutil
import signal
import subprocess

from case import Skip, case
import expect
import installed
import kernel
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


@case(backend="fake", daemon=False, limit=120, slow=True)
def the_test_kit_for_backends_runs_against_the_template_with_what_is_installed(w):
    template = _built(w)
    place = installed.install(w, "sbinPROGRAMS", "binSCRIPTS", "nobase_kitDATA", "nobase_kitSCRIPTS")
    (kit,) = glob.glob(f"{place}/**/bin/warden-backend-test", recursive=True)
    arguments = "create. pause. job_requests. -- template.shell=/bin/sh"
    seen = installed.shell(f"{kit} {template} {arguments}", w.directory, TMPDIR=w.directory)
    expect.matches(seen, r".*\n[1-9]\d* passed, 0 failed, [1-9]\d* skipped\n")
    expect.matches(seen, r".*\n  pause is NULL: the daemon refuses Pause and Resume \(\d cases skipped\)\n.*")
    expect.contains(seen, "\n  no container survives a restart of the daemon (operation restore) (")
    listed = installed.shell(f"{kit} {template} --list", w.directory)
    command = [f"{w.build.source}/tests/run", "--module", template, "--list"]
    expect.equal(listed, subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@case(backend="fake", daemon=False)
def the_test_kit_says_why_the_daemon_does_not_load_a_module(w):
    kit = [f"{w.build.source}/tests/run", "--build", w.build.tree, "--module", w.file("no.so", "text")]
    environment = {**os.environ, "TMPDIR": w.directory}
    seen = subprocess.run(kit, capture_output=True, text=True, check=False, env=environment)
    expect.equal(seen.returncode, 1)
    expect.matches(seen.stderr, "wardend: .*/no.so: .*file too short.*|wardend: .*/no.so: .*invalid ELF.*")


@case(backend="fake", daemon=False)
def pkg_config_has_the_directory_of_backends(w):
    _, environment = installed.headers(w, "warden-backend")
    seen = installed.shell("pkg-config --variable=backenddir warden-backend", w.directory, **environment)
    expect.matches(seen, ".*/warden/backends\n")


# The source of a small backend without jobs; a case replaces the body of an operation.
SMALL = """
#include <signal.h>
#include <unistd.h>
#include <warden/backend.h>
#pragma GCC diagnostic ignored "-Wunused-parameter"
static const struct warden_host *host;
static char id[32];
static int setup(const struct warden_host *h, void **backend, struct warden_error *err) { %(setup)s }
static int create(void *backend, const struct warden_create *c, void **container, struct warden_error *err)
{ %(create)s }
static int restore(void *backend, const struct warden_identity *i, enum warden_restore_state state,
                   void **container, struct warden_restored *restored, struct warden_error *err)
{ snprintf(id, sizeof(id), "%%s", i->id); *container = id; return 0; }
static int spawn(void *container, const struct warden_spawn *s, struct warden_error *err) { %(spawn)s }
static int stop(void *container, int number, struct warden_error *err)
{ host->container_empty(host, id); return 0; }
static void destroy(void *container) { host->container_gone(host, id); }
const struct warden_container_klass warden_container_klass = {
    .size = sizeof(struct warden_container_klass), .abi = WARDEN_BACKEND_ABI, .name = "small",
    .setup = setup, .create = create, .restore = restore, .spawn = spawn, .stop = stop, .destroy = destroy,
};
"""
BODIES = {
    "setup": "host = h; return 0;",
    "create": 'snprintf(id, sizeof(id), "%s", c->identity->id); *container = id; return 0;',
    "spawn": 'return warden_error_set(err, "no jobs");',
}


def _configure_small(w, **bodies):
    """Builds the small backend with these bodies and makes it that of the case's daemon; returns its path."""
    _, environment = installed.headers(w, "warden-backend")
    w.file("small.c", SMALL % {**BODIES, **bodies})
    flags = "$(pkg-config --cflags warden-backend)"
    installed.shell(f"cc -Wall -Wextra -Werror -shared -fPIC {flags} -o small.so small.c", w.directory, **environment)
    module = f"{w.directory}/small.so"
    w.daemon.settings["server"]["container_klass"] = module
    del w.daemon.settings["fake"]
    return module


@case(backend="fake", daemon=False, limit=60)
def a_setup_that_fails_without_a_message_is_named(w):
    _configure_small(w, setup="return -1;")
    w.daemon.write_config()
    command = [w.build.path("wardend"), "-c", w.daemon.config]
    seen = subprocess.run(command, capture_output=True, text=True, check=False)
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr, "backend small: setup failed without a message")


@case(backend="fake", daemon=False, limit=60)
def an_operation_that_fails_without_a_message_is_named(w):
    _configure_small(w, create="return -1;")
    w.daemon.start()
    expect.error("backend small: create failed without a message", w.create)


def _expect_crash(w, line, number, call, *arguments):
    """The request crashes the daemon with this signal, after the line in the log file and on stderr."""
    try:
        call(*arguments)
    except (warden.WardenError, OSError):
        pass
    expect.equal(w.daemon.wait(), -number)
    expect.matches(kernel.read(f"{w.directory}/wardend.log"), f".*\n{line}\n")
    expect.matches(kernel.read(f"{w.directory}/output"), f"(.*\n)?{line}\n")


@case(backend="fake", daemon=False, limit=60)
def a_module_that_crashes_is_named_with_its_operation_and_container(w):
    if w.sanitized:
        raise Skip("the sanitizer reports the crash as an error of the daemon")
    module = re.escape(_configure_small(w, create="raise(SIGSEGV); return 0;"))
    w.daemon.start()
    line = f"fatal: the module {module} crashed \\(SIGSEGV\\) in operation create of container [0-9a-v]{{11}}"
    _expect_crash(w, line, signal.SIGSEGV, w.create)


@case(backend="fake", daemon=False, limit=60)
def a_module_that_exhausts_its_stack_is_named(w):
    if w.sanitized:
        raise Skip("the sanitizer reports the crash as an error of the daemon")
    recursion = """volatile char page[4096]; page[0] = 0;
        return s->size == 0 ? 0 : spawn(container, s, err) + page[0];"""
    module = re.escape(_configure_small(w, spawn=recursion))
    w.daemon.start()
    handle = w.create()
    line = f"fatal: the module {module} crashed \\(SIGSEGV\\) in operation spawn of container [0-9a-v]{{11}}"
    _expect_crash(w, line, signal.SIGSEGV, w.c.spawn, handle, "true")


@case(backend="fake", daemon=False, limit=90, slow=True, long=True)
def an_operation_that_runs_for_more_than_ten_seconds_is_logged_while_it_runs_and_when_it_returns(w):
    _configure_small(w, spawn='sleep(16); return warden_error_set(err, "no jobs");')
    w.daemon.start()
    handle = w.create()
    expect.error("no jobs", w.c.spawn, handle, "true")
    (id_,) = w.ids
    prefix = f"warn {id_}: backend small: operation spawn "
    expect.matches(w.daemon.log(), f".* {prefix}has been running for 1\\d s\n.* {prefix}has returned after 1\\d s\n.*")
    expect.equal(w.daemon.log().count("has been running"), 1)
