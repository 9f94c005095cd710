# SPDX-License-Identifier: Apache-2.0
"""FileRead, FileWrite, FileList and FileRemove."""

import os
import stat
import time

import expect
import warden
from case import case


def read(w, handle, path, **fields):
    """Data and size of a file."""
    answer = w.c.call(warden.FileReadRequest(handle=handle, path=path, **fields))
    return answer.data, answer.size


def write(w, handle, path, data, **fields):
    """Writes a file."""
    return w.c.call(warden.FileWriteRequest(handle=handle, path=path, data=data, **fields))


def entries(w, handle, path):
    """The entries of a directory."""
    return w.c.call(warden.FileListRequest(handle=handle, path=path)).entries


def remove(w, handle, path, **fields):
    """Removes a file."""
    return w.c.call(warden.FileRemoveRequest(handle=handle, path=path, **fields))


@case
def a_written_file_is_read_back(w):
    handle = w.create()
    for data in (b"", b"x", b"\0\xff\r\n" * 1000, os.urandom(3_000_000)):
        write(w, handle, "f", data)
        expect.equal(read(w, handle, "f"), (data, len(data)))
    expect.equal(w.run(handle, "ls -A"), "f\n")


@case
def a_part_is_read_from_offset_to_length(w):
    handle = w.create()
    write(w, handle, "f", b"0123456789")
    for fields, data in (
        ({"offset": 3}, b"3456789"),
        ({"length": 4}, b"0123"),
        ({"offset": 3, "length": 4}, b"3456"),
        ({"offset": 8, "length": 4}, b"89"),
        ({"offset": 10}, b""),
        ({"offset": 1 << 63, "length": 1}, b""),
        ({"offset": (1 << 64) - 1, "length": (1 << 64) - 1}, b""),
        ({"length": 0}, b""),
    ):
        expect.equal(read(w, handle, "f", **fields), (data, 10), fields)


@case(config={"server": {"frame_limit": 100_000}})
def a_long_file_is_read_in_parts_within_the_frame_limit(w):
    handle = w.create()
    w.run(handle, "head -c 250000 /dev/zero | tr '\\0' x > f")
    data = b""
    while True:
        part, size = read(w, handle, "f", offset=len(data))
        data += part
        if len(data) == size:
            break
        expect.between(len(part), 99_000, 100_000, "bytes of a part")
    expect.equal(data, b"x" * 250_000)


@case
def a_part_is_written_in_place(w):
    handle = w.create()
    write(w, handle, "f", b"0123456789")
    write(w, handle, "f", b"ab", offset=3)
    write(w, handle, "f", b"end", offset=12)
    expect.equal(read(w, handle, "f")[0], b"012ab56789\0\0end")
    write(w, handle, "new", b"x", offset=0, mode=0o640)
    expect.equal(w.run(handle, "stat -c %a new; cat new"), "640\nx")
    w.run(handle, "ln -s f link")
    write(w, handle, "link", b"X", offset=0)
    expect.equal(read(w, handle, "f")[0][:3], b"X12")


@case
def a_new_file_has_the_requested_mode_and_an_existing_one_keeps_its_mode(w):
    handle = w.create()
    write(w, handle, "default", b"x")
    write(w, handle, "program", b"x", mode=0o755)
    w.run(handle, "echo x > old; chmod 600 old; mkdir d; ln -s old link")
    write(w, handle, "old", b"new", mode=0o777)
    write(w, handle, "link", b"no link")
    expect.equal(w.run(handle, "stat -c '%n %a %F' default program old link; cat old"),
                 "default 644 regular file\nprogram 755 regular file\nold 600 regular file\n"
                 "link 644 regular file\nnew")  # fmt: skip
    expect.error_like("mode must be at most 07777", write, w, handle, "x", b"", mode=0o10000)
    expect.error_like("offset", write, w, handle, "x", b"x", offset=(1 << 63) - 1)


