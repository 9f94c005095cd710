# SPDX-License-Identifier: Apache-2.0
"""Create: its fields, its errors, and no trace after a failure."""

import contextlib
import os
import stat
import time

import warden
from case import case
import expect
import leaks

TWO_NETWORKS = {"network": {"pool_network": "10.254.0.0/29", "release_delay": 1}}


def _no_trace(w):
    """A failed create left nothing, and a valid one still works."""
    expect.equal(w.c.list(), [])
    before = w.daemon.baseline
    left = leaks.settle(before, w.take, 5.0, expected="socket")
    expect.equal(left, [], "left over by the failed create")
    w.run(w.create(handle="after"), "true")


@case
def a_container_is_usable_at_once(w):
    for _ in range(5):
        expect.result(w.c.run(w.create(), "echo $((6 * 7))"), 0, b"42\n")


@case
def a_new_container_is_active(w):
    expect.equal(w.c.info(w.create()).state, "active")


@case
def the_directory_is_in_the_depot_and_only_root_can_enter(w):
    path = w.path_of(w.create())
    expect.equal(os.path.dirname(path), w.daemon.depot)
    expect.equal(oct(stat.S_IMODE(os.stat(path).st_mode)), "0o700")
    expect.equal(oct(stat.S_IMODE(os.stat(w.daemon.depot).st_mode)), "0o700")


@case
def the_snapshot_is_written_before_create_is_answered(w):
    for _ in range(3):
        handle = w.create()
        expect.true(os.path.exists(f"{w.path_of(handle)}/snapshot.json"), "snapshot.json in its directory")


@case
def etc_config_has_the_originals_keys(w):
    path = w.path_of(w.create())
    with open(f"{path}/etc/config", encoding="utf-8") as file:
        values = dict(line.rstrip("\n").split("=", 1) for line in file)
    id_ = os.path.basename(path)
    expect.equal(values["id"], id_)
    expect.equal(values["network_host_ip"], "10.254.0.1")
    expect.equal(values["network_container_ip"], "10.254.0.2")
    expect.equal(values["network_host_iface"], f"w-{id_}-0")
    expect.equal(values["network_container_iface"], f"w-{id_}-1")
    expect.equal(values["network_netmask"], "255.255.255.252")
    expect.equal(values["user_uid"], "10000")
    expect.equal(values["allow_nested_warden"], "false")
    expect.contains(values, "rootfs_path")


@case
def addresses_are_the_networks_first_and_second(w):
    for nth in range(3):
        info = w.c.info(w.create())
        expect.equal((info.host_ip, info.container_ip), (f"10.254.0.{4 * nth + 1}", f"10.254.0.{4 * nth + 2}"))


@case
def the_network_contains_the_requested_address(w):
    for address in ("10.254.0.40", "10.254.0.45", "10.254.0.50", "10.254.0.55", "10.254.255.255"):
        info = w.c.info(w.create(network=address))
        masked = ".".join(address.split(".")[:3] + [str(int(address.split(".")[3]) & ~3)])
        base, last = masked.rsplit(".", 1)
        expect.equal(info.host_ip, f"{base}.{int(last) + 1}")
        expect.equal(info.container_ip, f"{base}.{int(last) + 2}")


@case
def a_network_that_is_taken_or_outside_is_refused(w):
    w.create(network="10.254.0.8")
    for address, masked in (
        ("10.254.0.8", "10.254.0.8"),
        ("10.254.0.11", "10.254.0.8"),
        ("10.253.255.255", "10.253.255.252"),
        ("10.255.0.1", "10.255.0.0"),
        ("192.168.1.7", "192.168.1.4"),
    ):
        expect.error(f"Could not acquire network: {masked}", w.create, network=address)


@case
def a_network_that_is_not_an_address_is_refused(w):
    for text, masked in (
        ("nonsense", "0.0.0.0"),
        ("10.254.0", "0.10.254.0"),
        ("10.254.0.256", "10.254.1.0"),
        ("10.254.0.8/30", "10.254.0.8"),
        ("::1", "0.0.0.0"),
        (" 10.254.0.8", "10.254.0.8"),
        ("010.254.0.8", "10.254.0.8"),
        ("n" * 200, "0.0.0.0"),
        (".", "0.0.0.0"),
    ):
        expect.error(f"Could not acquire network: {masked}", w.create, network=text)
    for text in ("10.254.0.8\0", b"\xff", "n" * 5000):
        expect.error_like("^network", w.create, network=text)
    expect.equal(w.c.list(), [])


@case
def a_requested_network_is_not_given_to_another(w):
    w.create(network="10.254.0.0")
    w.create(network="10.254.0.5")
    expect.equal(w.c.info(w.create()).host_ip, "10.254.0.9")


@case(config=TWO_NETWORKS)
def networks_run_out_and_are_free_again_after_the_delay(w):
    first, _ = w.create(), w.create()
    expect.error("Could not acquire network", w.create)
    w.c.destroy(first)
    expect.error("Could not acquire network", w.create)
    start = time.monotonic()
    while True:
        try:
            handle = w.create()
            break
        except warden.WardenError as error:
            expect.equal(str(error), "Could not acquire network")
            time.sleep(0.02)
    expect.duration(time.monotonic() - start, 3, "the network's rest", least=0.7)
    expect.equal(w.c.info(handle).host_ip, "10.254.0.1")


@case(config={"network": {"release_delay": 0}})
def a_returned_number_is_used_last(w):
    first = w.create()
    w.c.destroy(first)
    expect.equal(w.c.info(w.create()).host_ip, "10.254.0.5")


