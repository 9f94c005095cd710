# SPDX-License-Identifier: Apache-2.0
"""Known ways out of a container, each checked on the host: a canary must be neither read nor changed."""

import os
import subprocess
import time

import expect
import kernel
import warden
from canary import Canary
from case import case


def _attempt(w, handle, attempt):
    return w.run(handle, f"probe {attempt}", privileged=True).strip()


# Mounts from outside must not be changeable from inside.


@case(backend="linux")
def root_inside_cannot_change_or_remove_mounts(w):
    """Flags put on a mount from outside hold only if the mount is locked: remount and unmount as root."""
    source = w.make_directory("source")
    os.chmod(source, 0o777)
    handle = w.create(bind_mounts=[(source, "/ro", "ro")])
    remount = 0x20 | 0x1000
    for target in ("/", "/ro", "/sys", "/proc", "/dev"):
        seen = _attempt(w, handle, f"mount none {target} '' {remount}")
        expect.true(seen != "ok", f"remount of {target} is refused", seen)
    for target in ("/ro", "/sys", "/proc", "/dev", "/dev/shm", "/dev/pts", "/proc/kcore", "/proc/sys"):
        expect.true(_attempt(w, handle, f"umount {target}") != "ok", f"umount of {target} is refused", "ok")
    w.c.run(handle, "touch /ro/new", privileged=True)
    expect.equal(os.listdir(source), [])


@case(backend="linux")
def root_inside_cannot_mount_file_systems_that_show_the_host(w):
    """A fresh proc, sysfs, cgroup or debugfs shows what masks hide: mount them as root."""
    handle = w.create()
    for kind in ("proc", "sysfs", "devtmpfs", "cgroup", "cgroup2", "debugfs", "securityfs", "tracefs", "bpf"):
        seen = _attempt(w, handle, f"mount none /mnt {kind} 0")
        if seen == "ok":
            expect.fail(f"mount of {kind} is refused", "ok")


@case(backend="linux")
def a_namespace_of_a_job_gives_no_more_rights(w):
    """The bounding set ends at a nested user namespace: unshare, also with mounts and network."""
    handle = w.create()
    for flags in (0x10000000, 0x10000000 | 0x20000, 0x20000, 0x40000000):
        for privileged in (False, True):
            seen = w.run(handle, f"probe unshare {flags}", privileged=privileged).strip()
            expect.contains(("EPERM", "ENOSPC", "ENOSYS", "EINVAL"), seen, f"unshare {flags:#x}")


# Process 1.


@case(backend="linux")
def root_inside_cannot_access_process_1(w):
    """Who enters a container can be traced and its descriptors taken: ptrace, pidfd_getfd, /proc/1."""
    handle = w.create()
    expect.contains(("EPERM", "EACCES", "ESRCH", "ENOSYS"), _attempt(w, handle, "ptrace 1"), "ptrace")
    for fd in range(0, 10):
        seen = _attempt(w, handle, f"pidfd-getfd 1 {fd}")
        expect.contains(("EPERM", "EACCES", "EBADF", "ENOSYS"), seen, f"pidfd_getfd {fd}")
    for file in ("mem", "exe", "environ", "maps", "root", "cwd"):
        for flags in (0, 1, 2):
            seen = _attempt(w, handle, f"open /proc/1/{file} {flags}")
            expect.contains(("EPERM", "EACCES", "ETXTBSY", "EISDIR"), seen, f"opening /proc/1/{file}")
    expect.equal(w.c.run(handle, "ls /proc/1/fd", privileged=True).stdout, b"")
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(backend="linux")
def process_1_cannot_be_killed_from_inside(w):
    """Signals to process 1 of the own pid namespace."""
    handle = w.create()
    init = w.init_of(handle)
    for name in ("KILL", "TERM", "STOP", "SEGV", "HUP", "INT"):
        w.c.run(handle, f"kill -{name} 1", privileged=True)
    time.sleep(0.1)
    expect.contains("SR", kernel.process(init).state, "state of process 1")
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(backend="linux")
def the_programs_of_the_daemon_are_unchanged(w):
    """CVE-2019-5736: the runtime's program is overwritten through /proc/PID/exe."""
    programs = [w.build.path(name) for name in ("wshd", "wsh", "wardend")]
    before = [subprocess.run(["sha256sum", *programs], capture_output=True, check=True).stdout]
    handle = w.create()
    for script in (
        "for p in /proc/[0-9]*; do (echo x > $p/exe) 2>/dev/null; (: > $p/exe) 2>/dev/null; done",
        "cp /proc/1/exe /tmp/x",
        "printf '#!/proc/self/exe\\n' > /tmp/s; chmod 755 /tmp/s; /tmp/s; (echo x > /proc/$PPID/exe)",
    ):
        w.c.run(handle, script, privileged=True)
    after = [subprocess.run(["sha256sum", *programs], capture_output=True, check=True).stdout]
    expect.equal(after, before)
    expect.equal(w.run(w.create(), "echo fine"), "fine\n")


