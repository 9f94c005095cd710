# SPDX-License-Identifier: Apache-2.0
"""Who may talk to the daemon: its socket's owner, the lists of users and groups, and the read-only class."""

import dataclasses
import os
import re
import socket

import expect
import warden
import wire
from case import case
from users import call_as
from warden.wire import Kind

ALICE, BOB, TEAM, GUESTS = 61001, 61002, 61101, 61102
OPEN = {"unix_domain_permissions": "0777"}
READ = ("info", "info_many", "list", "ping", "echo", "events", "status", "jobs", "net_list")


def _ask(path, request):
    """The answer to a request over a new connection, as a text."""
    try:
        with warden.Client(path, timeout=20 * expect.SLOWNESS, reconnect=0) as client:
            return repr(client.call(request))
    except (warden.WardenError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def _ping_as(w, uid, gid, groups=()):
    return call_as(uid, gid, list(groups), _ask, w.daemon.socket, warden.PingRequest())


@case(
    backend="linux",
    config={
        "server": {"unix_domain_owner": "daemon", "unix_domain_group": str(TEAM), "unix_domain_permissions": "0660"}
    },
)
def the_socket_has_the_owner_and_group_of_the_settings(w):
    seen = os.stat(w.daemon.socket)
    expect.equal((seen.st_uid, seen.st_gid, seen.st_mode & 0o777), (1, TEAM, 0o660))
    expect.contains(_ping_as(w, ALICE, GUESTS, [TEAM]), "PingResponse")
    expect.contains(_ping_as(w, ALICE, GUESTS), "PermissionError")


@case(backend="linux", config={"server": OPEN, "clients": {"users": [str(ALICE)], "groups": [str(TEAM)]}})
def only_listed_users_and_groups_may_talk(w):
    w.c.ping()
    expect.contains(_ping_as(w, ALICE, GUESTS), "PingResponse")
    expect.contains(_ping_as(w, BOB, TEAM), "PingResponse")
    expect.contains(_ping_as(w, BOB, GUESTS, [5, TEAM, 7]), "PingResponse")
    text = f"access denied: neither uid {BOB} nor a group of the client is in clients.users"
    expect.contains(_ping_as(w, BOB, GUESTS), text)
    expect.contains(w.daemon.log(), f"client (uid {BOB}): access denied")


def _hold(path, fields):
    """What becomes of an open connection while the settings change, and of the next one."""
    reader, writer = (int(fd) for fd in fields)
    with warden.Client(path, timeout=20 * expect.SLOWNESS, reconnect=0) as client:
        client.ping()
        os.write(writer, b"x")
        os.read(reader, 1)
        try:
            client.ping()
            seen = "it goes on"
        except OSError:
            seen = "it was closed"
    return f"{seen}; then {_ask(path, warden.CreateRequest(handle='h'))}"


def _over_a_reload(w, uid, clients):
    """The result of _hold for a client, and the log's lines."""
    (told, tell), (waits, go) = os.pipe(), os.pipe()
    log = []

    def reload():
        os.read(told, 1)
        log.append(w.daemon.reload({"clients": clients}))
        os.write(go, b"x")

    thread = w.in_thread(reload)
    seen = call_as(uid, GUESTS, [], _hold, w.daemon.socket, (waits, tell))
    thread.result()
    for fd in (told, tell, waits, go):
        os.close(fd)
    return seen, log[0]


@case(backend="linux", config={"server": OPEN, "clients": {"users": [str(ALICE), str(BOB)]}})
def a_reload_replaces_the_lists_for_open_connections_too(w):
    seen, log = _over_a_reload(w, ALICE, {"users": [str(BOB)], "groups": [str(TEAM)]})
    expect.contains(seen, f"it was closed; then WardenError: access denied: neither uid {ALICE} ")
    expect.contains(log, f'clients.users: ["{ALICE}", "{BOB}"] -> ["{BOB}"]\n')
    expect.contains(log, f'clients.groups: [] -> ["{TEAM}"]\n')
    expect.contains(log, "settings reloaded: 2 changed, 0 need a restart")
    expect.contains(w.daemon.log(), f"(uid {ALICE}): connection closed")
    expect.contains(_ping_as(w, ALICE, GUESTS, [TEAM]), "PingResponse")
    seen, _ = _over_a_reload(w, BOB, {"users": ["root"], "read_only_users": [str(BOB)]})
    expect.contains(seen, f"it was closed; then WardenError: access denied: uid {BOB} may only read")
    seen, _ = _over_a_reload(w, BOB, {"read_only_groups": [str(TEAM)]})
    expect.contains(seen, f"it goes on; then WardenError: access denied: uid {BOB} may only read")
    w.c.ping()


@case(backend="linux", config={"server": OPEN, "clients": {"users": [str(ALICE)]}}, daemon=False)
def a_passed_socket_keeps_others_out_as_well(w):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as listener:
        listener.bind(w.daemon.socket)
        os.chmod(w.daemon.socket, 0o777)
        listener.listen(64)
        w.daemon.passed_socket = listener
        w.daemon.start()
        expect.contains(_ping_as(w, ALICE, GUESTS), "PingResponse")
        expect.contains(_ping_as(w, BOB, GUESTS), "access denied")
        w.c.ping()


@case(backend="linux", config={"server": OPEN})
def without_lists_the_mode_decides_but_for_the_containers(w):
    expect.contains(_ping_as(w, BOB, GUESTS), "PingResponse")
    for uid in (w.range_start, w.range_start + 65536 * 9 + 10000, 10000):
        expect.contains(_ping_as(w, uid, GUESTS), f"access denied: uid {uid} belongs to the containers")


def _filled(kind, handle, job):
    """A message with every field set, those from 100 on as well."""
    values = {}
    for field in dataclasses.fields(kind):
        wire = field.metadata["wire"]
        if wire.kind is Kind.MESSAGE:
            value = _filled(wire.message, handle, job)
        elif wire.kind is Kind.ENUM:
            value = list(wire.enum)[0]
        else:
            value = {Kind.TEXT: "x", Kind.DATA: b"x", Kind.BOOL: True}.get(wire.kind, 1)
        values[field.name] = [value] if wire.repeated else value
    values.update({name: value for name, value in (("handle", handle), ("job_id", job)) if name in values})
    return kind(**values)


def _try_all(path, handle, job):
    """A line `NAME ANSWER` for every request."""
    lines = []
    for _, kind, _ in warden.TYPES:
        name = re.sub("(?<!^)([A-Z])", r"_\1", kind.__name__.removesuffix("Request")).lower()
        with warden.Client(path, timeout=20 * expect.SLOWNESS, reconnect=0) as client:
            client.send(_filled(kind, handle, job))
            client.settimeout(1 if name == "events" else 20 * expect.SLOWNESS)
            try:
                seen = type(client.receive()).__name__
            except TimeoutError:
                seen = "nothing happens"
            except warden.WardenError as error:
                seen = str(error)
        lines.append(f"{name} {seen}")
    return "\n".join(lines)


@case(
    backend="linux",
    config={"server": OPEN, "clients": {"read_only_users": [str(ALICE)], "read_only_groups": [str(TEAM)]}},
)
def a_read_only_client_is_refused_everything_else(w):
    handle = w.create(handle="h")
    job = w.c.spawn(handle, "sleep 1000")
    before = w.c.info(handle)
    seen = call_as(ALICE, GUESTS, [], _try_all, w.daemon.socket, handle, job).splitlines()
    answers = dict(line.split(" ", 1) for line in seen)
    expect.equal(sorted(name for name in answers if "access denied" not in answers[name]), sorted(READ))
    for name in set(answers) - set(READ):
        text = f"access denied: uid {ALICE} may only read; clients.users or clients.groups of the daemon's settings"
        expect.equal(answers[name], f"{text} allows {name}")
    after = w.c.info(handle)
    expect.equal((after.state, after.job_ids, w.c.list()), (before.state, before.job_ids, [handle]))
    destroy = warden.DestroyRequest(handle=handle)
    expect.contains(call_as(BOB, TEAM, [], _ask, w.daemon.socket, destroy), "access denied")
    w.c.stop(handle, kill=True)


@case(backend="linux", config={"server": OPEN, "clients": {"read_only_users": [str(ALICE)]}})
def a_read_only_client_does_not_keep_a_container(w):
    reader, writer = os.pipe()
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.setresuid(ALICE, ALICE, ALICE)
        with warden.Client(w.daemon.socket, timeout=20) as watcher:
            watcher.ping()
            os.write(told, b"x")
            os.read(reader, 1)
            os._exit(0)
    os.read(ready, 1)
    client = w.client()
    handle = w.create(client, grace_time=1)
    expect.contains(call_as(ALICE, GUESTS, [], _ask, w.daemon.socket, warden.InfoRequest(handle=handle)), "active")
    client.close()
    expect.eventually(lambda: not set(w.entries()) - {"tmp"}, "the end of the grace time")
    os.close(writer)
    os.waitpid(pid, 0)


@case(backend="linux", config={"server": OPEN, "clients": {"connection_limit": 5, "buffer_limit": 1 << 20}})
def the_bounds_of_a_user_do_not_affect_others(w):
    seen = call_as(ALICE, GUESTS, [], _use_up, w.daemon.socket)
    expect.contains(seen, f"too many connections: uid {ALICE} has 5, more than clients.connection_limit allows")
    expect.contains(seen, f"too many bytes: requests and unread answers of uid {ALICE} take ")
    w.c.ping()


def _use_up(path):
    """What a user gets that has too many connections and too many bytes of half frames."""
    texts = []
    connections = [wire.Raw(path) for _ in range(5)]
    with wire.Raw(path) as one_more:
        texts.append(str(one_more.answer()))
    for connection in connections:
        try:
            connection.send(b"67108864\r\n" + bytes(1 << 19))
        except OSError:
            pass  # refused in the middle of it
    for connection in connections:
        connection.socket.settimeout(0.5)
        try:
            texts.append(str(connection.answer()))
        except OSError:
            pass  # its half frame is waited for
    return "\n".join(texts)
