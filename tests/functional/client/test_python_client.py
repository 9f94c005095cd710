# SPDX-License-Identifier: Apache-2.0
"""contrib/python/warden: encoding, decoding, exceptions, and refused values."""

import asyncio
import contextlib
import dataclasses
import enum
import glob
import inspect
import io
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading

import warden
from case import Skip, case
import expect
import wire


def _serve(w, answer):
    """A server that accepts one connection and answers any frame with these bytes."""
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
        (warden.LimitDiskRequest(handle="h", byte=1), "0a0168f80101"),
    ):
        expect.equal(message.encode().hex(), encoded, repr(message))
        expect.equal(type(message).decode(bytes.fromhex(encoded)), message)


@case(backend="fake")
def values_that_cannot_be_encoded_are_refused(w):
    for error, text, call in (
        (ValueError, "ttl: -1 is out of range", lambda: w.c.create(ttl=-1)),
        (ValueError, "ttl: 4294967296 is out of range", lambda: w.c.create(ttl=1 << 32)),
        (ValueError, "tmpfs_bytes: -1 is out of range", lambda: w.c.create(tmpfs_bytes=-1)),
        (ValueError, "timeout: -1 is no number", lambda: w.c.run("h", "x", timeout=-1)),
        (ValueError, "cpu_time: nan is no number", lambda: w.c.run("h", "x", cpu_time=float("nan"))),
        (TypeError, "argv must be a list, not 'ls'", lambda: w.c.run("h", argv="ls")),
        (TypeError, "env must be a list, not 'A=1'", lambda: w.c.create(env="A=1")),
        (TypeError, "ttl: 0.5 is no whole number", lambda: w.c.create(ttl=0.5)),
        (TypeError, "ttl: '5' is no whole number", lambda: w.c.create(ttl="5")),
        (ValueError, "nice: 4294967296 is out of range", lambda: w.c.run("h", "x", nice=1 << 32)),
        (TypeError, "timeout and wall_time_us are the same", lambda: w.c.run("h", "x", timeout=1, wall_time_us=1)),
        (ValueError, "mode: 'readonly' is none of ro, rw", lambda: w.c.create(bind_mounts=[("/a", "/b", "readonly")])),
        (ValueError, "protocol: 'icmp' is none of tcp, udp", lambda: w.c.net_in("h", protocol="icmp")),
        (
            TypeError,
            "protocol: 'tcp' is no NetOutRequest.Protocol",
            lambda: w.c.net_remove("h", out=[warden.NetOutRequest(handle="", protocol="tcp")]),
        ),
    ):
        expect.contains(str(_raises(error, call)), text)
    unlimited = (warden.job(argv=["true"], rlimits={"core": -1}).rlimits, warden.ResourceLimits(core=2**64 - 1))
    expect.equal(*unlimited)


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
def invalid_frames_are_refused(w):
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
def a_server_that_closes_or_does_not_answer_is_reported(w):
    _raises(ConnectionError, _serve(w, b"10\r\nabc").ping)
    client = _serve(w, b"")
    client.close()
    _raises(FileNotFoundError, warden.Client, f"{w.directory}/nowhere")


@case
def an_error_has_the_daemons_text(w):
    error = _raises(warden.WardenError, w.c.info, "nobody")
    expect.equal((str(error), error.message), ("unknown handle", "unknown handle"))


@case
def every_method_sends_its_request(w):
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


# Methods of what is not the original's, for both clients.


@case
def a_job_has_all_its_options(w):
    with warden.Client(w.daemon.socket, timeout=20) as client:
        handle = client.create(env={"A": "1"}, properties={"k": "v"})
        expect.equal((client.list(properties={"k": "v"}), client.list(properties={"k": "x"})), ([handle], []))
        seen = client.run(handle, argv=["sh", "-c", "echo $A$B"], env={"B": "2"})
        expect.equal((seen.stdout, seen.end.reason), (b"12\n", warden.Reason.EXITED))
        job = client.spawn(handle, argv=["cat"], stdin=True, keep=True)
        client.job_input(handle, job, "one ")
        client.job_input(handle, job, b"two", end=True)
        pieces = b"".join(piece.data or b"" for piece in client.attach(handle, job))
        expect.equal(pieces, b"one two")
        (seen,) = client.jobs(handle)
        expect.equal((seen.job_id, seen.running, seen.kept), (job, False, True))
        client.collect(handle, job)
        expect.equal(client.jobs(handle), [])
        expect.equal(client.status().backend, w.backend)
        first, second = client.spawn_pair(
            handle, warden.job(argv=["echo", "hi"]), warden.job(argv=["sh", "-c", "read x; echo $x >&2"], keep=True)
        )
        expect.equal(client.link(handle, second).stderr, b"hi\n")
        job = client.spawn(handle, "sleep 100")
        client.job_signal(handle, job, 9)
        expect.equal(client.link(handle, job).end.signal, 9)


