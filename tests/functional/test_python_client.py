# SPDX-License-Identifier: Apache-2.0
"""contrib/python/warden.py: what it encodes, decodes, raises and refuses."""

import contextlib
import os
import socket
import threading

import warden
from case import case
import expect
import wire


def _serve(w, answer):
    """A server of one connection that answers any frame with these bytes."""
    path = f"{w.directory}/server.sock"
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(answer)
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    return warden.Client(path, timeout=5)


def _raises(kind, call, *args):
    try:
        seen = call(*args)
    except kind as error:
        return error
    return expect.fail(f"{kind.__name__}", f"the answer {seen!r}")


@case(backend="fake", daemon=False)
def messages_encode_as_protobuf_does(w):
    for message, encoded in (
        (warden.PingRequest(), ""),
        (warden.EchoRequest(message=b"hi"), "0a026869"),
        (warden.LinkRequest(handle="h", job_id=300), "0a016810ac02"),
        (warden.StopRequest(handle="h", background=True, kill=False), "0a01685001a00100"),
        (warden.NetOutRequest(handle="h", icmp_type=-1), "0a016830ffffffffffffffffff01"),
        (warden.ResourceLimits(as_=1, stack=2**64 - 1), "080178ffffffffffffffffff01"),
        (
            warden.CreateRequest(bind_mounts=[warden.BindMount(src_path="/a", dst_path="/b", mode=1)], handle="h"),
            "0a0a0a022f6112022f6218011a0168",
        ),
        (warden.InfoResponse(job_ids=[1, 128]), "e00201e0028001"),
        (warden.LimitDiskRequest(handle="h", byte=1), "f801010a0168"),
    ):
        expect.equal(message.encode().hex(), encoded, repr(message))
        expect.equal(type(message).decode(bytes.fromhex(encoded)), message)


@case(backend="fake", daemon=False)
def unknown_fields_of_every_wire_type_are_skipped(w):
    known = b"\x0a\x01h"
    unknown = b"\xa0\x06\x01" + b"\xa1\x06" + b"x" * 8 + b"\xa2\x06\x01x" + b"\xa5\x06" + b"x" * 4
    expect.equal(warden.CreateResponse.decode(unknown + known + unknown), warden.CreateResponse(handle="h"))


@case(backend="fake", daemon=False)
def damaged_messages_are_refused(w):
    for data in (b"\x0a", b"\x0a\x05h", b"\xff" * 11, b"\x08\x01", b"\x0b", b"\x09abc", b"\x0d1"):
        _raises(warden.ProtocolError, warden.CreateResponse.decode, data)


@case(backend="fake", daemon=False)
def a_frame_reader_takes_any_pieces(w):
    reader = warden.FrameReader()
    data = wire.frame(b"one") + wire.frame(b"") + wire.frame(b"\r\n" * 5)
    seen = []
    for byte in data:
        reader.feed(bytes([byte]))
        while (payload := reader.next()) is not None:
            seen.append(payload)
    expect.equal(seen, [b"one", b"", b"\r\n" * 5])


@case(backend="fake", daemon=False)
def frames_that_are_none_are_refused(w):
    for data in (b"x\r\n", b"-1\r\n", b"\r\n", b"1" * 32, b"99999999999\r\n", b"1\r\nxyz"):
        reader = warden.FrameReader()
        reader.feed(data)
        _raises(warden.ProtocolError, reader.next)


@case(backend="fake", daemon=False)
def an_answer_of_another_type_is_refused(w):
    pong = warden.Envelope(type=91, payload=b"").encode()
    _raises(warden.ProtocolError, _serve(w, wire.frame(pong)).list)
    strange = warden.Envelope(type=77, payload=b"").encode()
    _raises(warden.ProtocolError, _serve(w, wire.frame(strange)).list)


@case(backend="fake", daemon=False)
def a_server_that_goes_or_is_silent_is_told(w):
    _raises(ConnectionError, _serve(w, b"10\r\nabc").ping)
    client = _serve(w, b"")
    client.close()
    _raises(FileNotFoundError, warden.Client, f"{w.directory}/nowhere")


@case
def an_error_has_the_daemons_text(w):
    error = _raises(warden.WardenError, w.c.info, "nobody")
    expect.equal((str(error), error.message), ("unknown handle", "unknown handle"))


@case
def every_method_speaks_to_the_daemon(w):
    with warden.Client(w.daemon.socket, timeout=20) as client:
        client.ping()
        expect.equal(client.echo("text"), b"text")
        handle = client.create(handle="h", grace_time=-1, bind_mounts=[])
        expect.equal(client.list(), ["h"])
        job = client.spawn(handle, "echo out; echo err >&2; exit 3", rlimits={"nofile": 100})
        pieces = list(client.stream(handle, job))
        expect.equal(pieces[-1].exit_status, 3)
        expect.equal(client.run(handle, b"exit 4", rlimits=warden.ResourceLimits(nofile=50)).exit_status, 4)
        expect.equal(client.link(handle, client.spawn(handle, "exit 5")).exit_status, 5)
        expect.equal(client.info(handle).state, "active")
        client.stop(handle, kill=True)
        client.destroy(handle)
        expect.equal(client.list(), [])


@case
def the_socket_may_be_in_the_environment(w):
    os.environ["WARDEN_SOCKET"] = w.daemon.socket
    with warden.Client(timeout=5) as client:
        client.ping()


@case
def a_timeout_is_raised(w):
    handle = w.create()
    client = warden.Client(w.daemon.socket, timeout=0.2)
    _raises(TimeoutError, client.run, handle, "sleep 5")
    client.close()
