# SPDX-License-Identifier: Apache-2.0
"""Further options of Create are checked, stored, reported and restored after a restart."""

import json
import os
import time

import expect
import warden
from case import case

OPTIONS = {
    "tmpfs_bytes": 16 << 20,
    "tmpfs_inodes": 4096,
    "env": ["A=1", "EMPTY=", "TEXT=with = and blanks"],
    "properties": {"owner": "ci", "empty": ""},
    "hostname": "build-7.example",
    "hosts": ["192.0.2.7 db db.example", "2001:db8::1\tsix"],
    "dns_servers": ["192.0.2.53", "2001:db8::53"],
    "shm_bytes": 1 << 20,
    "no_new_privs": True,
}


def _no_trace(w):
    """A failed create left nothing."""
    expect.equal(w.c.list(), [])
    expect.equal(w.entries(), ["tmp"])


def _properties(info):
    return {p.key: p.value for p in info.properties}


@case
def info_has_the_options_of_create(w):
    before = time.time()
    info = w.c.info(w.create(ttl=3600, **OPTIONS))
    expect.equal(_properties(info), OPTIONS["properties"])
    expect.equal(info.env, OPTIONS["env"])
    expect.equal(info.hostname, "build-7.example")
    expect.true(3590 < info.ttl_left <= 3600, f"about an hour, not {info.ttl_left}")
    expect.true(before - 1 < info.created_us / 1e6 < time.time() + 1, "created_us is now")
    expect.equal(info.nested, False)
    expect.equal(info.no_new_privs, True)


@case
def the_host_name_is_the_handle_if_it_can_be(w):
    for handle in ("web", "build-7.example", "a" * 63):
        w.create(handle=handle)
        expect.equal(w.c.info(handle).hostname, handle)
    for handle in ("a_b", "-a", "localhost", "LocalHost", "a." * 31 + "ab", "a/b", "\u65e5\u672c"):
        w.create(handle=handle)
        info = w.c.info(handle)
        expect.equal(info.hostname, os.path.basename(info.container_path), handle)
    w.daemon.restart()
    expect.equal(w.client().info("web").hostname, "web")


@case
def without_options_info_has_the_defaults(w):
    handle = w.create()
    info = w.c.info(handle)
    expect.equal((info.properties, info.env, info.ttl_left), ([], [], None))
    expect.equal(info.hostname, os.path.basename(info.container_path))
    if w.linux:
        expect.equal(info.rootfs, w.rootfs)


@case
def options_persist_after_a_restart(w):
    handle = w.create(ttl=3600, **OPTIONS)
    before = w.c.info(handle)
    for _ in range(2):
        w.disconnect()
        w.daemon.restart()
        after = w.c.info(handle)
        for name in ("properties", "env", "hostname", "created_us", "nested", "rootfs", "no_new_privs"):
            expect.equal(getattr(after, name), getattr(before, name), name)
        expect.true(after.ttl_left <= before.ttl_left, "the time to live goes on")


@case(config={"server": {"no_new_privs": True}})
def no_new_privs_is_the_requests_else_the_configured_one(w):
    line = "grep NoNewPrivs /proc/self/status"
    for wanted, seen in ((None, True), (True, True), (False, False)):
        handle = w.create(no_new_privs=wanted)
        expect.equal(w.c.info(handle).no_new_privs, seen)
        expect.equal(w.run(handle, line).split()[1], str(int(seen)))
    expect.equal(w.run(handle, line, no_new_privs=True).split()[1], "1")
    expect.equal(w.run(handle, line).split()[1], "0")
    handle = w.create()
    expect.error_like("no_new_privs: false is not possible", w.run, handle, "true", no_new_privs=False)
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.run(handle, line).split()[1], "1")


@case
def list_finds_by_properties(w):
    one = w.create(properties={"owner": "ci", "stage": "test"})
    two = w.create(properties={"owner": "ci"})
    w.create()
    expect.equal(w.c.list(properties={"owner": "ci"}), [one, two])
    expect.equal(w.c.list(properties={"owner": "ci", "stage": "test"}), [one])
    for wanted in ({"owner": "c"}, {"owner": "ci", "stage": ""}, {"ci": "owner"}):
        expect.equal(w.c.list(properties=wanted), [], str(wanted))
    expect.equal(len(w.c.list()), 3)
    expect.error_like("properties", w.c.list, properties=[("a", "1"), ("a", "2")])