# Files that stay on disk.


@case(backend="linux")
def users_of_the_host_cannot_reach_setuid_files_in_the_depot(w):
    """CVE-2021-41091: root inside leaves a setuid file that a user of the host runs."""
    handle = w.create()
    w.run(handle, "cp /bin/busybox /evil; chown 0:0 /evil; chmod 6777 /evil; chmod 777 /", privileged=True)
    found = subprocess.run(
        ["find", w.daemon.depot, "-name", "evil", "-perm", "-4000"], capture_output=True, text=True, check=True
    ).stdout.split()
    expect.true(found, "the file lies in the depot")
    for path in found:
        pid = os.fork()
        if pid == 0:
            try:
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                os.stat(path)
                os._exit(1)
            except PermissionError:
                os._exit(0)
        expect.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, f"nobody is kept from {path}")


# Descriptors, working directory, environment.


@case(backend="linux", daemon=False)
def no_descriptor_leads_out(w):
    """CVE-2024-21626: an inherited descriptor, working directory or environment leads to the host."""
    canary = Canary(w)
    held = os.open(canary.path, os.O_RDONLY)
    os.set_inheritable(held, True)
    w.daemon.write_config()
    popen = subprocess.Popen
    try:
        subprocess.Popen = lambda *a, **k: popen(*a, **{**k, "pass_fds": (held,)})
        w.daemon.start()
    finally:
        subprocess.Popen = popen
    handle = w.create()
    outputs = []
    for privileged in (False, True):
        script = (
            "for f in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd /proc/[0-9]*/root; do"
            f" cat $f/secret $f/../secret $f{canary.path}/secret 2>/dev/null; probe upwards $f .{canary.file}; done"
        )
        seen = w.run(handle, script, privileged=privileged)
        expect.lacks(seen.split(), "ok")
        outputs.append(seen)
        outputs.append(w.run(handle, "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; true"))
    canary.check(*outputs)
    os.close(held)


@case(backend="linux")
def a_home_that_is_a_link_leads_nowhere(w):
    """CVE-2024-21626: the home directory of an image is a link to a descriptor or to the host."""
    canary = Canary(w)
    upwards = "../../../../.." + canary.path
    for target in ("/proc/self/fd/3", "/proc/self/fd/9", "/proc/1/cwd", "/proc/1/root", canary.path, upwards):
        rootfs = f"{w.directory}/rootfs"
        subprocess.run(["rm", "-rf", rootfs], check=True)
        subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
        subprocess.run(["rm", "-rf", f"{rootfs}/home/vcap"], check=True)
        os.makedirs(f"{rootfs}/home", exist_ok=True)
        os.symlink(target, f"{rootfs}/home/vcap")
        try:
            handle = w.create(rootfs=rootfs)
        except warden.WardenError:
            canary.check()
            continue
        seen = w.c.run(handle, "pwd; cat secret; ls; touch made")
        canary.check(seen.stdout.decode(), seen.stderr.decode())
        w.c.destroy(handle)