@case
def files_are_read_and_written(w):
    with warden.Client(w.daemon.socket, timeout=20) as client, client.container() as handle:
        client.file_write(handle, "/tmp/x" if w.linux else "x", "hello", mode=0o600)
        expect.equal(client.file_read(handle, "/tmp/x" if w.linux else "x", offset=1, length=3), b"ell")
        (entry,) = client.file_list(handle, "/tmp/x" if w.linux else "x")
        expect.equal((entry.name, entry.size, entry.mode & 0o777), ("x", 5, 0o600))
        client.file_remove(handle, "/tmp/x" if w.linux else "x")
    expect.equal(w.c.list(), [])


@case
def tars_are_packed_and_unpacked(w):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = 2_000_000
        tar.addfile(entry, io.BytesIO(b"x" * entry.size))

    async def through_asyncio(handle):
        async with warden.AsyncClient(w.daemon.socket) as client:
            await client.tar_in(handle, "second", data.getvalue())
            return b"".join([piece async for piece in client.tar_out(handle, "second/")])

    with warden.Client(w.daemon.socket, timeout=20) as client, client.container() as handle:
        client.tar_in(handle, "first", [data.getvalue()[:1000], data.getvalue()[1000:]])
        for seen in (b"".join(client.tar_out(handle, "first/")), asyncio.run(through_asyncio(handle))):
            with tarfile.open(fileobj=io.BytesIO(seen)) as tar:
                sizes = [entry.size for entry in tar if entry.isfile()]
            expect.equal(sizes, [2_000_000])


@case
def changes_of_files_are_a_stream(w):
    with warden.Client(w.daemon.socket, timeout=20) as client, client.container() as handle:
        changes = client.file_watch(handle, "/home/vcap" if w.linux else ".")
        expect.equal(next(changes).change, warden.Change.WATCHING)
        w.c.file_write(handle, "new", "content")
        expect.true(any(change.name == "new" for change in changes), "a change of new")


@case
def a_container_is_destroyed_at_the_end_of_its_block(w):
    def fail():
        with w.client().container(handle="h") as handle:
            w.note_ids()
            expect.equal(handle, "h")
            raise KeyError("of the block")

    _raises(KeyError, fail)
    expect.equal(w.c.list(), [])


@case
def leaving_a_stream_early_closes_the_client(w):
    handle = w.create()
    client = warden.Client(w.daemon.socket, timeout=5)
    job = client.spawn(handle, "echo x; sleep 100")
    for _ in client.stream(handle, job):
        break
    expect.equal(client.fileno(), -1)
    w.c.stop(handle, kill=True)


@case
def events_are_a_stream(w):
    with warden.Client(w.daemon.socket, timeout=20) as client:
        events = client.events()
        expect.equal(next(events).kind, warden.EventKind.SUBSCRIBED)
        handle = w.create()
        w.c.run(handle, "exit 3")
        seen = [next(events) for _ in range(3)]
        kinds = [warden.EventKind.CREATED, warden.EventKind.JOB_STARTED, warden.EventKind.JOB_ENDED]
        expect.equal([(event.kind, event.handle) for event in seen], [(kind, handle) for kind in kinds])
        expect.equal((seen[2].exit_status, seen[2].reason), (3, warden.Reason.EXITED))