REFUSED = (
    ({"tmpfs_bytes": 0}, "tmpfs_bytes must be from 1048576 to 1125899906842624, not 0"),
    ({"tmpfs_bytes": 1 << 63}, "tmpfs_bytes .* not 9223372036854775808"),
    ({"tmpfs_bytes": 1 << 20, "tmpfs_inodes": 1}, "tmpfs_inodes .* not 1$"),
    ({"tmpfs_inodes": 1000}, "tmpfs_inodes 1000 without tmpfs_bytes"),
    ({"shm_bytes": 1}, "shm_bytes .* not 1$"),
    ({"ttl": 0}, "ttl .* not 0$"),
    ({"env": ["A"]}, "env must be NAME=VALUE, not 'A'"),
    ({"env": ["=1"]}, "env must be NAME=VALUE, not '=1'"),
    ({"env": [""]}, "env must be NAME=VALUE, not ''"),
    ({"env": ["A\n=1"]}, "env must be NAME=VALUE"),
    ({"env": ["A=\0"]}, "env must be UTF-8 text without NUL"),
    ({"env": ["A=1", "B=2", "A=3"]}, "env: the name in 'A=3' is set twice"),
    ({"env": [f"A{i}=" for i in range(1025)]}, "1025 env, at most 1024 are allowed"),
    ({"env": ["A=" + "x" * 40000, "B=" + "x" * 40000]}, "env: .* in all"),
    ({"properties": {"": "x"}}, "properties.key"),
    ({"properties": {"a\n": "x"}}, "properties.key"),
    ({"properties": {"a": "x" * 4097}}, "properties.value has 4097 bytes"),
    ({"properties": [("a", "1"), ("a", "2")]}, "properties: key 'a' is set twice"),
    ({"properties": {str(i): "" for i in range(257)}}, "257 properties"),
    ({"hostname": "-a"}, "hostname .* not '-a'"),
    ({"hostname": "a_b"}, "hostname .* not 'a_b'"),
    ({"hostname": "a..b"}, "hostname .* not 'a..b'"),
    ({"hostname": "a."}, "hostname .* not 'a.'"),
    ({"hostname": "a\nb"}, "hostname"),
    ({"hostname": "a" * 64}, "hostname .* not 'aaa"),
    ({"hostname": "a." * 32 + "a"}, "hostname has 65 bytes, at most 64 are allowed"),
    ({"hosts": ["192.0.2.7"]}, "hosts .* not '192.0.2.7'"),
    ({"hosts": ["db 192.0.2.7"]}, "hosts .* not 'db 192.0.2.7'"),
    ({"hosts": [" 192.0.2.7 db"]}, "hosts"),
    ({"hosts": ["192.0.2.256 db"]}, "hosts"),
    ({"hosts": ["192.0.2.7 db\n127.0.0.1 evil"]}, "hosts"),
    ({"hosts": ["192.0.2.7 a#b"]}, "hosts"),
    ({"dns_servers": ["localhost"]}, "dns_servers .* not 'localhost'"),
    ({"dns_servers": ["192.0.2.1\nsearch x"]}, "dns_servers"),
    ({"dns_servers": ["192.0.2.1"] * 17}, "17 dns_servers, at most 16 are allowed"),
    ({"layers": ["relative"]}, "layers must be an absolute path .* not 'relative'"),
    ({"layers": ["/nowhere/at/all"]}, "layers /nowhere/at/all not found"),
    ({"layers": ["/", "/etc/passwd"]}, "layers /etc/passwd not found"),
    ({"layers": ["/"] * 65}, "65 layers, at most 64 are allowed"),
    ({"layers": ["/"], "rootfs": "/"}, "layers and rootfs exclude each other"),
    ({"request_id": "x" * 129}, "request_id has 129 bytes"),
    ({"request_id": "a\0b"}, "request_id must be UTF-8"),
)


@case
def an_option_out_of_range_is_refused_by_name_and_leaves_no_trace(w):
    for fields, pattern in REFUSED:
        expect.error_like(pattern, w.create, **fields)
    _no_trace(w)
    w.run(w.create(), "true")


@case
def a_time_to_live_ends_a_container_even_in_use(w):
    handle = w.create(ttl=1, grace_time=-1)
    job = w.c.spawn(handle, "sleep 60")
    seen = w.client().link(handle, job)
    expect.equal(seen.exit_status, 255)
    expect.eventually(lambda: w.c.list() == [], "the container is gone")
    expect.error("unknown handle", w.c.info, handle)