@case
def a_list_is_by_name_and_complete(w):
    handle = w.create()
    w.run(handle, "mkdir d; cd d; echo 1234 > b; chmod 640 b; mkdir a; ln -s ../x c; mkfifo e; touch \"$(printf 'z\\377')\"")
    seen = entries(w, handle, "d")
    kinds = warden.FileType
    expect.equal(
        [(e.name, e.type, e.mode if e.type != kinds.SYMLINK else None, e.target) for e in seen],
        [
            ("a", kinds.DIRECTORY, 0o755, None),
            ("b", kinds.FILE, 0o640, None),
            ("c", kinds.SYMLINK, None, "../x"),
            ("e", kinds.OTHER, 0o644, None),
            (os.fsdecode(b"z\xff"), kinds.FILE, 0o644, None),
        ],
    )
    expect.equal(seen[1].size, 5)
    expect.between(seen[1].modified_us / 1e6, time.time() - 60, time.time() + 1, "time of change")
    expect.equal([e.name for e in entries(w, handle, "d/b")], ["b"], "of a file: itself")
    expect.equal([e.target for e in entries(w, handle, "d/c")], ["../x"], "of a link that leads nowhere")
    expect.equal(entries(w, handle, "d/a"), [])


@case(backend="linux")
def ids_are_those_that_the_container_sees(w):
    handle = w.create()
    w.run(handle, "echo > /tmp/f; chown 7:8 /tmp/f", privileged=True)
    w.run(handle, "echo > /tmp/g")
    uid = int(w.run(handle, "id -u"))
    seen = {e.name: (e.uid, e.gid) for e in entries(w, handle, "/tmp")}
    expect.equal((seen["f"], seen["g"]), ((7, 8), (uid, uid)))


@case
def many_entries_fit(w):
    handle = w.create()
    w.run(handle, "mkdir d; cd d; seq 5000 | xargs touch")
    expect.equal(sorted(int(e.name) for e in entries(w, handle, "d")), list(range(1, 5001)))


@case(config={"server": {"frame_limit": 20_000}})
def a_list_over_the_frame_limit_is_an_error(w):
    handle = w.create()
    w.run(handle, "mkdir d; cd d; seq 1000 | xargs touch")
    expect.error_like("list .*d: File too large", entries, w, handle, "d")


@case
def files_are_removed(w):
    handle = w.create()
    w.run(handle, "touch f; mkdir -p empty d/e/g; touch d/e/f; ln -s d link; ln -s /etc/passwd d/out")
    for path in ("f", "empty", "link"):
        remove(w, handle, path)
    expect.error_like("d: Directory not empty", remove, w, handle, "d")
    remove(w, handle, "d", recursive=True)
    expect.equal(w.run(handle, "ls -A"), "")
    expect.error_like("remove .*missing: No such file", remove, w, handle, "missing")
    for path in ("/", ".", "..", "/.."):
        expect.error_like("busy", remove, w, handle, path, recursive=True)


@case
def a_deep_tree_is_removed(w):
    handle = w.create()
    w.run(handle, "mkdir d; cd d; i=0; while [ $i -lt 150 ]; do mkdir d; cd d; i=$((i + 1)); done")
    remove(w, handle, "d", recursive=True)
    expect.equal(w.run(handle, "ls -A"), "")


@case(backend="linux")
def vcap_writes_and_removes_and_root_reads(w):
    handle = w.create()
    w.run(handle, "echo x > /root/f; chmod 600 /root/f; mkdir /tmp/d; touch /tmp/d/f", privileged=True)
    expect.equal(read(w, handle, "/root/f"), (b"x\n", 2))
    expect.equal([e.name for e in entries(w, handle, "/root") if e.name == "f"], ["f"])
    for call in (
        lambda: write(w, handle, "/root/g", b"x"),
        lambda: write(w, handle, "/etc/passwd", b"x"),
        lambda: write(w, handle, "/etc/passwd", b"x", offset=0),
        lambda: remove(w, handle, "/etc/passwd"),
        lambda: remove(w, handle, "/tmp/d/f"),
        lambda: remove(w, handle, "/tmp/d", recursive=True),
    ):
        expect.error_like("Permission denied|not permitted", call)
    write(w, handle, "f", b"x")
    expect.equal(w.run(handle, "stat -c %U:%G f"), "vcap:vcap\n")


