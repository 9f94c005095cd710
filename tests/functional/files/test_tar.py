# SPDX-License-Identifier: Apache-2.0
"""TarIn, TarData and TarOut: streams written by other programs, and streams that other programs read."""

import io
import os
import random
import signal
import socket
import subprocess
import tarfile

import expect
import kernel
import warden
from case import case


def unpack(w, handle, target, stream, client=None, part=100_000):
    """Sends a stream in parts, all before the first answer is read."""
    client = client or w.c
    client.call(warden.TarInRequest(handle=handle, dst_path=target))
    parts = [stream[at : at + part] for at in range(0, len(stream), part)]
    for data in parts:
        client.call(warden.TarDataRequest(data=data))
    client.call(warden.TarDataRequest(end=True))


def pack(w, handle, source, client=None):
    """The whole stream."""
    client = client or w.c
    client.send(warden.TarOutRequest(handle=handle, src_path=source))
    stream = b""
    while True:
        answer = client.receive()
        if isinstance(answer, warden.WardenError):
            raise answer
        if answer.end:
            return stream
        stream += answer.data


def members(stream):
    """The members of a stream, read by Python's tarfile."""
    seen = {}
    with tarfile.open(fileobj=io.BytesIO(stream), errorlevel=2) as tar:
        for member in tar:
            data = tar.extractfile(member).read() if member.isreg() else member.linkname or None
            seen[member.name] = (member.type, member.mode if not member.issym() else None, data)
    return seen


def entry(name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, mtime=1_000_000_000):
    """A member for `archive`."""
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname, member.mode, member.mtime = kind, len(data), link, mode, mtime
    member.uid = member.gid = 12345
    return member, data


