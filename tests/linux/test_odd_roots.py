# SPDX-License-Identifier: Apache-2.0
"""Root file systems as images have them: links to nothing, large and damaged databases of users."""

import os

import expect
import kernel
import warden
from case import case


def _layer(w, name, files=(), links=()):
    """A directory with these files and links; its path."""
    path = w.make_directory(name)
    for file, text in dict(files).items():
        os.makedirs(os.path.dirname(f"{path}/{file}"), exist_ok=True)
        with open(f"{path}/{file}", "w", encoding="utf-8") as out:
            out.write(text)
    for link, target in dict(links).items():
        os.makedirs(os.path.dirname(f"{path}/{link}"), exist_ok=True)
        os.symlink(target, f"{path}/{link}")
    return path


@case(backend="linux")
def links_to_nothing_in_place_of_directories_lead_inside(w):
    outside = f"{w.directory}/outside"
    links = {"home": "var/home", "etc": f"{outside}/etc", "dev": "/nowhere", "proc": "../../x", "sys": "loop", "loop": "sys"}
    handle = w.create(layers=[_layer(w, "top", links=links), w.rootfs])
    expect.equal(w.run(handle, "cd; pwd -P; readlink /home; id -un; cat /etc/hostname"),
                 f"/var/home/vcap\nvar/home\nvcap\n{handle}\n")  # fmt: skip
    expect.equal(w.run(handle, f"cd {outside}/etc; ls hosts; ls -d /proc/self/fd /sys/class; echo > /dev/null"),
                 "hosts\n/proc/self/fd\n/sys/class\n")  # fmt: skip
    expect.equal(os.path.lexists(outside), False, "something was made outside")


@case(backend="linux")
def files_in_place_of_dev_proc_and_sys_are_replaced(w):
    handle = w.create(layers=[_layer(w, "top", {"dev": "x", "proc": "x", "sys": "x"}), w.rootfs])
    expect.equal(w.run(handle, "ls -d /proc/self/fd /sys/class; echo > /dev/null"), "/proc/self/fd\n/sys/class\n")


@case(backend="linux")
def targets_of_bind_mounts_are_made_where_links_lead(w):
    outside = f"{w.directory}/outside"
    links = {"data": "srv/./data", "abs": outside, "etc/resolv2": "../run/x/resolv", "up": "../../../missing/../there"}
    source, file = w.make_directory("source"), w.file("f", "file\n")
    with open(f"{source}/a", "w", encoding="utf-8") as out:
        out.write("a\n")
    targets = {"/data": source, "/abs/below": source, "/etc/resolv2": file, "/up": source}
    handle = w.create(layers=[_layer(w, "top", links=links), w.rootfs], bind_mounts=[(s, t, "ro") for t, s in targets.items()])
    expect.equal(w.run(handle, f"cat /srv/data/a {outside}/below/a /run/x/resolv /there/a /data/a /abs/below/a /etc/resolv2 /up/a"),
                 "a\na\nfile\na\na\na\nfile\na\n")  # fmt: skip
    expect.equal((os.path.lexists(outside), os.listdir(source)), (False, ["a"]))


@case(backend="linux")
def targets_that_links_lead_to_dev_or_round_are_named(w):
    links = {"device": "dev/x/y", "loop": "loop2", "loop2": "loop"}
    layers = [_layer(w, "top", links=links), w.rootfs]
    source = w.make_directory("source")
    for target, text in (("/device", "is in /dev"), ("/loop", "make /loop for bind mount target /loop: Too many levels")):
        expect.error_like(text, w.create, layers=layers, bind_mounts=[(source, target, "ro")])


def _user(w, handle, user, script="id -u; id -g; pwd; echo $USER"):
    return w.c.call(warden.RunRequest(handle=handle, argv=["sh", "-c", script], user=user))


