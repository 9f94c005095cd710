# SPDX-License-Identifier: Apache-2.0
"""The daemon uses system calls only: no request runs a program."""

import re
import shutil
import signal
import subprocess

import expect
import kernel
from case import Skip, case


def _trace(w, function):
    """The lines of strace for each exec below the daemon while `function` runs."""
    if shutil.which("strace") is None:
        raise Skip("needs strace")
    pids = [w.daemon.pid] + [p.pid for p in kernel.descendants(w.daemon.pid)]
    output = f"{w.directory}/strace"
    command = ["strace", "-f", "-qq", "-e", "trace=execve,execveat", "-e", "signal=none", "-o", output]
    for pid in pids:
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    expect.eventually(lambda: all(_traced(pid) for pid in pids) or tracer.poll() is not None, "strace attached")
    if tracer.poll() is not None:
        raise Skip("strace cannot attach here")
    try:
        function()
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
    return [line for line in kernel.read(output).splitlines() if "exec" in line]


def _traced(pid):
    """Whether strace has it, or it has ended since it was listed, as a set-up child does after a create."""
    status = kernel.read(f"/proc/{pid}/status")
    return not status or re.search(r"^(TracerPid:\t[1-9]|State:\tZ)", status, re.MULTILINE)


@case(backend="linux")
def a_create_runs_nothing_but_process_1(w):
    lines = _trace(w, lambda: w.create(bind_mounts=[(w.directory, "/m", "ro")]))
    expect.equal(len(lines), 1, f"programs run: {lines}")
    expect.contains(lines[0], "wshd")


@case(backend="linux")
def info_stop_and_destroy_run_nothing(w):
    handle = w.create()

    def life():
        w.c.info(handle)
        w.c.stop(handle)
        w.c.destroy(handle)

    expect.equal(_trace(w, life), [])


@case(backend="linux")
def a_run_executes_only_the_shell(w):
    handle = w.create()
    lines = _trace(w, lambda: w.c.run(handle, ":"))
    others = [line for line in lines if "/bin/bash" not in line]
    expect.equal(others, [])
