# SPDX-License-Identifier: Apache-2.0
"""One archive becomes the same files whichever way it is read: by TarIn, from a tar, from an image in each form."""

import io
import os
import subprocess
import tarfile

import expect
import images
import warden
from case import Skip, case
from images import device, directory, file, link, pipe, symlink, tar


def _unpacked(w, handle, stream, target):
    w.c.call(warden.TarInRequest(handle=handle, dst_path=target))
    w.c.call(warden.TarDataRequest(data=stream, end=True))
    w.c.send(warden.TarOutRequest(handle=handle, src_path=f"{target}/"))
    packed = b""
    while not (answer := w.c.receive()).end:
        packed += answer.data
    return _members(packed)


def _members(stream):
    """What is in a stream: type, link and content by name. A hard link counts as the file it is one of."""
    seen = {}
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name == ".":
                continue
            data = archive.extractfile(member).read() if member.isreg() or member.islnk() else None
            kind = tarfile.REGTYPE if member.islnk() else member.type
            seen[name] = (kind.decode(), member.linkname if member.issym() else "", data)
    return seen


def _rootfs(w, *arguments):
    """What warden-rootfs makes, and what it says."""
    if not w.build.has("unpack"):
        raise Skip("needs libarchive")
    made_at = f"{w.directory}/made{arguments[0]}{len(os.listdir(w.directory))}"
    line = ["bash", w.build.path("warden-rootfs"), *arguments, made_at]
    made = subprocess.run(line, capture_output=True, text=True, check=False, cwd=w.directory)
    expect.equal(made.returncode, 0, made.stderr)
    return _members(images.tar_of(made_at)), made.stderr


def _everywhere(w, *entries, stream=None):
    """What every reader makes of these entries; they must agree."""
    stream = stream or tar(*entries)
    system = tar(directory("etc"), directory("usr"))
    path = w.file("x.tar", stream)
    docker = w.file("docker.tar", images.docker_archive([system, stream]))
    layout = f"{w.directory}/layout"
    if not os.path.exists(layout):
        os.mkdir(layout)
    layout = images.Layout(f"{layout}/{len(os.listdir(layout))}").add([system, stream]).close()
    seen = _unpacked(w, w.create(), stream, "d")
    for arguments in (("--tar", path), ("--docker-archive", docker), ("--oci", layout)):
        made, said = _rootfs(w, *arguments)
        if arguments[0] != "--tar":
            made = {name: what for name, what in made.items() if name not in ("etc", "usr") or name in seen}
        expect.equal(made, seen, f"{arguments[0]} against tar_in")
        left_out = [line for line in said.splitlines() if "left out" in line]
        expect.equal(said.splitlines(), left_out, arguments[0])
    return seen, left_out


@case(module=False)
def names_begin_at_the_root_and_never_leave_it(w):
    outside = w.make_directory("outside", 0o777)
    entries = (
        directory("/a"),
        file("/a/absolute", b"1"),
        file("//a//./twice", b"2"),
        link("/a/hard", "/a/absolute"),
        file("../up", b"3"),
        file("a/../../../a/up", b"4"),
        link("a/hard2", "../../up"),
        file(f"{outside}/evil", b"5"),
        symlink("a/out", "../../../x"),
        symlink("a/abs", "/x"),
    )
    seen, _ = _everywhere(w, *entries)
    above = [part for part in outside.split("/") if part]
    wanted = {
        "a": ("5", "", None),
        "a/absolute": ("0", "", b"1"),
        "a/twice": ("0", "", b"2"),
        "a/hard": ("0", "", b"1"),
        "up": ("0", "", b"3"),
        "a/up": ("0", "", b"4"),
        "a/hard2": ("0", "", b"3"),
        "a/out": ("2", "../../../x", None),
        "a/abs": ("2", "/x", None),
        f"{'/'.join(above)}/evil": ("0", "", b"5"),
        **{"/".join(above[:n]): ("5", "", None) for n in range(1, len(above) + 1)},
    }
    expect.equal(seen, wanted)
    expect.equal(os.listdir(outside), [])


@case(module=False)
def devices_and_fifos_are_left_out_with_their_number(w):
    entries = (directory("dev"), device("dev/null"), device("dev/zero"), pipe("dev/initctl"), file("f", b"x"))
    seen, said = _everywhere(w, *entries)
    expect.equal(sorted(seen), ["dev", "f"])
    text = "3 device nodes, fifos or sockets are left out (containers have their own /dev). The first is dev/null"
    expect.equal(said, [f"warden-rootfs: warning: {text}"])
    text = "3 device nodes or fifos of the tar stream are left out. The first is dev/null"
    expect.eventually(lambda: text in w.daemon.log(), "a line of the log")