@case(backend="linux")
def a_user_is_found_wherever_its_line_stands_and_however_long_it_is(w):
    many = "".join(f"user{n}:x:{20_000 + n}:{10_000 + n}:of the directory:/home/user{n}:/bin/sh\n" for n in range(40_000))
    long = "x" * 300_000
    passwd = f"root:x:0:0:root:/root:/bin/sh\n{many}long:x:1500:1501:{long}:/tmp:/bin/sh\nlate:x:1600:1601::/usr\n"
    group = f"root:x:0:\nbig:x:2500:{','.join(f'user{n}' for n in range(40_000))}\nlast:x:2600:late\n"
    top = _layer(w, "top", {"etc/passwd": passwd, "etc/group": group})
    handle = w.create(layers=[top, w.rootfs])
    for user, wanted in (
        ("late", "1600\n1601\n/usr\nlate\n"),
        ("1600", "1600\n1601\n/usr\nlate\n"),
        ("long", "1500\n1501\n/tmp\nlong\n"),
        ("1500:last", "1500\n2600\n/tmp\nlong\n"),
        ("user39999:big", "59999\n2500\n/\nuser39999\n"),
        ("1601", "1601\n1601\n/\n1601\n"),
    ):
        seen = _user(w, handle, user)
        expect.equal((seen.exit_status, seen.stdout.decode(), seen.end.start_error), (0, wanted, None), user)
    expect.equal(w.run(handle, "id -un; pwd"), "vcap\n/home/vcap\n")


@case(backend="linux")
def a_line_that_cannot_be_read_gives_no_other_ids(w):
    lines = (
        "+::::::",
        "# comment",
        "",
        "short:x:1500",
        "odd:x:1600:12a:::",
        "none:x::1700:::",
        f"far:x:1800:1801::/{'h' * 5000}:/bin/sh",
        "blank:x:1900 :1901:::",
        "beyond:x:70000:70000::/:/bin/sh",
        "fine:x:2000:2001",
    )
    groups = ("torn:x", "worse:x:1x:", "good:x:7:")
    top = _layer(w, "top", {"etc/passwd": "\n".join(lines), "etc/group": "\n".join(groups)})
    handle = w.create(layers=[top, w.rootfs])
    for user in ("short", "1500", "odd", "1600", "none", "far", "1800", "blank", "1900"):
        seen = _user(w, handle, user)
        expect.contains(seen.end.start_error or "", f"the line of the user in /etc/passwd is damaged: user {user}")
    for group in ("torn", "worse"):
        seen = _user(w, handle, f"fine:{group}")
        expect.contains(seen.end.start_error or "", f"the line of the group in /etc/group is damaged: user fine:{group}")
    expect.contains(_user(w, handle, "beyond").end.start_error or "", "user beyond: Invalid argument")
    expect.result(_user(w, handle, "fine:good"), 0, b"2000\n7\n/\nfine\n")
    expect.result(_user(w, handle, "1700"), 0, b"1700\n1700\n/\n1700\n")
    w.run(handle, "rm /etc/passwd; mkdir /etc/passwd", privileged=True)
    expect.contains(_user(w, handle, "1000").end.start_error or "", "read /etc/passwd: Invalid argument")
    expect.equal(w.run(handle, "id -u", privileged=True), "0\n")
    w.run(handle, "rmdir /etc/passwd", privileged=True)
    expect.result(_user(w, handle, "1000"), 0, b"1000\n1000\n/\n1000\n")
    w.run(handle, "truncate -s 1000G /etc/passwd", privileged=True)
    expect.contains(_user(w, handle, "1000").end.start_error or "", "read /etc/passwd: File too large")


@case(backend="linux")
def an_images_working_directory_is_made(w):
    top = _layer(w, "top", {"srv/x": ""}, {"app": "opt/app", "out": f"{w.directory}/outside"})
    for number, (path, real) in enumerate((
        ("/new/of/image", "/new/of/image"), ("/app/here", "/opt/app/here"), ("/srv", "/srv"), ("/out", f"{w.directory}/outside")
    )):  # fmt: skip
        w.file("top.json", f'{{"working_dir": "{path}", "user": "root"}}')
        handle = w.create(layers=[top, w.rootfs])
        expect.equal(w.run(handle, "pwd -P; stat -c %u:%g:%a ."), f"{real}\n0:0:755\n", f"{number}")
    expect.equal(os.path.lexists(f"{w.directory}/outside"), False, "something was made outside")
    w.file("top.json", '{"working_dir": "/srv/x/y"}')
    handle = w.create(layers=[top, w.rootfs])
    expect.contains(w.c.run(handle, "pwd").end.start_error or "", "working_dir /srv/x/y: Not a directory")
    expect.eventually(lambda: "the image's working_dir /srv/x/y is not made" in w.daemon.log(), "a line of the log")
    expect.equal(kernel.read(f"{top}/srv/x"), "")
