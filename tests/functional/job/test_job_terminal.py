# SPDX-License-Identifier: Apache-2.0
"""Jobs on their own terminal, and limits of a job's time."""

import time

import expect
import warden
from case import case


class Typist:
    """A job on a terminal, and what it shows."""

    def __init__(self, w, handle, *argv, **fields):
        self.w, self.handle = w, handle
        argv = [a.encode() for a in argv]
        self.job = w.c.call(warden.SpawnRequest(handle=handle, argv=argv, terminal=True, **fields)).job_id
        self.seen = b""
        self.stream = None

    def type(self, text):
        """Types."""
        self.w.c.call(warden.JobInputRequest(handle=self.handle, job_id=self.job, data=text))

    def shows(self, text):
        """Waits until this was printed, since the last call."""
        if self.stream is None:
            self.stream = self.w.client().stream(self.handle, self.job)
        while text not in self.seen:
            self.seen += next(self.stream).data or b""
        self.seen = self.seen.split(text, 1)[1]


@case
def a_terminal_is_one_and_has_its_size(w):
    handle = w.create()
    script = "test -t 0 && test -t 1 && test -t 2 && stty size && echo err >&2 && echo own >/dev/tty; echo $TERM"
    argv = [b"sh", b"-c", script.encode()]
    seen = w.c.call(
        warden.RunRequest(handle=handle, argv=argv, terminal=True, rows=31, columns=97, env=[b"TERM=vt52"])
    )
    expect.equal((seen.exit_status, seen.stdout, seen.stderr), (0, b"31 97\r\nerr\r\nown\r\nvt52\r\n", b""))


@case
def keys_are_echoed_and_read(w):
    typist = Typist(w, w.create(), "sh", "-c", "echo ready; read a; echo got $a; exit 3")
    typist.shows(b"ready\r\n")
    typist.type(b"hello\n")
    typist.shows(b"hello\r\ngot hello\r\n")
    expect.equal([last.exit_status for last in typist.stream][-1], 3)


@case
def a_terminal_changes_its_size(w):
    typist = Typist(w, w.create(), "sh", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done")
    typist.shows(b"ready\r\n")
    w.c.call(warden.JobResizeRequest(handle=typist.handle, job_id=typist.job, rows=12, columns=34))
    typist.shows(b"12 34\r\n")


@case
def control_c_interrupts(w):
    script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.02; done"
    typist = Typist(w, w.create(), "sh", "-c", script, keep=True)  # its stream may get the end before the link
    typist.shows(b"ready\r\n")
    typist.type(b"\x03")
    seen = w.c.link(typist.handle, typist.job)
    expect.equal((seen.exit_status, seen.end.reason), (5, warden.Reason.EXITED))
    expect.contains(seen.stdout, b"caught")


@case
def a_terminal_continues_after_kill_9(w):
    script = "echo ready; read a; echo got $a; until stty size | grep '12 34'; do sleep 0.02; done"
    typist = Typist(w, w.create(), "sh", "-c", script)
    typist.shows(b"ready\r\n")
    w.disconnect()
    w.daemon.restart()
    w.c.call(warden.JobResizeRequest(handle=typist.handle, job_id=typist.job, rows=12, columns=34))
    typist.type(b"more\n")
    seen = w.c.link(typist.handle, typist.job)
    expect.equal((seen.exit_status, seen.stdout), (0, b"ready\r\nmore\r\ngot more\r\n12 34\r\n"))


# Limits on time.


@case
def a_job_that_takes_too_long_is_killed(w):
    handle = w.create()
    script = b"setsid sleep 1000 & sleep 1000"
    seen = w.c.call(warden.RunRequest(handle=handle, script=script, wall_time_us=300_000))
    expect.equal((seen.exit_status, seen.end.reason, seen.end.signal), (255, warden.Reason.WALL_TIME, 9))
    expect.between(seen.end.wall_us, 300_000, 20_000_000, "wall_us")


@case
def a_job_that_works_too_long_is_killed(w):
    handle = w.create()
    seen = w.c.call(warden.RunRequest(handle=handle, script=b"while :; do :; done", cpu_time_us=200_000))
    expect.equal((seen.exit_status, seen.end.reason, seen.end.signal), (255, warden.Reason.CPU_TIME, 9))
    expect.between(seen.end.user_us + seen.end.system_us, 195_000, 20_000_000, "cpu time")


@case
def cpu_time_is_that_of_all_processes_together(w):
    handle = w.create()
    script = b"""
    one='i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done'
    while :; do sh -c "$one" & setsid sh -c "$one" & wait; done"""
    seen = w.c.call(warden.RunRequest(handle=handle, script=script, cpu_time_us=500_000))
    expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.CPU_TIME))


@case
def limits_hold_while_no_daemon_runs(w):
    handle = w.create()
    spawn = warden.SpawnRequest(handle=handle, script=b"sleep 1000", wall_time_us=500_000)
    job = w.c.call(spawn).job_id
    w.disconnect()
    w.daemon.kill()
    time.sleep(0.6)  # the daemon must not be there when the limit is reached
    w.daemon.start()
    seen = w.c.link(handle, job)
    expect.equal(seen.end.reason, warden.Reason.WALL_TIME)
    expect.between(seen.end.wall_us, 500_000, 20_000_000, "wall_us")