@case
def events_go_on_over_a_restart(w):
    seen, seen_async, heard = [], [], threading.Event()

    def follow():
        with warden.Client(w.daemon.socket, timeout=30) as client:
            for event in client.events():
                seen.append(event.kind)
                if event.kind == warden.EventKind.JOB_ENDED:
                    return

    async def follow_async():
        async with warden.AsyncClient(w.daemon.socket, timeout=30) as client:
            async for event in client.events():
                seen_async.append(event.kind)
                heard.set()
                if event.kind == warden.EventKind.JOB_ENDED:
                    return

    threads = [w.in_thread(follow), w.in_thread(asyncio.run, follow_async())]
    expect.eventually(lambda: seen and heard.is_set(), "both are subscribed")
    handle = w.create(grace_time=-1)
    expect.eventually(lambda: len(seen) == len(seen_async) == 2, "the container's event")
    w.disconnect()
    w.daemon.restart()
    w.c.run(handle, "exit 3")
    for thread in threads:
        thread.result(30)
    kinds = [warden.EventKind[name] for name in ("SUBSCRIBED", "CREATED", "MISSED", "JOB_STARTED", "JOB_ENDED")]
    reachable = (warden.EventKind.UNREACHABLE, warden.EventKind.REACHABLE)
    for found in (seen, seen_async):
        expect.equal([kind for kind in found if kind not in reachable], kinds)


@case
def a_watch_that_a_restart_ends_says_that_it_may_be_repeated(w):
    handle = w.create(grace_time=-1)
    with warden.Client(w.daemon.socket, timeout=20) as client:
        changes = client.file_watch(handle, "/home/vcap" if w.linux else ".")
        expect.equal(next(changes).change, warden.Change.WATCHING)
        w.disconnect()
        w.daemon.restart()
        error = _raises(ConnectionError, next, changes)
        lost = "file_watch: the connection to the daemon was lost while it ran; it may be repeated"
        expect.equal(str(error), lost)


@case(daemon=False, backend="fake")
def both_clients_have_the_same_methods(w):
    own = {"send", "receive", "fileno", "settimeout", "connect"}
    names = [{n for n in dir(kind) if n[0] != "_"} - own for kind in (warden.Client, warden.AsyncClient)]
    expect.equal(names[0], names[1])
    for _, request, _ in warden.TYPES:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in request.__name__)[1:].removesuffix("_request")
        if name != "tar_data":
            expect.true(hasattr(warden.Client, name), f"Client.{name}")
            expect.true(getattr(warden.Client, name).__doc__, f"a docstring of Client.{name}")


def _declared(w):
    """Paths of messages, enums, their fields and values in the proto: `JobEnd`, `JobEnd.Reason.EXITED`."""
    path = []
    with open(f"{w.build.source}/proto/warden.proto", encoding="utf-8") as proto:
        for line in map(str.strip, proto):
            if opened := re.match(r"(?:message|enum) (\w+) {", line):
                path.append(opened[1])
                yield ".".join(path)
            elif member := re.match(r"(?:\w+ [\w.]+ )?(\w+) = \d+", line):
                yield ".".join([*path, member[1]])
            elif line == "}":
                path.pop()


@case(daemon=False, backend="fake")
def every_name_is_the_protocols(w):
    names = list(_declared(w))
    expect.true(len(names) > 400, "names in the proto", len(names))
    for name in names:
        seen = warden
        for part in name.split("."):
            part = {"Message": "Envelope", "in": "in_", "as": "as_"}.get(part, part)
            members = {field.name for field in dataclasses.fields(seen)} if dataclasses.is_dataclass(seen) else set()
            expect.true(part in members or hasattr(seen, part), f"{name} in the client")
            seen = None if part in members else getattr(seen, part)
        if inspect.isclass(seen) and not dataclasses.is_dataclass(seen):
            expect.true(issubclass(seen, enum.IntEnum), f"{name} is an enum")
    expect.equal([kind for kind, _, _ in warden.TYPES], [kind for kind in warden.Envelope.Type if kind.name != "Error"])
    # The short names are the same types.
    expect.equal((warden.BindMode, warden.EventKind), (warden.CreateRequest.BindMount.Mode, warden.EventsResponse.Kind))


