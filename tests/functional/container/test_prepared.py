# SPDX-License-Identifier: Apache-2.0
"""Prepared containers (server.prepared): a create is given one that is as if it was made for it, and nobody sees those
that wait."""

import json
import contextlib
import os
import re
import shutil
import signal
import threading

import expect
import kernel
import users
import warden
import web
from case import case

PREPARED = {"server": {"prepared": 2}}


def _figures(w):
    """How many are ready, and how many creates were given one and found none."""
    (value,) = [fact.value for fact in w.c.call(warden.StatusRequest()).facts if fact.name == "prepared containers"]
    return tuple(map(int, re.fullmatch(r"(\d+) ready, (\d+) creates were given one, (\d+) found none", value).groups()))


def _ready(w, n=2):
    expect.eventually(lambda: _figures(w)[0] == n, f"{n} prepared containers", 20)


def _given(w):
    return _figures(w)[1]


def _waiting(w):
    """The ids of those that wait or are made."""
    return set(os.listdir(f"{w.daemon.depot}/tmp"))


def _init_of_waiting(w, id_):
    with open(f"{w.daemon.depot}/tmp/{id_}/run/wshd.pid", encoding="utf-8") as file:
        return int(file.read())


def _create_at_once(w, n):
    """Creates by n clients at once; returns the handles and the errors."""
    handles, errors = [], []

    def create(client):
        try:
            handles.append(client.create())
        except warden.WardenError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=create, args=(w.client(),)) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return handles, errors


@case(module=False, config=PREPARED)
def a_create_is_given_one_and_another_is_made(w):
    for n in range(1, 4):
        _ready(w)
        handle = w.create()
        expect.equal(_given(w), n)
        expect.equal(w.run(handle, "echo runs"), "runs\n")
    expect.equal(len(w.c.list()), 3)


@case(module=False, config=PREPARED)
def lives_follow_each_other(w):
    """With no pause: some creates find one, and what is removed is that of the one that was destroyed."""
    for n in range(40):
        handle = w.create()
        expect.equal(w.run(handle, f"echo {n}"), f"{n}\n")
        w.c.destroy(handle)
    expect.true(_given(w) > 0, "creates that were given one")


@case(module=False, config=PREPARED)
def nobody_sees_those_that_wait(w):
    _ready(w)
    expect.equal(w.c.list(), [])
    waiting = os.listdir(f"{w.daemon.depot}/tmp")
    expect.equal((w.entries(), len(waiting)), (["tmp"], 2))
    for handle in waiting:
        expect.error_like("unknown handle", w.c.info, handle)
        expect.error_like("unknown handle", w.c.destroy, handle)
    w.create(handle=waiting[0])
    expect.equal(w.c.list(), [waiting[0]])


@case(module=False, config=PREPARED)
def a_handle_that_is_the_id_of_one_that_waits_stays_with_its_container(w):
    _ready(w)
    last = max(os.listdir(f"{w.daemon.depot}/tmp"))
    w.create(handle=last)
    other = w.create()
    expect.true(other != last, "two handles", other)
    expect.equal(w.c.list(), [last, other])


@case(module=False, config=PREPARED)
def it_has_what_the_request_asks_for(w):
    _ready(w)
    handle = w.create(
        handle="asked", env=["A=1"], properties={"owner": "ci"}, ttl=3600, hostname="named.example", hosts=["192.0.2.7 db"],
        dns_servers=["192.0.2.53"], grace_time=77, limits=warden.Limits(processes=50),
    )
    expect.equal(_given(w), 1)
    info = w.c.info(handle)
    expect.equal((info.hostname, info.env, [(p.key, p.value) for p in info.properties]),
                 ("named.example", ["A=1"], [("owner", "ci")]))
    expect.equal(w.run(handle, "echo $A"), "1\n")
    expect.true(3590 < info.ttl_left <= 3600, f"about an hour, not {info.ttl_left}")
    expect.equal(info.container_path, f"{w.daemon.depot}/{os.path.basename(info.container_path)}")
    with open(f"{info.container_path}/snapshot.json", encoding="utf-8") as file:
        expect.equal(json.load(file)["state"], "active")


@case(backend="linux", config=PREPARED)
def its_names_are_inside(w):
    _ready(w)
    handle = w.create(handle="web", hosts=["192.0.2.7 db"], dns_servers=["192.0.2.53"])
    expect.equal(_given(w), 1)
    expect.equal(w.run(handle, "cat /etc/hostname /etc/resolv.conf; hostname"), "web\nnameserver 192.0.2.53\nweb\n")
    info = w.c.info(handle)
    expect.equal(
        w.run(handle, "cat /etc/hosts"),
        f"127.0.0.1 localhost\n{info.container_ip} web {os.path.basename(info.container_path)}\n192.0.2.7 db\n",
    )
    expect.lacks(w.daemon.log(), "made anew")
    expect.equal(w.run(handle, "stat -c '%u %a' /etc/hosts /etc/hostname /etc/resolv.conf"), "0 644\n" * 3)


