# SPDX-License-Identifier: Apache-2.0
"""Numbers of processes are used again: a signal by number, or a link moved by number, hits a process of the host."""

import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import threading

import expect
import kernel
from case import Skip, case

_CLONE3 = 435  # a system call of every architecture
_libc = ctypes.CDLL(None, use_errno=True)


def _take_number(pid):
    """Starts a process of the host with this number, in a network namespace of its own."""
    number = ctypes.c_int(pid)
    arguments = struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(number), 1, 0)
    seen = _libc.syscall(_CLONE3, arguments, len(arguments))
    if seen == 0:
        try:
            kernel.unshare(kernel.CLONE_NEWNET)
            os.execv("/bin/sleep", ["sleep", "600"])
        finally:
            os._exit(1)
    if seen < 0:
        raise Skip(f"numbers of processes cannot be chosen: {os.strerror(ctypes.get_errno())}")
    expect.equal(seen, pid, "number of the bystander")


@contextlib.contextmanager
def _numbers_taken(pids):
    """Processes of the host that have these numbers; at the end each must be as it was."""
    taken = []
    try:
        for pid in pids:
            _take_number(pid)
            taken.append(pid)
        expect.eventually(lambda: all(kernel.process(pid).name == "sleep" for pid in pids), "the bystanders run")
        yield
        for pid in pids:
            expect.true(not kernel.gone(pid) and kernel.process(pid).name == "sleep", f"bystander {pid} goes on")
            expect.lacks(kernel.read(f"/proc/{pid}/net/dev"), "w-", "links of the bystander")
        # The control: by number they are reached.
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            expect.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGTERM)
            taken.remove(pid)
    finally:
        for pid in taken:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _end(init):
    """Kills process 1; returns its number and those of its keeper and job, once they are free."""
    expect.eventually(lambda: len(kernel.descendants(init)) >= 2, "keeper and job")
    pids = [init, *(each.pid for each in kernel.descendants(init))]
    os.kill(init, signal.SIGKILL)
    expect.eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "their numbers are free")
    return pids


@case(backend="linux", limit=60)
def numbers_of_a_dead_container_are_used_again_while_no_daemon_runs(w):
    """CVE-2017-5985: process 1, keeper and job die with no daemon; their numbers are other processes' when one starts."""
    for privileged in (False, True):
        handle, other = w.create(), w.create()
        w.spawn_ready(handle, "echo; exec sleep 500", privileged=privileged)
        init = w.init_of(handle)
        w.daemon.kill()
        w.disconnect()
        with _numbers_taken(_end(init)):
            w.daemon.start()
            expect.eventually(lambda: w.c.list() == [other], "the dead container is gone")
            expect.equal(w.run(other, "echo fine"), "fine\n")
        w.c.destroy(other)


@case(backend="linux", limit=60)
def numbers_of_a_dead_container_are_used_again_before_its_destroy(w):
    """The same while the daemon runs: the container is stopped and destroyed after its numbers are other processes'."""
    for privileged in (False, True):
        handle = w.create(grace_time=-1)
        w.spawn_ready(handle, "echo; exec sleep 500", privileged=privileged)
        init = w.init_of(handle)
        kernel.halt(w.daemon.pid)
        try:
            with _numbers_taken(_end(init)):
                os.kill(w.daemon.pid, signal.SIGCONT)
                with contextlib.suppress(Exception):
                    w.c.stop(handle, kill=True)
                w.c.destroy(handle)
        finally:
            os.kill(w.daemon.pid, signal.SIGCONT)


class _Bystanders:
    """Starts and ends processes of the host, so that numbers are used again, and counts those that a signal ended."""

    def __init__(self):
        self.ended = self.signalled = 0
        self._goes_on = True
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._goes_on = False
        self._thread.join()

    def _run(self):
        while self._goes_on:
            started = [subprocess.Popen(["sleep", "0.02"]) for _ in range(8)]
            self.signalled += sum(each.wait() != 0 for each in started)
            self.ended += len(started)


@contextlib.contextmanager
def _few_numbers():
    """In the virtual machine numbers are used again within a second; the sysctl is the machine's."""
    path = "/proc/sys/kernel/pid_max"
    before = kernel.read(path)
    if not os.environ.get("WARDEN_VM"):
        yield
        return
    with open(path, "w", encoding="ascii") as file:
        file.write("1200")
    try:
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


@case(backend="linux", limit=90, alone=True)
def processes_that_live_a_millisecond_end_with_a_stop(w):
    """Processes that fork and end faster than a list of numbers is read: stop and destroy end, and hit no other."""
    with _few_numbers(), _Bystanders() as bystanders:
        for privileged, destroy in ((False, False), (True, False), (True, True)):
            handle = w.create()
            w.spawn_ready(handle, "echo; exec probe_exhaust hop 60 0 60", privileged=privileged)
            expect.eventually(lambda h=handle: w.c.info(h).processes >= 20, "the processes fork", 20)
            with expect.within(10, "a stop or destroy"):
                if not destroy:
                    w.c.stop(handle, kill=True)
                    # Those that are dead count until process 1 has reaped them.
                    expect.eventually(lambda h=handle: w.c.info(h).processes == 1, "process 1 alone is left")
                w.c.destroy(handle)
        expect.eventually(lambda: bystanders.ended >= 50, "bystanders end")
    expect.equal(bystanders.signalled, 0, "processes of the host that a signal ended")