@case
def a_time_to_live_that_ends_while_no_daemon_runs_ends_the_container_at_the_start(w):
    handle, other = w.create(ttl=1, grace_time=-1), w.create(ttl=3600, grace_time=-1)
    w.disconnect()
    w.daemon.kill()
    time.sleep(1.1)  # the time to live itself
    w.daemon.start()
    expect.eventually(lambda: w.c.list() == [other], "only the other one is there")
    expect.error("unknown handle", w.c.info, handle)


def _image(w, name, content):
    directory = w.make_directory(name)
    w.file(f"{name}.json", content if isinstance(content, str) else json.dumps(content))
    return directory


@case(backend="fake")
def an_invalid_image_file_is_refused(w):
    for number, (content, pattern) in enumerate(
        (
            ("{", r"i0\.json:1"),
            ("[]", "must hold an object"),
            ({"env": "A=1"}, "env must be an array"),
            ({"env": ["A"]}, r"i3\.json: env must be NAME=VALUE, not 'A'"),
            ({"env": [1]}, "env must hold texts"),
            ({"working_dir": "srv"}, "working_dir must be an absolute path, not 'srv'"),
            ({"user": ["x"]}, "user must be a text"),
            ("x" * 300000, "at most 262144 bytes"),
        )
    ):
        expect.error_like(pattern, w.create, rootfs=_image(w, f"i{number}", content))
    _no_trace(w)


@case(backend="fake")
def every_field_of_an_image_file_is_optional(w):
    for number, content in enumerate(({}, {"env": None, "working_dir": "", "user": ""}, {"other": 1})):
        w.create(rootfs=_image(w, f"i{number}", content) + "/")


@case(backend="fake")
def a_job_has_the_environment_of_image_and_container(w):
    image = _image(w, "image", {"env": ["A=image", "B=image", "PATH=/image:/usr/bin:/bin"], "working_dir": "/", "user": "root"})
    handle = w.create(rootfs=image, env=["B=container", "C=container"])
    for _ in range(2):
        script = 'echo "$A $B $C $D ${PATH%%:*}"'
        expect.equal(w.run(handle, script), "image container container  /image\n")
        seen = w.c.call(warden.RunRequest(handle=handle, script=script, env=["C=job", "D=job"]))
        expect.result(seen, 0, b"image container job job /image\n")
        w.daemon.restart()
        w.disconnect()
    os.unlink(f"{image}.json")
    expect.equal(w.run(handle, "echo $A"), "image\n")  # it was read when the container was made


@case
def the_same_request_id_gives_the_same_container(w):
    handle = w.create(request_id="r1", properties={"a": "b"})
    for _ in range(2):
        expect.equal(w.c.create(request_id="r1", properties={"a": "b"}), handle)
        expect.equal(w.c.list(), [handle])
        w.daemon.restart()
        w.disconnect()


@case
def the_same_request_id_with_other_parameters_is_an_error(w):
    w.create(request_id="r1", properties={"a": "b"})
    for fields in ({}, {"properties": {"a": "c"}}, {"properties": {"a": "b"}, "grace_time": 1}):
        expect.error("request_id r1 was used for a create with other parameters", w.create, request_id="r1", **fields)
    expect.equal(len(w.c.list()), 1)


@case
def a_request_id_is_free_after_destroy_or_a_failed_create(w):
    expect.error_like("not found", w.create, request_id="r1", rootfs="/nowhere")
    handle = w.create(request_id="r1")
    w.c.destroy(handle)
    again = w.create(request_id="r1")
    expect.true(again != handle, "a new container")


@case(config={"fake": {"delay_ms": 300}})
def two_creates_of_one_request_id_at_once_make_one_container(w):
    clients = [w.client() for _ in range(5)]
    threads = [w.in_thread(client.create, request_id="twice", grace_time=3) for client in clients]
    handles = {thread.result() for thread in threads}
    expect.equal(len(handles), 1)
    expect.equal(w.c.list(), list(handles))
    w.note_ids()


@case(config={"fake": {"delay_ms": 300, "fail": ["create"]}}, backends=("fake",))
def repeated_creates_that_wait_fail_with_the_first(w):
    threads = [w.in_thread(w.client().create, request_id="twice") for _ in range(3)]
    for thread in threads:
        expect.error_like("fails as configured", thread.result)


@case
def a_client_that_repeats_a_create_references_the_container(w):
    first, second = w.client(), w.client()
    handle = first.create(request_id="r1", grace_time=0)
    w.note_ids()
    expect.equal(second.create(request_id="r1", grace_time=0), handle)
    first.close()
    expect.equal(second.info(handle).state, "active")
