# SPDX-License-Identifier: Apache-2.0
"""Prepares the run of linux cases: namespaces for the run and a root file system."""

import glob
import os
import subprocess

import kernel


def prepare(directory):
    """Isolates root's run from the machine; returns why that failed, or an empty text.

    Afterwards only the run's directory is writable, so a faulty daemon cannot damage the machine. The
    directory must be on a file system that supports idmapped mounts; overlay, as in a container that
    runs the tests, does not, so a tmpfs is used then.
    """
    if os.geteuid() != 0:
        return "needs root"
    try:
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET)
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        if kernel.filesystem_type(directory) == "overlay":
            kernel.mount("tmpfs", directory, "tmpfs", kernel.MS_NOSUID, "mode=755")
        else:
            kernel.mount(directory, directory, None, kernel.MS_BIND)
        kernel.make_read_only(directory)
    except OSError as error:
        return f"needs namespaces: {error}"
    os.environ["TMPDIR"] = directory
    return ""


def make_host(build, directory):
    """Makes a root file system of the host's programs; returns why that failed, or an empty text."""
    made = subprocess.run(
        [build.path("warden-rootfs"), "--host", directory],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return f"warden-rootfs failed: {made.stderr.strip()}" if made.returncode != 0 else ""


def make(source, directory):
    """Makes the root file system with the probes, programs for attempts from inside: tests/linux/probe.c and
    tests/escape/probe_*.c, in /bin; returns why that failed, or an empty text."""
    compiler = os.environ.get("CC", "cc").split() + ["-std=gnu11", "-static", "-O1", f"-I{source}"]
    commands = [[f"{source}/client/unpack/warden-rootfs.in", "--host", directory]]
    for probe in (f"{source}/tests/linux/probe.c", *sorted(glob.glob(f"{source}/tests/escape/probe_*.c"))):
        name = os.path.basename(probe).removesuffix(".c")
        commands.append([*compiler, "-o", f"{directory}/bin/{name}", probe])
    for command in commands:
        made = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if made.returncode != 0:
            return f"{command[0]} failed: {made.stderr.strip()}"
    return ""