@case(module=False)
def hard_links_to_what_is_left_out_are_left_out_too(w):
    entries = (
        directory("dev"),
        device("dev/null"),
        link("dev/null2", "dev/null"),
        link("dev/null3", "dev/null2"),
        device("none/zero"),
        link("null4", "/none/./zero"),
        device("kept"),
        file("kept", b"x"),
        link("kept2", "kept"),
    )
    seen, said = _everywhere(w, *entries)
    expect.equal(sorted(seen), ["dev", "kept", "kept2"])
    expect.contains(said[0], "6 device nodes, fifos or sockets are left out")
    expect.eventually(lambda: "6 device nodes or fifos of the tar stream are left out" in w.daemon.log(), "a line of the log")


def _header(name, kind, content=b""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime, info.mode = kind, len(content), 1_000_000_000, 0o755
    return info, content


@case(module=False)
def members_that_hold_nothing_are_skipped_and_unknown_ones_are_files(w):
    stream = io.BytesIO()
    for info, content in (
        _header("a volume", b"V"),
        _header("dump", b"D", b"Ya\0Nb\0\0"),
        _header("dump/a", b"0", b"a"),
        _header("contiguous", b"7", b"c"),
        _header("odd", b"Z", b"z"),
    ):
        stream.write(info.tobuf(tarfile.GNU_FORMAT))
        stream.write(content + bytes(-len(content) % 512))
    stream.write(bytes(1024))
    seen, _ = _everywhere(w, stream=stream.getvalue())
    expect.equal({name: what[2] for name, what in seen.items()},
                 {"dump": None, "dump/a": b"a", "contiguous": b"c", "odd": b"z"})  # fmt: skip


@case(module=False)
def sparse_files_of_every_form_have_their_content_and_holes(w):
    os.mkdir(f"{w.directory}/in")
    for name, parts, size in (
        ("many", [(at << 16, b"%d" % at) for at in range(60)], 4 << 20),
        ("few", [(1 << 16, b"x" * 5000), (3 << 16, b"end")], (3 << 16) + 3),
        ("hole", [], 1 << 20),
        ("gap-at-end", [(0, b"begin")], 1 << 20),
    ):
        with open(f"{w.directory}/in/{name}", "wb") as made:
            for at, data in parts:
                made.seek(at)
                made.write(data)
            made.truncate(size)
    wanted = {}
    for name in os.listdir(f"{w.directory}/in"):
        with open(f"{w.directory}/in/{name}", "rb") as made:
            wanted[name] = ("0", "", made.read())
    for form in ("gnu", "oldgnu", "pax --sparse-version=0.0", "pax --sparse-version=0.1", "pax --sparse-version=1.0"):
        line = ["tar", "-C", f"{w.directory}/in", "-cS", *f"--format={form}".split(), *sorted(wanted)]
        made = subprocess.run(line, capture_output=True, check=True).stdout
        expect.between(len(made), 1, 1 << 20, "bytes: GNU tar has found the holes")
        expect.equal(_everywhere(w, stream=made)[0], wanted, form)
        handle = w.create()
        _unpacked(w, handle, made, "d")
        for line in w.run(handle, "stat -c '%n %b' d/*").splitlines():
            expect.between(int(line.split()[1]), 0, 2048, line)


@case(module=False)
def a_member_below_a_file_replaces_it(w):
    seen, _ = _everywhere(w, file("f", b"old"), file("f/below", b"new"), file("a/b", b"old"), file("a/b/c/d", b"new"))
    expect.equal({name: what[2] for name, what in seen.items()},
                 {"f": None, "f/below": b"new", "a": None, "a/b": None, "a/b/c": None, "a/b/c/d": b"new"})  # fmt: skip


@case(module=False)
def a_member_below_a_link_goes_where_the_link_leads(w):
    seen, _ = _everywhere(w, directory("usr/lib"), symlink("lib", "usr/lib"), file("lib/x", b"x"),
                          symlink("home", "var/./home"), file("home/me/f", b"f"))  # fmt: skip
    expect.equal((seen["usr/lib/x"][2], seen["var/home/me/f"][2]), (b"x", b"f"))
    expect.equal((seen["lib"][1], seen["home"][1]), ("usr/lib", "var/./home"))


@case(module=False)
def a_link_out_of_the_target_of_a_stream_is_not_followed(w):
    handle = w.create()
    for number, target in enumerate(("/etc", "..", "../..", "/nowhere", "../nowhere")):
        stream = tar(symlink("out", target), file("out/evil", b"x"))
        expect.error_like("unpack out/evil: a link leads out of the target", _unpacked, w, handle, stream, f"d{number}")
    expect.equal(w.run(handle, "ls"), "".join(f"d{number}\n" for number in range(5)))


@case(module=False)
def the_last_member_of_a_name_counts_whatever_it_was_before(w):
    below = (directory("x", 0o500), file("x/a", b"a"), directory("x/d", 0o500), file("x/d/b", b"b"))
    closed = (directory("x", 0o755),)
    other = (directory("o"), file("o/kept", b"kept"))
    dir_o = {"o": ("5", "", None), "o/kept": ("0", "", b"kept")}
    for name, entries, wanted in (
        ("a file over a directory", (*below, file("x", b"1")), {"x": ("0", "", b"1")}),
        ("a file over an empty directory", (*closed, file("x", b"1")), {"x": ("0", "", b"1")}),
        ("a symbolic link over a directory", (*below, symlink("x", "t")), {"x": ("2", "t", None)}),
        ("a symbolic link over an empty directory", (*closed, symlink("x", "t")), {"x": ("2", "t", None)}),
        ("a hard link over a directory", (*other, *below, link("x", "o/kept")), {**dir_o, "x": ("0", "", b"kept")}),
        ("a hard link over its target's directory", (*below, link("x", "x/d/b")), {"x": ("0", "", b"b")}),
        ("a device over a file", (file("x", b"1"), device("x")), {}),
        ("a fifo over a link", (*other, symlink("x", "o/kept"), pipe("x")), dir_o),
        ("a device over a directory", (*below, device("x")), {}),
        ("a name of a device over a file", (file("x", b"1"), device("y"), link("x", "y")), {}),
        ("a hard link to itself", (file("x", b"1"), link("x", "./x")), {"x": ("0", "", b"1")}),
        ("a hard link to itself through a link", (*other, symlink("l", "o"), link("l/kept", "o/kept")),
         {**dir_o, "l": ("2", "o", None)}),
        ("a directory over a file", (file("x", b"1"), directory("x")), {"x": ("5", "", None)}),
        ("a directory over a link to one", (*other, symlink("x", "o"), directory("x"), file("x/f", b"f")),
         {**dir_o, "x": ("5", "", None), "x/f": ("0", "", b"f")}),
        ("a directory over a directory", (*other, directory("o")), dir_o),
    ):  # fmt: skip
        expect.equal(_everywhere(w, *entries)[0], wanted, name)
    log = "replaced the directory x, which was not empty"
    expect.eventually(lambda: log in w.daemon.log(), "a line of the log")


@case(module=False)
def what_cannot_be_made_is_an_error_of_every_reader(w):
    if not w.build.has("unpack"):
        raise Skip("needs libarchive")
    handle = w.create()
    for number, (name, *entries) in enumerate((
        ("x", link("x", "x")),
        ("x", link("x", "missing")),
        ("x", directory("d"), link("x", "d")),
        (".", file(".", b"1")),
        (".", symlink("./", "x")),
    )):  # fmt: skip
        stream = tar(*entries)
        expect.error_like("unpack ", _unpacked, w, handle, stream, f"d{number}")
        line = ["bash", w.build.path("warden-rootfs"), "--tar", w.file("x.tar", stream), f"{w.directory}/made"]
        made = subprocess.run(line, capture_output=True, text=True, check=False, cwd=w.directory)
        expect.equal((made.returncode, os.path.exists(f"{w.directory}/made")), (1, False), made.stderr)
        expect.contains(made.stderr, f"x.tar: {name}" if name == "x" else "the root is not a directory")


@case(backend="linux")
def a_member_below_an_absolute_link_stays_in_the_root(w):
    handle = w.create()
    w.run(handle, "chown vcap /; mkdir -m 777 /q", privileged=True)
    stream = tar(symlink("abs", "/q"), file("abs/f", b"f"), symlink("up", "/../../q/new"), file("up/g", b"g"))
    w.c.tar_in(handle, "/", stream)
    expect.equal(w.run(handle, "cat /q/f /q/new/g; readlink /abs; readlink /up"), "fg/q\n/../../q/new\n")
    made, _ = _rootfs(w, "--tar", w.file("x.tar", stream))
    expect.equal((made["q/f"][2], made["q/new/g"][2], made["abs"][1]), (b"f", b"g", "/q"))