@case(module=False, config=PREPARED)
def it_lives_on_when_the_daemon_is_killed_and_those_that_wait_are_removed(w):
    _ready(w)
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, "sleep 1; echo lives")
    _ready(w)
    w.daemon.kill()
    w.disconnect()
    w.daemon.start()
    expect.equal(w.c.list(), [handle])
    expect.result(w.c.link(handle, job), 0, b"lives\n")
    _ready(w)
    expect.equal(len(os.listdir(f"{w.daemon.depot}/tmp")), 2)


@case(module=False, config=PREPARED)
def none_is_left_when_the_daemon_ends(w):
    _ready(w)
    w.disconnect()
    w.daemon.stop()
    expect.equal(os.listdir(f"{w.daemon.depot}/tmp"), [])
    w.daemon.start()


@case(module=False, config={"server": {"prepared": 2}, "network": {"pool_start_address": "10.254.0.0", "pool_size": 3}})
def they_give_way(w):
    """Three containers fit; those that wait are removed for the creates that need what they have."""
    handles = [w.create() for _ in range(3)]
    expect.equal(len(handles), 3)
    expect.error_like("Could not acquire network", w.c.create)


@case(module=False, config={"server": {"prepared": 4}, "network": {"pool_start_address": "10.254.0.0", "pool_size": 6}})
def each_create_that_waits_takes_one(w):
    """With no pause: as many creates as there is room for, all at once, succeed; the next one fails."""
    expect.eventually(lambda: _figures(w)[0] > 2, "prepared containers", 20)
    handles, errors = _create_at_once(w, 6)
    expect.equal((len(handles), errors), (6, []))
    expect.equal(_create_at_once(w, 2), ([], ["Could not acquire network"] * 2))
    expect.eventually(lambda: not _waiting(w), "none waits", 20)


@case(backend="linux", daemon=False, config=PREPARED)
def a_create_that_finds_no_room_on_the_disk_takes_one_alone(w):
    os.mkdir(w.daemon.depot)
    kernel.mount("tmpfs", w.daemon.depot, "tmpfs", data="size=16m,nr_inodes=400,mode=755")
    w.daemon.start()
    _ready(w)
    before = _waiting(w)
    filler = f"{w.daemon.depot}/damaged"
    os.mkdir(filler)
    with contextlib.suppress(OSError):
        for n in range(400):
            os.close(os.open(f"{filler}/{n}", os.O_CREAT | os.O_WRONLY, 0o600))
    handle = w.create(tmpfs_bytes=1 << 20)
    shutil.rmtree(filler)
    expect.equal(w.run(handle, "echo runs"), "runs\n")
    expect.equal(len(before & _waiting(w)), 1, "one of the two gave way")
    expect.contains(w.daemon.log(), "waits for the removal of a prepared container")
    w.destroy_all()
    w.disconnect()
    w.daemon.stop()
    kernel.umount(w.daemon.depot)


@case(module=False, config={"server": {"prepared": 2}, "network": {"release_delay": 60}})
def one_gives_its_network_to_the_create_that_names_it(w):
    _ready(w)
    first = w.create()
    network = re.sub(r"\d+$", "", w.c.info(first).host_ip)
    _ready(w)
    for last in (4, 8):
        handle = w.create(network=f"{network}{last}")
        expect.equal(w.c.info(handle).host_ip, f"{network}{last + 1}")


@case(backend="linux", config=PREPARED)
def one_whose_rootfs_has_changed_is_not_used(w):
    rootfs = w.make_directory("rootfs")
    for name in ("bin", "lib", "lib64", "usr", "etc"):
        if os.path.islink(f"{w.rootfs}/{name}"):
            os.symlink(os.readlink(f"{w.rootfs}/{name}"), f"{rootfs}/{name}")
    layers = [rootfs, w.rootfs]
    for _ in range(2):
        w.create(layers=layers)
    _ready(w, 4)
    w.create(layers=layers)
    expect.equal(_given(w), 1)
    _ready(w, 4)
    w.file("rootfs/new", "text\n")
    handle = w.create(layers=layers)
    expect.equal(w.run(handle, "cat /new"), "text\n")
    expect.contains(w.daemon.log(), "what the prepared container was made from has changed")


@case(module=False, config=PREPARED)
def one_that_dies_is_replaced(w):
    _ready(w)
    (name, _) = _waiting(w)
    os.kill(_init_of_waiting(w, name), signal.SIGKILL)
    expect.eventually(lambda: name not in os.listdir(f"{w.daemon.depot}/tmp"), "its removal")
    _ready(w)
    expect.equal(w.run(w.create(), "echo runs"), "runs\n")


@case(module=False, config=PREPARED)
def a_reload_renews_them_and_turns_them_off(w):
    _ready(w)
    before = set(os.listdir(f"{w.daemon.depot}/tmp"))
    w.daemon.reload({"server": {"prepared": 1}})
    _ready(w, 1)
    expect.eventually(lambda: not before & set(os.listdir(f"{w.daemon.depot}/tmp")), "the removal of the others")
    w.daemon.reload({"server": {"prepared": 0}})
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "the removal of all")
    expect.equal(w.run(w.create(), "echo runs"), "runs\n")