@case(config={"user": {"pool_size": 2}})
def uids_run_out_and_are_free_again_after_destroy(w):
    first, _ = w.create(), w.create()
    expect.error("no uid available", w.create)
    w.c.destroy(first)
    expect.eventually(lambda: _created(w), "a create once the uid is back")


def _created(w):
    try:
        return w.create()
    except warden.WardenError as error:
        expect.equal(str(error), "no uid available")
        return None


@case
def grace_time_takes_any_number(w):
    for seconds in (0, 1, 4294967295, 2147483647, -1):
        expect.equal(w.c.info(w.create(grace_time=seconds)).state, "active")
    with w.raw() as connection:  # -1 as a client writes it that encodes signed numbers in ten bytes
        connection.send_frame(11, b"\x10" + b"\xff" * 9 + b"\x01")
        expect.equal(type(connection.answer()), warden.CreateResponse)


@case
def a_rootfs_that_is_no_directory_is_refused(w):
    file = w.file("file")
    for path in ("/no/such", file):
        expect.error(f"rootfs {path} not found", w.create, rootfs=path)
    _no_trace(w)


@case
def a_bind_mount_without_a_source_is_refused(w):
    path = f"{w.directory}/missing"
    expect.error(
        f"Source path for bind mount does not exist: {path}", w.create, bind_mounts=[(path, "/mnt", "ro")]
    )
    _no_trace(w)


@case
def one_bad_bind_mount_of_several_fails_the_create(w):
    good = w.make_directory("good")
    binds = [(good, "/good", "rw"), (f"{w.directory}/bad", "/bad", "ro")]
    expect.error(f"Source path for bind mount does not exist: {w.directory}/bad", w.create, bind_mounts=binds)
    _no_trace(w)


@case
def a_bind_mount_without_a_needed_field_is_refused(w):
    for bind in (
        warden.BindMount(src_path="/tmp", dst_path="/x"),
        warden.BindMount(src_path="/tmp", mode=0),
        warden.BindMount(dst_path="/x", mode=0),
    ):
        with w.raw() as connection:
            connection.send_frame(11, warden.CreateRequest(bind_mounts=[bind]).encode())
            connection.expect_error(".+")
    expect.equal(w.c.list(), [])


@case
def a_bind_mount_of_an_unknown_mode_is_refused(w):
    bind = warden.BindMount(src_path="/tmp", dst_path="/x", mode=7)
    with w.raw() as connection:
        connection.send_frame(11, warden.CreateRequest(bind_mounts=[bind]).encode())
        connection.expect_error(".+")
    expect.equal(w.c.list(), [])


@case
def paths_of_bind_mounts_are_absolute_and_plain(w):
    for source, target in (("tmp", "/x"), ("/tmp", "x"), ("", "/x"), ("/tmp", ""), ("/tmp\0", "/x"), ("/tmp", "/x\0")):
        expect.error_like(".+", w.create, bind_mounts=[(source, target, "ro")])
    for text in ("/x\ny", "/x\x1b[0m"):
        expect.error_like(".+", w.create, bind_mounts=[("/tmp", text, "ro")])
    _no_trace(w)


@case(backend="fake", config={"fake": {"fail": ["create"]}})
def a_create_that_the_backend_fails_returns_its_resources(w):
    for _ in range(3):
        expect.error("fake: create fails as configured", w.create, handle="h")
    expect.equal(w.c.list(), [])
    expect.equal(set(w.entries()) - {"tmp"}, set())


@case(backend="fake", config={"fake": {"fail": ["create"]}, "user": {"pool_size": 2}})
def failed_creates_use_up_no_pool(w):
    for _ in range(10):
        expect.error("fake: create fails as configured", w.create)


@case
def five_hundred_bad_creates_cost_nothing(w):
    before = len(os.listdir(f"/proc/{w.daemon.pid}/fd"))
    client = w.client()
    for _ in range(500):
        expect.error("rootfs /no/such not found", client.create, rootfs="/no/such")
    client.close()
    expect.eventually(
        lambda: len(os.listdir(f"/proc/{w.daemon.pid}/fd")) <= before, "no more descriptors than before"
    )


_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def _id_of(number):
    return "".join(_DIGITS[number >> 5 * place & 31] for place in range(10, -1, -1))


def _make_group_or_directory(path):
    """Another daemon that ends may remove the group of all containers, if it is empty."""
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            os.makedirs(path)
            return
    expect.fail("it can be made", path)


@case(module=False)
def an_id_that_is_taken_is_not_used(w):
    first = 3 << 52
    handle = w.create()
    name = f"instance-{os.path.basename(w.path_of(handle))}"
    groups = [os.path.dirname(group) for group in leaks.container_groups() if group.endswith(f"/{name}")]
    w.c.destroy(handle)
    w.disconnect()
    w.daemon.stop()
    left = f"{w.daemon.depot}/{_id_of(first)}"  # of a create that was interrupted, when the clock was ahead
    os.mkdir(left, 0o700)
    w.daemon.start()
    taken = [f"{w.daemon.depot}/{_id_of(first + 1)}"]
    if w.linux:
        taken.append(f"{groups[0]}/instance-{_id_of(first + 2)}")
    for path in taken:
        _make_group_or_directory(path)
    try:
        seen = os.path.basename(w.path_of(w.create(request_id="once")))
        expect.equal(seen, _id_of(first + 3 if w.linux else first + 2), "the id after those that are taken")
        expect.equal(w.c.list(), [w.create(request_id="once")], "one container")
        expect.equal([path for path in taken if not os.path.isdir(path)], [], "what was touched")
    finally:
        for path in taken:
            os.rmdir(path)
