# SPDX-License-Identifier: Apache-2.0
"""Texts of clients and images that become lines, words or options elsewhere: each stays the one text that it is."""

import os
import subprocess

import expect
import kernel
import warden
from case import case

EVIL = "x\nuser_uid=0\nslot=4242"
LONG = "x" * 65536
KEYS = (
    "id network network_netmask network_host_ip network_host_iface network_container_ip network_container_iface "
    "user_uid rootfs_path allow_nested_warden slot"
).split()
HOOKS = ("parent_before_clone", "parent_after_clone", "child_before_pivot", "child_after_pivot")


def _with_hooks(w):
    """Starts the daemon with hooks that record their environment and arguments."""
    body = "#!/bin/sh\ntr '\\0' '\\n' </proc/self/environ >>{0}/seen\necho \"$#\" >>{0}/arguments\n"
    w.daemon.settings["hooks"] = {name: w.file(f"hook-{name}", body.format(w.directory), 0o755) for name in HOOKS}
    w.daemon.start()


def _tries(w):
    """Creates with hostile texts, by name."""
    for text in (EVIL, "a=b\nc", "-o\nuser_uid=0", "\nid=0", LONG, f"/{LONG}", "--help", "-rf", "$(touch /x)", "x\ty", "\x7f"):
        path = f"{w.directory}/{text}"
        for field, value in (
            ("handle", text),
            ("hostname", text),
            ("rootfs", path),
            ("layers", [path, w.rootfs]),
            ("bind_mounts", [(path, "/m", "ro")]),
            ("bind_mounts", [(w.rootfs, f"/mnt/{text}", "ro")]),
            ("hosts", [f"10.0.0.1 {text}"]),
            ("dns_servers", [text]),
            ("properties", [("key", text)]),
            ("properties", [(text, "value")]),
            ("env", [f"{text}=value"]),
            ("env", [f"NAME={text}"]),
            ("seccomp", text),
            ("network", text),
        ):
            yield field, value


def _check_identity(w, handle):
    lines = kernel.read(f"{w.path_of(handle)}/etc/config").splitlines()
    expect.equal([line.split("=", 1)[0] for line in lines], KEYS, "keys of etc/config")
    identity = dict(line.split("=", 1) for line in lines)
    expect.true(identity["user_uid"] != "0", "the uid of vcap", identity)
    expect.true(identity["slot"] != "4242", "a slot of its own", identity)
    return identity


@case(backend="linux", daemon=False, limit=120)
def texts_of_a_create_stay_in_their_line(w):
    """CVE-2022-0811, CVE-2026-23953: a newline or = in a text of a create adds a line to a file or hook's environment."""
    _with_hooks(w)
    made = 0
    for field, value in _tries(w):
        try:
            handle = w.create(**{field: value})
        except warden.WardenError:
            continue
        identity = _check_identity(w, handle)
        inside = w.run(handle, "cat /etc/hosts /etc/resolv.conf; hostname", privileged=True)
        expect.lacks(inside.splitlines(), "user_uid=0", f"{field} {str(value)[:80]!r}")
        environment = kernel.read(f"{w.directory}/seen").splitlines()
        allowed = {*KEYS, "PATH", "PID", "container_path", "PWD", "SHLVL", "_", "OLDPWD"}
        expect.equal({line.split("=", 1)[0] for line in environment} - allowed, set(), "names of a hook's environment")
        uids = {line for line in environment if line.startswith("user_uid=")}
        expect.equal(uids, {f"user_uid={identity['user_uid']}"}, "uids that the hooks saw")
        w.c.destroy(handle)
        os.unlink(f"{w.directory}/seen")
        made += 1
    expect.true(made >= 5, "what is harmless is taken as it is", made)
    expect.equal(set(kernel.read(f"{w.directory}/arguments").split()), {"0"}, "arguments of hooks")


@case(backend="linux", daemon=False)
def an_odd_rootfs_that_exists_is_refused_or_stays_in_its_line(w):
    """A rootfs whose own path has a newline, = or is like an option exists on the host."""
    _with_hooks(w)
    for name in (EVIL.replace("/", ""), "-o", "a=b", "c,upperdir=x:y\\"):
        rootfs = f"{w.directory}/{name}"
        subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
        try:
            handle = w.create(rootfs=rootfs, bind_mounts=[(rootfs, "/m", "ro")])
        except warden.WardenError as error:
            expect.contains(str(error), "without control characters")
            continue
        expect.equal(_check_identity(w, handle)["rootfs_path"], rootfs)
        expect.equal(w.run(handle, "echo fine"), "fine\n")
        w.c.destroy(handle)


@case(backend="linux")
def texts_of_a_job_stay_one_argument(w):
    """CVE-2024-32462, CVE-2021-43784: a text of a job is taken for an option, is cut, or adds a line to the log."""
    handle = w.create()
    script = "printf '%s|' \"$@\" | wc -c; printf '%s' \"$X\" | wc -c"
    for text in (EVIL, "-c", "--", "-rf\n", LONG, "$(id)", "`id`", "=\n="):
        count = len(text.encode())
        seen = w.c.run(handle, argv=["/bin/sh", "-c", script, text, text], env=[f"X={text}"])
        expect.equal(seen.stdout.split(), [str(count + 1).encode(), str(count).encode()], text[:40])
        for field in ("user", "working_dir", "cpus"):
            try:
                refused = w.c.run(handle, "id -u", **{field: text})
            except warden.WardenError:
                continue
            expect.true(refused.exit_status != 0 or refused.stdout != b"0\n", "no root", f"{field} {text[:40]!r}")
        try:
            w.c.run(handle, "echo line", log_tag=text)
        except warden.WardenError:
            pass
    lines = [line for line in w.daemon.log().splitlines() if line.startswith(("user_uid=", "slot="))]
    expect.equal(lines, [], "lines of a client in the log")
    w.daemon.restart()
    w.disconnect()
    _check_identity(w, handle)
    expect.equal(w.run(handle, "echo fine"), "fine\n")
