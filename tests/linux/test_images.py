# SPDX-License-Identifier: Apache-2.0
"""Containers whose root file system warden-rootfs made from an image."""

import glob
import os
import subprocess

import expect
import images
from case import Skip, case


def _unpack(w, *arguments):
    if not w.build.has("unpack"):
        raise Skip("needs libarchive")
    line = ["bash", w.build.path("warden-rootfs"), *arguments, f"{w.directory}/image-root"]
    made = subprocess.run(line, capture_output=True, text=True, check=False, cwd=w.directory)
    expect.equal((made.returncode, made.stderr), (0, ""))
    return f"{w.directory}/image-root"


@case(backend="linux")
def a_container_runs_programs_of_an_images_layers(w):
    upper = images.tar(
        images.file("srv/new", b"from above\n", uid=1, gid=1), images.file("etc/.wh.shells"), images.file("srv/x")
    )
    layers = [images.tar_of(w.rootfs), upper]
    layout = images.Layout(f"{w.directory}/layout").add(layers).close()
    handle = w.create(rootfs=_unpack(w, "--oci", layout))
    seen = w.run(handle, "cat /srv/new; stat -c %u:%g /srv/new; ls /etc/shells || id -un")
    expect.equal(seen, "from above\n1:1\nvcap\n")


@case(backend="linux")
def an_image_of_a_few_programs_is_sufficient(w):
    """The image has no directories of a system: no /dev, /proc, /sys, /tmp, /etc."""
    entries = [images.directory("bin"), images.symlink("bin/sh", "bash")]
    libraries = glob.glob(f"{w.rootfs}/usr/lib/**/lib*.so*", recursive=True)
    loaders = glob.glob(f"{w.rootfs}/lib*/ld-linux*")
    for path in [f"{w.rootfs}/usr/bin/bash", *libraries, *loaders]:
        name = os.path.relpath(path, w.rootfs).replace("usr/bin", "bin")
        with open(path, "rb") as stream:
            entries.append(images.file(name, stream.read(), 0o755))
    archive = f"{w.directory}/image.tar"
    with open(archive, "wb") as stream:
        stream.write(images.docker_archive([images.tar(*entries)]))
    handle = w.create(rootfs=_unpack(w, "--docker-archive", archive))
    expect.equal(w.run(handle, "echo $((6 * 7)); echo >/dev/null; test -d /proc/self && echo proc"), "42\nproc\n")



@case(backend="linux")
def files_of_ids_that_containers_do_not_have_are_named_at_create(w):
    layers = [images.tar_of(w.rootfs), images.tar(images.file("srv/far", b"x", uid=70000))]
    layout = images.Layout(f"{w.directory}/layout").add(layers).close()
    line = ["bash", w.build.path("warden-rootfs"), "--oci", layout, f"{w.directory}/image-root"]
    if not w.build.has("unpack"):
        raise Skip("needs libarchive")
    made = subprocess.run(line, capture_output=True, text=True, check=False, cwd=w.directory)
    expect.equal(made.returncode, 0, made.stderr)
    handle = w.create(rootfs=f"{w.directory}/image-root")
    expect.contains(w.daemon.log(), "1 files have owners above 65535", "the log")
    expect.contains(w.daemon.log(), "srv/far (70000:", "the log names the file")
    expect.equal(w.run(handle, "stat -c %U /srv/far").strip(), "nobody")
