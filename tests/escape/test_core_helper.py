# SPDX-License-Identifier: Apache-2.0
"""A core_pattern that is a program: the kernel runs it as root of the host, outside of all namespaces."""

import contextlib
import os
import resource
import signal
import time

import expect
import kernel
from case import Skip, case

SYSCTLS = "/proc/sys/kernel/core_pattern", "/proc/sys/fs/suid_dumpable"
CRASH = "ulimit -c unlimited; ulimit -S -c unlimited; kill -{0} $$"
SHOW = "exec grep '^Max core file size' /proc/self/limits"
KINDS = ({}, {"privileged": True}, {"own_cgroup": True}, {"user": "1234"}, {"seccomp": "unconfined"}, {"no_new_privs": True})


def _limits(text):
    return text.split()[4:6]


def _commands(w, handle, script):
    """The outputs of a script in each kind of job, on a terminal and in shells."""
    for fields in KINDS:
        yield str(fields), w.c.run(handle, script, **fields).stdout
        yield f"argv, {fields}", w.c.run(handle, argv=["/bin/sh", "-c", script], **fields).stdout
    job = w.c.spawn(handle, argv=["/bin/sh", "-c", script], terminal=True)
    yield "terminal", w.c.link(handle, job).stdout
    for user in ((), ("--user", "vcap")):
        shell = w.program("wsh", "--socket", f"{w.path_of(handle)}/run/wshd.sock", *user, "/bin/sh", "-c", script)
        yield f"shell {user}", shell.stdout


@case(backend="linux")
def each_kind_of_job_has_a_limit_that_keeps_the_helper_away(w):
    """A limit of core files of 0 does not stop a piped core_pattern, one of 1 byte does: jobs, terminals and shells."""
    handle = w.create()
    for kind, output in _commands(w, handle, SHOW):
        expect.equal(_limits(output.decode()), ["1", "1"], kind)
    # The control: a client may ask for more.
    seen = w.run(handle, SHOW, rlimits={"core": 4096})
    expect.equal(_limits(seen), ["4096", "4096"])


@contextlib.contextmanager
def _helper(w):
    """Makes a program that leaves a mark the machine's core_pattern, as Ubuntu's apport is; yields a function that
    counts its marks."""
    if not os.environ.get("WARDEN_VM"):
        raise Skip("core_pattern is the machine's: only in the virtual machine")
    marks = f"{w.directory}/marks"
    program = w.file("helper", f"#!/bin/sh\nid -u >>{marks}\nexec cat >/dev/null\n", 0o755)
    before = [kernel.read(path) for path in SYSCTLS]
    for path, text in zip(SYSCTLS, (f"|{program}", "2")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    try:
        yield lambda: len(kernel.read(marks).split())
    finally:
        for path, text in zip(SYSCTLS, before):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)


def _crash_all(w, handle):
    for number in ("SEGV", "ABRT", "QUIT"):
        for _ in _commands(w, handle, CRASH.format(number)):
            pass
    for script in ("kill -SEGV $PPID; sleep 100", "kill -SEGV 1; for p in /proc/[0-9]*; do kill -QUIT ${p#/proc/}; done"):
        for privileged in (False, True):
            w.c.run(handle, script, privileged=privileged, timeout=1)


@case(backend="linux", daemon=False, limit=120, alone=True)
def no_program_of_the_host_runs_for_a_crash_inside(w):
    """CVE-2015-1318, CVE-2018-6552, CVE-2025-5054: jobs, keepers, shells and process 1 crash, and root of the host dumps them."""
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    with _helper(w) as marks, contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_CORE, limits)
        for hard in (resource.RLIM_INFINITY, 0):
            resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
            w.daemon.start()
            handle = w.create(grace_time=-1)
            _crash_all(w, handle)
            os.kill(w.init_of(handle), signal.SIGSEGV)
            time.sleep(1)
            expect.equal(marks(), 0, f"runs of the program with a hard limit of {hard}")
            w.c.destroy(handle)
            if hard:
                # The control: a client that asks for core files has the program run.
                handle = w.create()
                w.c.run(handle, "kill -SEGV $$", rlimits={"core": 1 << 20})
                expect.eventually(lambda: marks() == 1, "it runs")
                os.unlink(f"{w.directory}/marks")
                w.c.destroy(handle)
            w.disconnect()
            w.daemon.stop()
