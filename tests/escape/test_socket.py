# SPDX-License-Identifier: Apache-2.0
"""The daemon's socket, bound into a container with a mode that lets everybody in, must not work from inside."""

import expect
import warden
from case import case

OPEN = {"server": {"unix_domain_permissions": "0777"}}


def _talk(w, handle, request, privileged):
    """What the daemon answers to a request from inside: an answer, a WardenError, or None."""
    script = f"probe_socket /daemon.sock {warden.encode_frame(request).hex()}"
    seen = bytes.fromhex(w.run(handle, script, privileged=privileged))
    frames = warden.FrameReader()
    frames.feed(seen)
    payload = frames.next()
    return warden.decode_response(payload) if payload else None


@case(backend="linux", config=OPEN)
def a_socket_inside_a_container_answers_nothing_but_a_refusal(w):
    """Requests over the daemon's socket, bound into the container with mode 0777"""
    victim = w.create(handle="victim")
    inside = w.create(bind_mounts=[(w.daemon.socket, "/daemon.sock", "rw")])
    for privileged in (False, True):
        for request in (warden.ListRequest(), warden.PingRequest(), warden.DestroyRequest(handle=victim)):
            seen = _talk(w, inside, request, privileged)
            expect.true(isinstance(seen, warden.WardenError), "an error", repr(seen))
            expect.matches(str(seen), r"access denied: uid \d+ belongs to the containers .*")
    expect.equal(sorted(w.c.list()), sorted([victim, inside]))


@case(backend="linux", config=OPEN, daemon=False)
def a_list_does_not_let_a_container_in(w):
    """The same, while the settings list the container's user as a client"""
    first = w.range_start
    w.daemon.settings["clients"] = {"users": [str(first + slot * 65536) for slot in range(16)]}
    w.daemon.start()
    inside = w.create(bind_mounts=[(w.daemon.socket, "/daemon.sock", "rw")])
    seen = _talk(w, inside, warden.ListRequest(), True)
    expect.matches(str(seen), r"access denied: uid \d+ belongs to the containers .*")
    w.c.ping()