@case(module=False, config=PREPARED)
def one_that_dies_is_not_given_out(w):
    """All of them die while the daemon stands still, before it reads a create."""
    for _ in range(4):
        _ready(w)
        kernel.halt(w.daemon.pid)
        for id_ in _waiting(w):  # what was destroyed may be among them
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                init = _init_of_waiting(w, id_)
                os.kill(init, signal.SIGKILL)
                expect.eventually(lambda init=init: kernel.gone(init), "its end")
        result = []
        client = w.client()
        thread = threading.Thread(target=lambda client=client, result=result: result.append(client.create()))
        thread.start()
        os.kill(w.daemon.pid, signal.SIGCONT)
        thread.join()
        expect.equal(w.run(result[0], "echo runs"), "runs\n")
        w.c.destroy(result[0])


@case(backend="linux", config={"server": {"prepared": 1}})
def a_reload_renews_the_one_that_is_being_made(w):
    _ready(w, 1)
    (spawner,) = [each.pid for each in kernel.descendants(w.daemon.pid)
                  if each.name == "warden-spawner" and kernel.process(each.parent).name == "warden-zygote"]
    kernel.halt(spawner)
    before = _waiting(w)
    w.create()
    expect.eventually(lambda: _waiting(w) - before, "another is begun")
    (begun,) = _waiting(w) - before
    w.daemon.reload({"server": {"prepared": 2}})
    os.kill(spawner, signal.SIGCONT)
    expect.eventually(lambda: _figures(w)[0] == 2 and begun not in _waiting(w), "two others", 20)


@case(module=False)
def a_reload_turns_them_on(w):
    w.create()
    w.daemon.reload(PREPARED)
    _ready(w)
    w.create()
    expect.equal(_given(w), 1)


@case(backend="linux", config=PREPARED)
def a_long_shape_has_no_stock(w):
    _ready(w)
    layers = [w.make_directory(f"{'l' * 100}{n}") for n in range(40)] + [w.rootfs]
    for _ in range(3):
        w.c.destroy(w.create(layers=layers))
    _ready(w)
    expect.never(lambda: _figures(w)[0] > 2, "one more", 0.5)
    short = layers[-2:]
    for _ in range(3):
        w.c.destroy(w.create(layers=short))
    _ready(w, 4)


@case(backend="linux", config={"server": {"prepared": 1, "unix_domain_permissions": "0666"}})
def nobody_has_all_of_them(w):
    """A client with many shapes, and another with one: the first gives up stocks of its own."""
    _ready(w, 1)
    layer = w.make_directory("layer")

    def ask(shapes):
        with warden.Client(w.daemon.socket, timeout=60) as client:
            for shape in shapes:
                for _ in range(2):
                    client.destroy(client.create(layers=[layer, w.rootfs], shm_bytes=shape << 20))
        return ""

    expect.equal(users.call_as(1234, 1234, [], ask, range(1, 3)), "")
    _ready(w, 3)
    ask(range(1, 12))
    _ready(w, 8)
    given = _given(w)
    expect.equal(users.call_as(1234, 1234, [], ask, [1]), "")
    expect.true(_given(w) > given, "its stock is there still", w.daemon.log())


@case(module=False, daemon=False, config=PREPARED)
def they_are_no_containers_of_the_page(w):
    port = web.start(w)
    _ready(w)
    w.create()
    _ready(w)
    state = json.loads(web.ask(port, "/ui/state", timeout=20).body)
    expect.equal((state["n_containers"], len(state["containers"])), (1, 1))


def _begin_until_refused(begin):
    """Returns what was begun until descriptors were refused."""
    begun = []
    while len(begun) < 300:
        try:
            begun.append(begin())
        except warden.WardenError as refused:
            expect.matches(str(refused), "too many open files: .*")
            return begun
        except OSError:  # a client's connection is closed before it asks
            return begun
    return expect.fail("too few descriptors", f"{len(begun)} were begun")


def _connect(w):
    client = w.client()
    client.call(warden.PingRequest())
    return client


@case(backend="linux", daemon=False, limit=120, config=PREPARED)
def they_give_way_before_a_job_or_a_client_lacks_descriptors(w):
    w.daemon.wrapper = ["prlimit", "--nofile=256:256"]
    w.daemon.start()
    handle = w.create()
    _ready(w)
    _begin_until_refused(lambda: w.c.spawn(handle, argv=["sleep", "1000"]))
    expect.equal(_figures(w)[0], 0, "those that wait when a job is refused")
    w.c.destroy(handle)
    _ready(w)
    clients = _begin_until_refused(lambda: _connect(w))
    expect.equal(_figures(w)[0], 0, "those that wait when a client is refused")
    for client in clients:
        client.close()
    _ready(w)