# Links in a hostile root file system.


def _hostile_rootfs(w, name, target):
    rootfs = f"{w.directory}/rootfs"
    subprocess.run(["rm", "-rf", rootfs], check=True)
    subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
    subprocess.run(["rm", "-rf", f"{rootfs}/{name}"], check=True)
    os.makedirs(os.path.dirname(f"{rootfs}/{name}"), exist_ok=True)
    os.symlink(target, f"{rootfs}/{name}")
    return rootfs


@case(backend="linux", limit=90)
def links_in_the_rootfs_lead_nowhere(w):
    """CVE-2015-3629, CVE-2015-1335: folders and files that a create writes are links to the host."""
    canary = Canary(w)
    directories = ("etc", "dev", "dev/pts", "dev/shm", "proc", "sys", "home", "tmp", "run", "root", "mnt")
    files = ("etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/passwd", "etc/group", "dev/null", "dev/ptmx")
    for name in directories + files:
        rootfs = _hostile_rootfs(w, name, canary.file if name in files else canary.path)
        try:
            handle = w.create(rootfs=rootfs, bind_mounts=[(w.rootfs, "/mnt/sub", "ro")])
        except warden.WardenError:
            canary.check()
            continue
        # Reading a terminal's multiplexer waits for input.
        read = "" if name == "dev/ptmx" else f"cat /{name} /{name}/secret"
        seen = w.c.run(handle, f"ls /{name} /{name}/; {read}", privileged=True)
        canary.check(seen.stdout.decode("latin-1"), seen.stderr.decode("latin-1"))
        w.c.destroy(handle)
        canary.check()


@case(backend="linux")
def odd_files_in_place_of_expected_ones_do_not_block(w):
    """A fifo in place of a file that the set-up reads hangs it."""
    for name in ("etc/passwd", "etc/group", "etc/hosts", "etc/resolv.conf", "etc/hostname", "home/vcap"):
        rootfs = f"{w.directory}/rootfs"
        subprocess.run(["rm", "-rf", rootfs], check=True)
        subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
        subprocess.run(["rm", "-rf", f"{rootfs}/{name}"], check=True)
        os.makedirs(os.path.dirname(f"{rootfs}/{name}"), exist_ok=True)
        os.mkfifo(f"{rootfs}/{name}")
        with expect.within(5, f"create with a fifo as {name}"):
            try:
                handle = w.create(rootfs=rootfs)
                w.c.run(handle, "true")
                w.c.destroy(handle)
            except warden.WardenError:
                pass
        w.c.ping()


@case(backend="linux")
def a_hostile_passwd_does_not_make_vcap_root(w):
    """CVE-2016-3697: numeric names, uid 0, -1 and endless lines in /etc/passwd."""
    for passwd in (
        "vcap:x:0:0::/root:/bin/bash\n",
        "vcap:x:-1:-1::/:/bin/bash\n",
        "vcap:x:4294967295:4294967295::/:/bin/sh\n",
        "vcap:x:99999999999:0::/:/bin/sh\n",
        "vcap\n" * 1000,
        "x" * 2_000_000,
        "root:x:1234:1234::/root:/bin/sh\nvcap:x:0:0:::\n",
    ):
        rootfs = f"{w.directory}/rootfs"
        subprocess.run(["rm", "-rf", rootfs], check=True)
        subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
        with open(f"{rootfs}/etc/passwd", "w", encoding="utf-8") as file:
            file.write(passwd)
        try:
            handle = w.create(rootfs=rootfs)
        except warden.WardenError:
            continue
        uid = w.c.run(handle, "grep ^Uid /proc/self/status").stdout.split()
        expect.true(not uid or uid[1] != b"0", "vcap is not root", f"{uid} with {passwd[:40]!r}")
        w.c.destroy(handle)


# Races.