@case
def paths_that_are_not_files_are_refused(w):
    handle = w.create()
    w.run(handle, "mkdir d; mkfifo fifo; ln -s loop loop")
    expect.error_like("d: Is a directory", read, w, handle, "d")
    expect.error_like("d: Is a directory", write, w, handle, "d", b"x")
    expect.error_like("d/: Is a directory", write, w, handle, "d/", b"x")
    expect.error_like("fifo", read, w, handle, "fifo")
    expect.error_like("fifo", write, w, handle, "fifo", b"x", offset=0)
    expect.error_like("loop: Too many levels", read, w, handle, "loop")
    expect.error_like("missing: No such file", read, w, handle, "missing")
    expect.error_like("missing/x: No such file", write, w, handle, "missing/x", b"x")
    expect.error_like("missing: No such file", entries, w, handle, "missing")
    expect.error_like("path must be", read, w, handle, "")
    write(w, handle, "fifo", b"no more")
    expect.equal(read(w, handle, "fifo")[0], b"no more")


@case
def no_path_leads_out_of_the_container(w):
    handle = w.create()
    canary = w.file("canary", "secret")
    outside = w.make_directory("outside")
    w.run(handle, f"ln -s {canary} a; ln -s {outside} b; ln -s /proc/1/root c; ln -s /proc/self/cwd e")
    for path in ("a", f"../../../../../..{canary}", canary, f"c{canary}", f"e{canary}", f"b/../canary"):
        expect.error_like("No such file|symbolic links|Permission", read, w, handle, path)
    for path in ("a", "b/x", f"{outside}/x"):
        expect.error_like("No such file|File exists|Permission", write, w, handle, path, b"x", offset=0)
    expect.error_like("", write, w, handle, "b/x", b"x")
    expect.error_like("", remove, w, handle, canary)
    expect.error_like("", remove, w, handle, "b/../canary")
    write(w, handle, "a", b"in the container")
    with open(canary, encoding="utf-8") as file:
        expect.equal(file.read(), "secret")
    expect.equal(os.listdir(outside), [])


@case
def requests_need_the_right_state(w):
    handle = w.create()
    write(w, handle, "f", b"x")
    w.c.stop(handle)
    expect.equal(read(w, handle, "f")[0], b"x")
    expect.equal([e.name for e in entries(w, handle, ".") if e.name == "f"], ["f"])
    for call in (lambda: write(w, handle, "f", b"y"), lambda: remove(w, handle, "f")):
        expect.error("Container state must be one of 'active', current state is 'stopped'", call)


@case(backend="linux")
def files_that_the_containers_root_may_not_read_are_refused(w):
    source = w.make_directory("source")
    w.file("source/public", "public", 0o644)
    w.file("source/secret", "secret", 0o600)
    os.mkdir(f"{source}/closed", 0o700)
    w.file("source/closed/public", "hidden", 0o644)
    os.mkdir(f"{source}/vcaps", 0o700)
    w.file("source/vcaps/own", "own", 0o600)
    handle = w.create(bind_mounts=[(source, "/data", "rw")])
    expect.equal(read(w, handle, "/data/public")[0], b"public")
    for path in ("/data/secret", "/data/closed/public"):
        expect.error_like("Permission denied", read, w, handle, path)
        request = warden.CopyOutRequest(handle=handle, src_path=path, dst_path=f"{w.directory}/out")
        expect.error_like("Permission denied", w.c.call, request)
    expect.error_like("Permission denied", entries, w, handle, "/data/closed")
    request = warden.CopyOutRequest(handle=handle, src_path="/data", dst_path=w.directory)
    expect.error_like(r"secret: Permission denied|closed: Permission denied", w.c.call, request)
    expect.equal(sorted(os.listdir(f"{w.directory}/data")), ["public"])


@case(backend="linux")
def files_of_a_bind_mount_for_vcap_are_read(w):
    source = w.make_directory("source", 0o700)
    w.file("source/own", "own", 0o600)
    for path in (source, f"{source}/own"):
        os.chown(path, 4321, 4321)
    handle = w.create(bind_mounts=[(source, "/data", "rw")])
    expect.equal(read(w, handle, "/data/own")[0], b"own")
    w.c.call(warden.CopyOutRequest(handle=handle, src_path="/data/own", dst_path=f"{w.directory}/out"))
    with open(f"{w.directory}/out", encoding="utf-8") as file:
        expect.equal(file.read(), "own")
    expect.equal(stat.S_IMODE(os.stat(f"{w.directory}/out").st_mode), 0o600)
