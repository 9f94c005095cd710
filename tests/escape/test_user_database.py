# SPDX-License-Identifier: Apache-2.0
"""/etc/passwd and /etc/group of an image or of root inside, which the daemon reads at a create and wshd at each job."""

import os
import stat

import expect
import kernel
import warden
from canary import Canary
from case import case

MIB = 1 << 20
# What root inside makes of the files, by name.
CHANGES = {
    "a fifo": "mkfifo $f",
    "a link to the host": "ln -s /proc/1/root{canary} $f",
    "a link to a device": "ln -s /dev/zero $f",
    "a link to itself": "ln -s $f $f",
    "a line of 4 GiB": "truncate -s 4G $f",
    "a million lines": "yes vcap:x:0:0::/:/bin/sh | head -n 1000000 > $f",
    "a directory": "mkdir $f",
    "user 0": "echo 'vcap:x:0:0::/:/bin/sh\n10000:x:0:0::/:/bin/sh\n1234:x:0:0::/:/bin/sh' > $f",
    "user -1": "echo 'vcap:x:-1:-1::/:/bin/sh\n1234:x:4294967295:4294967295::/:/bin/sh' > $f",
    "user 2^32": "echo 'vcap:x:4294967296:4294967296::/:/bin/sh\n1234:x:4294967296:0::/:/bin/sh' > $f",
    "nothing": "true",
}


def _uid(w, handle, **fields):
    """The real uid of a job, as it sees it; an empty text if it does not start. A shell would read the files itself."""
    lines = w.c.run(handle, argv=["/bin/probe_rights", "status"], **fields).stdout.decode().splitlines()
    return "".join(line.split()[1] for line in lines if line.startswith("Uid:"))


@case(backend="linux", limit=240, long=True)
def what_root_inside_makes_of_it_neither_hangs_nor_promotes(w):
    """CVE-2016-3697, CVE-2026-47262: root inside replaces passwd and group by a fifo, links, 4 GiB, users with uid 0."""
    canary = Canary(w)
    other = w.create()
    for name, change in CHANGES.items():
        handle = w.create()
        vcap = _uid(w, handle)
        before = kernel.resident(w.daemon.pid), kernel.resident(w.init_of(handle))
        change = change.format(canary=canary.file)
        w.run(handle, f"for f in /etc/passwd /etc/group; do rm -f $f; {change}; done", privileged=True)
        with expect.within(25, f"jobs with {name}"):
            expect.contains((vcap, ""), _uid(w, handle), f"vcap with {name}")
            expect.contains(("1234", ""), _uid(w, handle, user="1234"), f"a number with {name}")
            expect.contains(("1234", ""), _uid(w, handle, user="1234:1234"), f"two numbers with {name}")
            expect.contains(("0", ""), _uid(w, handle, privileged=True), f"root with {name}")
            _uid(w, handle, user="nobody:nogroup")
            with_files = [warden.CopyInRequest(handle=handle, src_path=canary.file, dst_path="/tmp/copy"),
                          warden.FileWriteRequest(handle=handle, path="/tmp/file", data=b"x")]  # fmt: skip
            for request in with_files:
                try:
                    w.c.call(request)
                except warden.WardenError:
                    pass
            expect.equal(w.run(other, "echo fine"), "fine\n", name)
        for path in ("copy", "file"):
            made = f"/proc/{w.init_of(handle)}/root/tmp/{path}"
            if os.path.lexists(made):
                seen = os.lstat(made)
                expect.true(seen.st_uid >= w.range_start and not seen.st_mode & stat.S_ISUID, "vcap's file", seen)
        after = kernel.resident(w.daemon.pid), kernel.resident(w.init_of(handle))
        expect.true(all(b - a < 16 * MIB for a, b in zip(before, after)), f"memory with {name}", f"{before} {after}")
        canary.check()
        with expect.within(5, "destroy"):
            w.c.destroy(handle)


@case(backend="linux", limit=60)
def an_image_with_a_huge_one_is_refused_in_bounded_memory(w):
    """CVE-2022-4318, CVE-2026-47262: passwd of 4 GiB in the image; a user with lines that would be added to it."""
    rootfs = f"{w.directory}/rootfs"
    handle = w.create()
    passwd = w.run(handle, "cat /etc/passwd")
    for text in ("x\nevil:x:0:0::/:/bin/sh", "x:y\n", ":", "evil:x:0:0", "-1", "4294967295", "4294967296", " 0", "+0", "0x0"):
        try:
            seen = w.c.run(handle, "id -u", user=text)
        except warden.WardenError:
            continue
        expect.true(seen.stdout.strip() not in (b"0", b"4294967295") or seen.exit_status != 0, f"user {text!r}", seen)
    expect.equal(w.run(handle, "cat /etc/passwd"), passwd)
    for name in ("passwd", "group"):
        os.makedirs(f"{rootfs}/etc", exist_ok=True)
        with open(f"{rootfs}/etc/{name}", "wb") as file:
            file.truncate(4 << 30)
        before = kernel.resident(w.daemon.pid)
        with expect.within(5, f"a create with a {name} of 4 GiB"):
            expect.error_like(f"/etc/{name} of .*File too large", w.create, rootfs=rootfs)
        expect.true(kernel.resident(w.daemon.pid) - before < 16 * MIB, "memory of the daemon")
        os.unlink(f"{rootfs}/etc/{name}")
