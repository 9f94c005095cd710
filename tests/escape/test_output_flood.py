# SPDX-License-Identifier: Apache-2.0
"""Jobs that write without end: what they take on the host's disk, in the daemon's log and of the daemon's memory is
bounded, and the answer says why a job ended."""

import os
import socket

import expect
import kernel
import warden
from case import case

LIMIT, SLACK, MIB = 1 << 20, 256 << 10, 1 << 20
SMALL = {"server": {"job_output_limit": LIMIT}}
EXCEEDED = "command exceeded maximum output"
FLOODS = {
    "without a newline": "exec cat /dev/zero",
    "to both streams": "cat /dev/zero & exec cat /dev/zero >&2",
    "of a process that left the session": "setsid sh -c 'trap \"\" TERM HUP; cat /dev/zero' & sleep 1000",
    "of many processes": "for i in $(seq 50); do yes & done; exec sleep 1000",
    "of control characters": "exec yes \"$(printf '\\033[2J\\r\\007')\"",
}


def _stored(w, handle):
    """Bytes on the disk of the host of all that is stored about a container's jobs."""
    top = w.path_of(handle)
    files = [os.path.join(where, name) for where, _, names in os.walk(f"{top}/jobs") for name in names]
    files += [f"{top}/{name}" for name in os.listdir(top)]
    return sum(os.lstat(path).st_blocks * 512 for path in files if not os.path.isdir(path))


@case(backend="linux", config=SMALL, limit=120)
def a_flood_of_output_is_bounded_on_the_hosts_disk(w):
    """Log flood: output without an end, a newline or a reader, by processes that leave the session and ignore signals."""
    other = w.create()
    memory = kernel.resident(w.daemon.pid)
    for privileged in (False, True):
        for kind, script in FLOODS.items():
            handle = w.create()
            with expect.within(20, f"a flood {kind}"):
                job = w.c.spawn(handle, script, privileged=privileged)
                expect.eventually(lambda: not w.c.info(handle).job_ids, f"the job of a flood {kind} ends", 20)
            expect.between(_stored(w, handle), LIMIT, LIMIT + SLACK, f"bytes on disk of a flood {kind}")
            seen = w.c.link(handle, job)
            expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.OUTPUT), kind)
            expect.equal(seen.info.events, [EXCEEDED], kind)
            expect.between(len(seen.stdout) + len(seen.stderr), LIMIT, LIMIT + 65536, kind)
            expect.eventually(lambda: w.c.info(handle).processes == 1, "no process of it is left", 20)
            expect.equal(w.run(other, "echo fine"), "fine\n")
            w.c.destroy(handle)
    grown = kernel.resident(w.daemon.pid) - memory
    expect.true(grown < 16 * MIB, "the daemon's memory stays", f"{grown} bytes more")
    # The control: a client that asks for more has more on its disk.
    handle = w.create()
    w.c.spawn(handle, "exec cat /dev/zero", output_limit=4 * LIMIT)
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the job ends", 20)
    expect.between(_stored(w, handle), 4 * LIMIT, 4 * LIMIT + SLACK, "bytes on disk")


@case(backend="linux", config=SMALL)
def a_flood_that_is_dropped_takes_no_room(w):
    """The same where the client wants the end of it, or nothing: the job goes on, its file has holes."""
    for privileged in (False, True):
        for fields in (
            {"output_policy": warden.OutputPolicy.TAIL},
            {"output_policy": warden.OutputPolicy.HEAD_TAIL},
            {"discard_output": True},
        ):
            handle = w.create()
            request = warden.SpawnRequest(
                handle=handle, script=b"head -c 30000000 /dev/zero; touch /tmp/done; sleep 1000", privileged=privileged, **fields
            )
            w.c.call(request)
            most = [0]

            def written(handle=handle, most=most):
                most[0] = max(most[0], _stored(w, handle))
                return os.path.exists(f"/proc/{w.init_of(handle)}/root/tmp/done")

            expect.eventually(written, "30 MB are written", 20)
            expect.true(most[0] <= 2 * LIMIT + MIB, "bytes on disk", most)
            w.c.destroy(handle)


@case(backend="linux", daemon=False)
def a_flood_of_lines_for_a_syslog_that_does_not_read_is_no_flood_of_the_log(w):
    """A log_tag sends each line to syslog; if that is full, the daemon's own log says so and not for each line."""
    path = f"{w.directory}/log.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(path)
        w.daemon.settings["server"]["syslog_socket"] = path
        w.daemon.start()
        for privileged in (False, True):
            handle = w.create()
            before = len(w.daemon.log())
            request = warden.RunRequest(
                handle=handle, script=b"timeout 2 yes 'a line'; true", log_tag="flood", discard_output=True, privileged=privileged
            )
            expect.equal(w.c.call(request).exit_status, 0)
            said = w.daemon.log()[before:]
            expect.contains(said, "syslog does not take its lines")
            expect.true(len(said) < 32768, "the daemon's log", f"{len(said)} bytes")