@case(backend="linux", limit=90, slow=True)
def a_target_that_is_swapped_for_a_link_leads_nowhere(w):
    """CVE-2021-30465: the target of a mount is swapped for a link while it is mounted."""
    canary = Canary(w)
    shared = w.make_directory("shared", 0o777)
    os.mkdir(f"{shared}/one", 0o777)
    os.chmod(f"{shared}/one", 0o777)
    os.symlink(canary.path, f"{shared}/two")
    file = w.file("stub", "stub\n")
    attacker = w.create(bind_mounts=[(shared, "/shared", "rw")])
    seconds = 4 * expect.SLOWNESS
    job = w.c.spawn(attacker, f"cd /shared; probe swap one two {seconds}", privileged=True)
    end = time.monotonic() + seconds - 0.2
    tried = 0
    while time.monotonic() < end:
        binds = [(shared, "/shared", "rw"), (file, f"/shared/one/stub{tried}", "ro")]
        try:
            handle = w.create(bind_mounts=binds)
            w.c.destroy(handle)
        except warden.WardenError:
            pass
        tried += 1
    seen = w.c.link(attacker, job)
    swaps = int(seen.stdout.split()[0])
    expect.true(swaps >= 1000 and tried >= 8, "1,000 swaps and 8 creates", f"{swaps} swaps, {tried} creates")
    canary.check()


@case(backend="linux", limit=90, slow=True)
def a_source_that_is_swapped_for_a_link_is_read_with_the_clients_rights(w):
    """CVE-2021-25741: the source of a mount is swapped for a link; another client's rights."""
    secret = w.make_directory("secret", 0o700)
    with open(f"{secret}/secret", "w", encoding="utf-8") as file:
        file.write("secret of root\n")
    parent = w.make_directory("parent", 0o777)
    os.mkdir(f"{parent}/one", 0o777)
    os.symlink(secret, f"{parent}/two")
    w.daemon.settings["server"]["unix_domain_permissions"] = "0777"
    w.daemon.restart()
    attacker = w.create(bind_mounts=[(parent, "/parent", "rw")])
    job = w.c.spawn(attacker, "cd /parent; probe swap one two 3", privileged=True)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os.write(writer, _read_through(w, f"{parent}/one"))
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    seen = os.read(reader, 65536).decode()
    os.close(reader)
    w.c.link(attacker, job)
    expect.lacks(seen, "secret of root")
    expect.contains(seen, "created")


def _read_through(w, source):
    """What containers show of this source to a client that is not root."""
    output = b""
    client = warden.Client(w.daemon.socket, timeout=20)
    end = time.monotonic() + 2.8
    while time.monotonic() < end:
        try:
            handle = client.create(bind_mounts=[(source, "/m", "ro")])
            output += b"created\n" + client.run(handle, "cat /m/*", privileged=True).stdout
            client.destroy(handle)
        except warden.WardenError:
            pass
    return output[-60_000:]


@case(backend="linux")
def a_source_that_the_client_cannot_read_is_refused(w):
    """A client lets the daemon read what it may not read itself."""
    secret = w.make_directory("secret", 0o700)
    os.mkdir(f"{secret}/below", 0o755)
    w.daemon.settings["server"]["unix_domain_permissions"] = "0777"
    w.daemon.restart()
    pid = os.fork()
    if pid == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        client = warden.Client(w.daemon.socket, timeout=20)
        try:
            handle = client.create(bind_mounts=[(f"{secret}/below", "/m", "ro")])
            client.destroy(handle)
            os._exit(1)
        except warden.WardenError:
            os._exit(0)
    expect.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "the create was refused")


@case(backend="linux")
def ipc_and_keys_are_not_shared(w):
    """Message queues, shared memory and keys of another container."""
    one, two = w.create(), w.create()
    w.run(one, "ipcmk -Q >/dev/null 2>&1; ipcs -q > /tmp/q 2>/dev/null; true")
    expect.equal(w.run(two, "tail -n +2 /proc/sysvipc/msg"), "")