@case(daemon=False, backend="fake")
def methods_take_each_field_by_its_name(w):
    for client in (warden.Client, warden.AsyncClient):
        for kind, request, _ in warden.TYPES:
            if kind.name == "TarData":
                continue  # tar_in sends it
            method = getattr(client, re.sub(r"(?<!^)([A-Z])", r"_\1", kind.name).lower())
            fields = {field.name for field in dataclasses.fields(request)}
            missing = fields - set(inspect.signature(method).parameters)
            # With `progress` the answers are many, so copy_in_progress and copy_out_progress are methods of their own.
            expect.equal(missing - {"progress"}, set(), kind.name)
        expect.equal(client.copy_in_telling, client.copy_in_progress)
        expect.equal(client.copy_out_telling, client.copy_out_progress)


@case
def fields_that_the_protocol_names_work_by_its_names(w):
    with warden.Client(w.daemon.socket, timeout=20) as client, client.container() as handle:
        seen = client.run(handle, "sleep 100", wall_time_us=100_000)
        expect.equal(seen.end.reason, warden.JobEnd.Reason.WALL_TIME)
        job = client.spawn(handle, "printf 123456; sleep 100", keep=True, cpu_time_us=10_000_000)
        expect.equal(next(client.attach(handle, job, stdout_offset=4)).data, b"56")
    with warden.Client(w.daemon.socket, timeout=20) as client, client.container() as handle:
        job = client.spawn(handle, argv=["sh", "-c", "printf 123456"], output_policy="tail", output_limit=4)
        pieces = list(client.stream(handle, job, stdout_offset=4))
        expect.equal((pieces[0].data, pieces[-1].exit_status), (b"56", 0))
        expect.equal(client.job_input(handle, client.spawn(handle, argv=["cat"], stdin=True), "x", end=True), None)


@case
def the_asyncio_client_works_alike(w):
    async def life():
        async with warden.AsyncClient(w.daemon.socket, timeout=20) as client:
            await client.ping()
            handle = await client.create(handle="h")
            expect.equal(await client.list(), ["h"])
            job = await client.spawn(handle, "echo out; exit 3")
            pieces = [piece async for piece in client.stream(handle, job)]
            expect.equal((pieces[0].data, pieces[-1].exit_status), (b"out\n", 3))
            # Requests of several tasks on one connection keep to their order.
            seen = await asyncio.gather(*(client.run(handle, f"echo {i}") for i in range(5)))
            expect.equal([answer.stdout for answer in seen], [b"%d\n" % i for i in range(5)])
            try:
                await client.info("nobody")
                expect.fail("an error", "none")
            except warden.WardenError as error:
                expect.equal(str(error), "unknown handle")
            await client.destroy(handle)
            async with client.container() as handle:
                expect.equal((await client.info(handle)).state, "active")
            expect.equal(await client.list(), [])

    asyncio.run(life())


@case
def a_cancelled_call_closes_the_connection(w):
    handle = w.create()

    async def cancel():
        client = await warden.AsyncClient(w.daemon.socket).connect()
        try:
            await asyncio.wait_for(client.run(handle, "sleep 100"), 0.1)
            expect.fail("a time-out", "none")
        except asyncio.TimeoutError:
            pass
        try:
            await client.ping()
            expect.fail("an error", "none")
        except ConnectionError:
            pass

    asyncio.run(cancel())
    w.c.stop(handle, kill=True)


@case(daemon=False, backend="fake")
def types_are_checked(w):
    if not shutil.which("mypy"):
        raise Skip("needs mypy")
    python = f"{w.build.source}/contrib/python"
    seen = subprocess.run(
        ["mypy", "--strict", "--cache-dir=/dev/null", f"{python}/warden", *glob.glob(f"{python}/examples/*.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    expect.equal(seen.returncode, 0, seen.stdout)


@case(daemon=False, backend="fake")
def the_message_classes_are_those_of_the_proto(w):
    seen = subprocess.run(
        [f"{w.build.source}/scripts/generate-python", "--check"], capture_output=True, text=True, check=False
    )
    expect.equal(seen.returncode, 0, seen.stderr)


@case(daemon=False, backend="fake")
def a_value_that_a_newer_daemon_added_to_an_enum_stays_a_number(w):
    expect.equal(warden.JobEnd.decode(bytes.fromhex("0801")).reason, warden.Reason.EXITED)
    expect.equal(warden.JobEnd.decode(bytes.fromhex("0863")).reason, 99)