def archive(*entries, form=tarfile.PAX_FORMAT):
    """A stream of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for member, data in entries:
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


LONG = "/".join(["directory" * 8] * 6) + "/" + "name" * 50


@case
def a_stream_of_gnu_tar_is_unpacked(w):
    source = w.make_directory("source")
    os.makedirs(f"{source}/{os.path.dirname(LONG)}")
    for name, data in (("plain", b"x" * 1000), (LONG, b"long"), ("empty", b""), ("block", b"y" * 512)):
        w.file(f"source/{name}", data)
    with open(os.fsencode(source) + b"/\xff\xfe\n", "wb") as file:
        file.write(b"odd")
    w.file("source/program", "x", 0o755)
    os.symlink("t" * 150, f"{source}/link")
    os.link(f"{source}/plain", f"{source}/hard")
    os.mkfifo(f"{source}/fifo")
    os.mkdir(f"{source}/closed")
    w.file("source/closed/file", "in it")
    os.chmod(f"{source}/closed", 0o500)
    for form in ("gnu", "pax", "oldgnu"):
        made = subprocess.run(["tar", "-C", source, "-c", f"--format={form}", "."], capture_output=True, check=True)
        handle = w.create()
        unpack(w, handle, "there", made.stdout)
        entries = w.c.call(warden.FileListRequest(handle=handle, path="there")).entries
        names = ["block", "closed", "directory" * 8, "empty", "hard", "link", "plain", "program", "\udcff\udcfe\n"]
        expect.equal([e.name for e in entries], names, form)
        expect.equal(w.run(handle, "cd there; stat -c %a closed program; readlink link"), f"500\n755\n{'t' * 150}\n")
        expect.equal(w.run(handle, f"cd there; cat {LONG} hard block closed/file; stat -c %h plain"),
                     "long" + "x" * 1000 + "y" * 512 + "in it2\n")  # fmt: skip
        w.run(handle, "chmod 700 there/closed")


@case
def the_last_mode_of_a_directory_counts(w):
    handle = w.create()
    first = [entry(name, tarfile.DIRTYPE, mode=0o500) for name in ("a", "b", "c")]
    again = [("a", 0o700), ("b", 0o550), ("c", 0o755), ("c", 0o570)]
    inside = [entry("b/file", data=b"x")]
    stream = archive(*first, *inside, *(entry(name, tarfile.DIRTYPE, mode=mode) for name, mode in again))
    unpack(w, handle, "there", stream)
    expect.equal(w.run(handle, "cd there; stat -c %a a b c"), "700\n550\n570\n")
    w.run(handle, "chmod 700 there/*")


@case
def a_late_mode_does_not_follow_a_link_in_the_place_of_the_directory(w):
    handle = w.create()
    w.run(handle, "mkdir -p there && mkdir -m 755 there/other")
    stream = archive(entry("d", tarfile.DIRTYPE, mode=0o500), entry("e", tarfile.DIRTYPE, mode=0o500))
    w.c.call(warden.TarInRequest(handle=handle, dst_path="there"))
    w.c.call(warden.TarDataRequest(data=stream[:1024]))
    w.run(handle, "until [ -d there/e ]; do sleep 0.01; done; mv there/d . && ln -s other there/d")
    w.c.call(warden.TarDataRequest(data=stream[1024:]))
    expect.error_like("unpack d: ", w.c.call, warden.TarDataRequest(end=True))
    expect.equal(w.run(handle, "stat -c %a there/other there/e"), "755\n500\n")
    w.run(handle, "chmod 700 d there/e")


@case
def members_that_are_left_out_are_counted(w):
    handle = w.create()
    kept = entry("d/file", data=b"x")
    left_out = (entry("d/null", tarfile.CHRTYPE), entry("d/fifo", tarfile.FIFOTYPE), entry("d/hard", tarfile.LNKTYPE, link="d/null"))
    expect.equal(w.c.tar_in(handle, "one", archive(kept)), warden.TarDataResponse())
    expect.equal(w.c.tar_in(handle, "two", archive(kept, *left_out)), warden.TarDataResponse(skipped=3))
    # Each answer before the last has no field.
    w.c.call(warden.TarInRequest(handle=handle, dst_path="three"))
    expect.equal(w.c.call(warden.TarDataRequest(data=archive(*left_out))), warden.TarDataResponse())
    expect.equal(w.c.call(warden.TarDataRequest(end=True)), warden.TarDataResponse(skipped=3))


@case
def a_packed_stream_has_every_entry_with_its_mode(w):
    handle = w.create()
    w.run(handle, f"mkdir -p d/empty d/{os.path.dirname(LONG)}; cd d; echo x > file; chmod 600 file; echo long > {LONG};"
                  f"ln -s {'t' * 150} link; ln file hard; mkfifo fifo; printf '' > none; chmod 711 empty;"
                  "head -c 100000 /dev/zero | tr '\\0' z > big")  # fmt: skip
    stream = pack(w, handle, "d")
    expect.equal(len(stream) % 512, 0)
    seen = members(stream)
    link = (tarfile.SYMTYPE, None, "t" * 150)
    expected = {
        "d": (tarfile.DIRTYPE, 0o755, None),
        "d/empty": (tarfile.DIRTYPE, 0o711, None),
        "d/file": (tarfile.REGTYPE, 0o600, b"x\n"),
        "d/hard": (tarfile.REGTYPE, 0o600, b"x\n"),
        "d/none": (tarfile.REGTYPE, 0o644, b""),
        "d/big": (tarfile.REGTYPE, 0o644, b"z" * 100000),
        "d/link": link,
        f"d/{LONG}": (tarfile.REGTYPE, 0o644, b"long\n"),
    }
    part = "d"
    for name in os.path.dirname(LONG).split("/"):
        part += f"/{name}"
        expected[part] = (tarfile.DIRTYPE, 0o755, None)
    expect.equal(seen, expected)
    target = w.make_directory("out")
    subprocess.run(["tar", "-C", target, "-x"], input=stream, check=True, capture_output=True)
    with open(f"{target}/d/{LONG}", encoding="utf-8") as file:
        expect.equal(file.read(), "long\n")
    busybox = subprocess.run(["busybox", "tar", "-t"], input=stream, capture_output=True, check=False)
    expect.contains(busybox.stdout.decode(), LONG)


@case
def files_of_holes_alone_are_packed_whatever_their_size(w):
    """256 KiB fill the buffer that files are read into whose size may be wrong."""
    handle = w.create()
    sizes = (4096, 262143, 262144, 262145, 1 << 20)
    w.run(handle, "; ".join(f"truncate -s {size} {size}" for size in sizes))
    seen = members(pack(w, handle, "./"))
    expect.equal([seen[str(size)][2] == bytes(size) for size in sizes], [True] * len(sizes))


@case
def a_source_ending_in_a_slash_is_its_content(w):
    handle = w.create()
    w.run(handle, "mkdir -p d/e; echo x > d/f; echo y > d/e/g")
    expect.equal(sorted(members(pack(w, handle, "d/"))), ["e", "e/g", "f"])
    expect.equal(sorted(members(pack(w, handle, "d/f"))), ["f"])


@case
def a_stream_is_copied_from_one_container_to_another(w):
    one, other = w.create(), w.create()
    w.run(one, "mkdir d; cd d; for i in $(seq 300); do echo $i > $i; done; head -c 3000000 /dev/urandom > big")
    unpack(w, other, ".", pack(w, one, "d"))
    expect.equal(members(pack(w, other, "d")), members(pack(w, one, "d")))


@case(backend="linux")
def owners_are_the_containers_when_packed_and_vcap_when_unpacked(w):
    handle = w.create()
    w.run(handle, "mkdir /tmp/d; echo x > /tmp/d/f; chown 7:8 /tmp/d/f; chmod 600 /tmp/d/f", privileged=True)
    with tarfile.open(fileobj=io.BytesIO(pack(w, handle, "/tmp/d/"))) as tar:
        member = tar.getmember("f")
        expect.equal((member.uid, member.gid), (7, 8))
    unpack(w, handle, "here", archive(entry("f", data=b"x")))
    expect.equal(w.run(handle, "stat -c %U:%G here here/f"), "vcap:vcap\n" * 2)
    expect.error_like("f: Permission denied", unpack, w, handle, "/etc", archive(entry("f", data=b"x")))


@case
def times_of_files_and_modes_are_kept(w):
    handle = w.create()
    unpack(w, handle, "d", archive(entry("a/b", data=b"x", mode=0o4751, mtime=1_234_567_890), entry("c/", tarfile.DIRTYPE, mode=0o1777)))
    expect.equal(w.run(handle, "stat -c '%a %Y' d/a/b; stat -c %a d d/a d/c"), "4751 1234567890\n755\n755\n1777\n")
    with tarfile.open(fileobj=io.BytesIO(pack(w, handle, "d/a/b"))) as tar:
        expect.equal(tar.getmember("b").mtime, 1_234_567_890)


@case
def existing_files_are_replaced(w):
    handle = w.create()
    w.run(handle, "mkdir -p d/sub; echo old > d/f; ln -s /etc/passwd d/l; ln -s sub d/sublink; echo stays > d/sub/stays")
    unpack(w, handle, "d", archive(
        entry("f", data=b"new\n"), entry("l", data=b"no link\n"), entry("sub", tarfile.DIRTYPE, mode=0o755),
        entry("sublink", tarfile.DIRTYPE, mode=0o755), entry("sublink/g", data=b"here\n"),
    ))  # fmt: skip
    expect.equal(w.run(handle, "cd d; cat f l sub/stays sublink/g; ls sub"), "new\nno link\nstays\nhere\nstays\n")


@case
def no_name_and_no_link_leads_out_of_the_target(w):
    handle = w.create()
    outside = w.make_directory("outside", 0o777)
    canary = w.file("outside/canary", "secret", 0o666)
    evil = (
        entry("../up", data=b"x"),
        entry("a/../../up", data=b"x"),
        entry("out", tarfile.SYMTYPE, link=outside),
        entry("out/evil", data=b"x"),
        entry("file", tarfile.SYMTYPE, link=canary),
        entry("file/x", data=b"x"),
        entry("hard", tarfile.LNKTYPE, link=canary),
        entry("hard2", tarfile.LNKTYPE, link="out/canary"),
        entry("hard3", tarfile.LNKTYPE, link="../../../../../../../.." + canary),
        entry("good", data=b"good"),
    )
    expect.error_like("unpack out/evil: a link leads out of the target .and 4 more", unpack, w, handle, "d", archive(*evil))
    expect.equal(w.run(handle, "cat d/good d/up; ls d; ls"), "good" + "x" + "file\ngood\nout\nup\n" + "d\n")
    unpack(w, handle, "d", archive(entry(f"/{outside}/absolute", data=b"below the target")))
    expect.equal(w.run(handle, f"cat d/{outside}/absolute"), "below the target")
    expect.equal(os.listdir(outside), ["canary"])
    with open(canary, encoding="utf-8") as file:
        expect.equal(file.read(), "secret")


@case
def a_damaged_stream_is_an_error_with_its_position(w):
    handle = w.create()
    good = archive(entry("f", data=b"x" * 2000))
    for stream, pattern in (
        (b"\x1f\x8b" + b"x" * 1000, "gzip, not tar"),
        (b"x" * 1000, "no tar header at byte 0 of the stream"),
        (b"x" * 100, "ends at byte 100, within a header"),
        (good[:700], "ends within f"),
        (good[:2560] + b"x" * 512, "no tar header at byte 2560 of the stream"),
        (archive(entry("a\0b"), form=tarfile.USTAR_FORMAT)[:300], "within a header"),
    ):
        expect.error_like(pattern, unpack, w, handle, "d", stream)
    unpack(w, handle, "d", good)
    unpack(w, handle, "d", b"")
    expect.equal(w.run(handle, "cat d/f | wc -c"), "2000\n")


@case
def a_damaged_map_of_a_sparse_file_is_an_error(w):
    handle = w.create()
    most = str(2**63 - 1)

    def pax(data=b"12345678", **records):
        member, _ = entry("f", data=data)
        member.pax_headers = {f"GNU.sparse.{key}": value for key, value in records.items()}
        return archive((member, data))

    def mapped(text):
        return pax(text.ljust(512, b"\0") + b"12345678", major="1", minor="0", name="f", realsize="100")

    for stream in (
        pax(size="100", map="0,4,2,4"),
        pax(size="100", map="50,4,0,4"),
        pax(size="100", map="0,8,9"),
        pax(size="100", map="0,9"),
        pax(size="100", map="0,7"),
        pax(size="7", map="0,8"),
        pax(size="100", map=f"{most},8"),
        pax(size="100", map=f"0,8,{most},{most}"),
        pax(size="100", map="0,-8"),
        pax(size="100", map="0,,8"),
        pax(size="100", map="0," + "8" * 30),
        pax(size="x", map="0,8"),
        pax(size="100", numbytes="8"),
        pax(size="100", major="2"),
        mapped(b""),
        mapped(b"2\n0\n8\n"),
        mapped(b"99999999999\n0\n8\n"),
        mapped(b"1\n0\n" + b"8" * 100),
        mapped(b"1\n0\n9\n"),
        pax(b"1\n0\n8\n", major="1", realsize="100"),
    ):
        expect.error_like("sparse file", unpack, w, handle, "d", stream)
    unpack(w, handle, "d", mapped(b"1\n0\n8\n"))
    expect.equal(w.run(handle, "ls d; stat -c %s d/f; head -c 8 d/f"), "f\n100\n12345678")
    expect.error_like("unpack huge: File too large", unpack, w, handle, "d",
                      archive(_huge(entry("huge", data=b"x"), most)))  # fmt: skip


def _huge(made, size):
    member, data = made
    member.pax_headers = {"GNU.sparse.size": size, "GNU.sparse.map": "0,1"}
    return member, data


@case
def random_bytes_do_no_harm(w):
    handle = w.create()
    good = archive(entry("a/b", data=b"x" * 600), entry("n" * 200, tarfile.SYMTYPE, link="l" * 200))
    numbers = random.Random(1)
    for _ in range(150):
        damaged = bytearray(good)
        for _ in range(numbers.randrange(1, 8)):
            damaged[numbers.randrange(len(good))] = numbers.randrange(256)
        # A checksum that is right lets more of it through.
        for at in range(0, len(damaged) - 511, 512):
            block = bytes(damaged[at : at + 148]) + b" " * 8 + bytes(damaged[at + 156 : at + 512])
            if block[257:262] == b"ustar":
                damaged[at + 148 : at + 156] = b"%06o\0 " % sum(block)
        try:
            unpack(w, handle, "d", bytes(damaged))
        except warden.WardenError:
            pass
    expect.equal(w.run(handle, "ls"), "d\n")


@case
def errors_are_answered_to_the_request_that_caused_them(w):
    handle = w.create()
    expect.error("no tar_in is in progress on this connection", w.c.call, warden.TarDataRequest(data=b"x"))
    expect.error("unknown handle", pack, w, "nobody", "x")
    expect.error_like("missing: No such file", pack, w, handle, "missing")
    expect.error_like("open target .*no/such", unpack, w, handle, "no/such", archive(entry("f")))
    w.c.call(warden.TarInRequest(handle=handle, dst_path="d"))
    expect.error_like("a tar_in is already in progress", w.c.call, warden.TarInRequest(handle=handle, dst_path="e"))
    expect.equal(w.c.echo("x"), b"x")
    w.c.call(warden.TarDataRequest(data=archive(entry("f", data=b"x")), end=True))
    expect.equal(w.run(handle, "cat d/f"), "x")
    w.c.stop(handle)
    expect.error_like("Container state", unpack, w, handle, "d", b"")
    expect.equal(sorted(members(pack(w, handle, "d/"))), ["f"])


def transfer_of(w):
    """The process that moves files, or None."""
    return next(iter(kernel.transfers(w.daemon.pid)), None)


@case
def a_client_that_does_not_read_costs_little_memory(w):
    handle = w.create()
    w.run(handle, "head -c 200000000 /dev/zero > big")
    slow = w.client()
    slow.send(warden.TarOutRequest(handle=handle, src_path="big"))
    slow.receive()
    before = kernel.process(w.daemon.pid)
    expect.equal(w.c.echo("x"), b"x")
    resident = int(next(l for l in kernel.read(f"/proc/{w.daemon.pid}/status").splitlines() if l.startswith("VmRSS")).split()[1])
    expect.between(resident, 0, 30_000 if not w.sanitized else 400_000, "KiB of the daemon")
    expect.true(before is not None and transfer_of(w) is not None, "the transfer waits")
    slow.close()
    expect.eventually(lambda: transfer_of(w) is None, "the end of its process")


@case
def a_client_that_disconnects_ends_its_stream(w):
    handle = w.create()
    client = w.client()
    client.call(warden.TarInRequest(handle=handle, dst_path="d"))
    stream = archive(entry("whole", data=b"x" * 1000), entry("half", data=b"x" * 1_000_000))
    client.call(warden.TarDataRequest(data=stream[:500_000]))
    client.close()
    expect.eventually(lambda: transfer_of(w) is None, "the end of its process")
    expect.equal(w.run(handle, "ls -A d"), "whole\n")


@case
def a_destroy_ends_streams_both_ways(w):
    handle = w.create()
    w.run(handle, "head -c 100000000 /dev/zero > big")
    up, down = w.client(), w.client()
    up.call(warden.TarInRequest(handle=handle, dst_path="d"))
    down.send(warden.TarOutRequest(handle=handle, src_path="big"))
    down.receive()
    w.c.destroy(handle)
    expect.error("the container was destroyed", up.call, warden.TarDataRequest(data=b"x"))
    seen = None
    while not isinstance(seen, warden.WardenError):
        try:
            seen = down.receive()
        except warden.WardenError as error:
            seen = error
        if getattr(seen, "end", None):
            expect.fail("an error", seen)
    expect.equal(str(seen), "the container was destroyed")
    expect.eventually(lambda: transfer_of(w) is None, "the end of its process")


@case
def a_stream_that_is_killed_is_an_error(w):
    handle = w.create()
    w.c.call(warden.TarInRequest(handle=handle, dst_path="d"))
    os.kill(expect.eventually(lambda: transfer_of(w), "its process"), signal.SIGKILL)
    expect.error_like("was killed|not be passed on", lambda: [w.c.call(warden.TarDataRequest(data=b"x" * 1000)) for _ in range(100)])
    with socket.socket(fileno=os.dup(w.c.fileno())):
        expect.equal(w.c.echo("x"), b"x")
