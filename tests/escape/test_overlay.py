# SPDX-License-Identifier: Apache-2.0
"""Extended attributes by which an overlay finds other files than its layers have: whiteouts, redirects, metadata."""

import os
import subprocess

import expect
import kernel
from canary import Canary
from case import Skip, case

NAMES = ("opaque", "redirect", "metacopy", "origin", "upper", "whiteout")
ATTRIBUTES = [f"{space}.overlay.{name}" for space in ("user", "trusted") for name in NAMES]


def _options(text):
    """The options of the mount on / and of its file system."""
    (line,) = [line for line in text.splitlines() if line.split()[4] == "/"]
    return line.split()[5].split(",") + line.split()[-1].split(",")


@case(backend="linux", config={"linux": {"union": "overlay"}})
def attributes_of_an_overlay_have_no_effect(w):
    """user.overlay.* and trusted.overlay.* of root inside: no file appears, no layer of the image changes."""
    canary = Canary(w)
    handle, other = w.create(), w.create()
    options = _options(w.run(handle, "cat /proc/self/mountinfo"))
    for wrong in ("userxattr", "redirect_dir=on", "redirect_dir=follow", "metacopy=on"):
        expect.lacks(options, wrong)
    before = {path: os.lstat(path).st_ctime_ns for path in (f"{w.rootfs}/etc", f"{w.rootfs}/bin/probe", w.rootfs)}
    names = w.run(other, "ls -A / /etc", privileged=True)
    for privileged in (False, True):
        w.c.run(handle, "mkdir /tmp/d /d /etc/d; cp /bin/probe /tmp/f; touch /etc/f; mkdir /tmp/none", privileged=privileged)
        for name in ATTRIBUTES:
            for path in ("/tmp/d", "/tmp/f", "/d", "/etc", "/etc/d", "/etc/f", "/tmp/none", "/"):
                seen = w.run(handle, f"probe_rights attribute {path} {name}", privileged=privileged).strip()
                if name.startswith("trusted"):
                    expect.contains(("EPERM", "EOPNOTSUPP", "ENOENT"), seen, f"{name} of {path}")
        w.run(handle, "ls /tmp/d /d /etc/d /tmp/none; cat /tmp/f >/dev/null; true", privileged=privileged)
        expect.contains(w.run(handle, "ls /etc", privileged=privileged), "passwd")
    for parent, folders, files in os.walk(f"{w.path_of(handle)}"):
        for name in (*folders, *files):
            found = os.listxattr(f"{parent}/{name}", follow_symlinks=False)
            expect.equal([each for each in found if each.startswith("trusted.overlay.redirect")], [], name)
    expect.equal({path: os.lstat(path).st_ctime_ns for path in before}, before, "the image")
    expect.equal(w.run(other, "ls -A / /etc", privileged=True), names)
    canary.check()


@case(backend="linux")
def with_userxattr_they_have_an_effect(w):
    """The control: on an overlay with userxattr such an attribute hides the files of the image."""
    place = w.make_directory("place")
    for name in ("lower/d", "upper/d", "work", "merged"):
        os.makedirs(f"{place}/{name}")
    with open(f"{place}/lower/d/file", "w", encoding="ascii") as file:
        file.write("x")
    os.setxattr(f"{place}/upper/d", "user.overlay.opaque", b"y")
    for option, seen in (("", ["file"]), (",userxattr", [])):
        try:
            kernel.mount("none", f"{place}/merged", "overlay", 0,
                         f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work{option}")  # fmt: skip
        except OSError as error:
            raise Skip(f"no overlay here: {error}") from error
        expect.equal(os.listdir(f"{place}/merged/d"), seen)
        kernel.umount(f"{place}/merged")
    subprocess.run(["rm", "-rf", place], check=True)
