# SPDX-License-Identifier: Apache-2.0
"""A container as seen from inside."""

import os
import re
import subprocess

from case import case
import expect
import kernel


@case(backend="linux")
def process_1_is_titled_with_the_id(w):
    handle = w.create(handle="named")
    id_ = os.path.basename(w.path_of(handle))
    expect.equal(w.run(handle, "tr '\\0' ' ' < /proc/1/cmdline").strip(), f"wshd: {id_}")


@case(backend="linux")
def processes_outside_are_not_visible(w):
    handle = w.create()
    pids = w.run(handle, "cd /proc; echo [0-9]*", privileged=True).split()
    expect.between(len(pids), 2, 5, "processes in an idle container")
    other = w.create()
    w.c.spawn(other, "sleep 1618")
    expect.lacks(w.run(handle, "cat /proc/*/cmdline | tr '\\0' ' '", privileged=True), "sleep 1618")


@case(backend="linux")
def dev_has_exactly_the_documented_entries(w):
    handle = w.create()
    names = "fd full fuse null ptmx pts random shm stderr stdin stdout tty urandom zero"
    expect.equal(w.run(handle, "ls -A /dev | sort | tr '\\n' ' '").strip(), names)
    script = "for d in null zero full random urandom tty fuse; do stat -c '%n %a %F %t:%T' /dev/$d; done"
    expect.equal(
        w.run(handle, script),
        "/dev/null 666 character special file 1:3\n"
        "/dev/zero 666 character special file 1:5\n"
        "/dev/full 666 character special file 1:7\n"
        "/dev/random 666 character special file 1:8\n"
        "/dev/urandom 666 character special file 1:9\n"
        "/dev/tty 666 character special file 5:0\n"
        "/dev/fuse 666 character special file a:e5\n",
    )
    expect.equal(w.run(handle, "stat -c '%U:%G' /dev/fuse /dev/null | tr '\\n' ' '"), "root:fuse root:root ")
    links = "fd stdin stdout stderr ptmx"
    seen = w.run(handle, f"for l in {links}; do readlink /dev/$l; done | tr '\\n' ' '")
    expect.equal(seen, "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx ")


@case(backend="linux")
def its_devices_work_for_every_user(w):
    handle = w.create()
    for privileged in (False, True):
        script = (
            "echo x > /dev/null && head -c 3 /dev/zero | od -An -tx1 | tr -d '\\n' && head -c 100 /dev/urandom | wc -c"
            " && head -c 16 /dev/random | wc -c && { echo x > /dev/full; } 2>&1 | grep -o 'No space left on device'"
            " && echo shm > /dev/shm/f && cat /dev/shm/f && rm /dev/shm/f && echo fd > /dev/stdout"
        )
        expect.equal(
            w.run(handle, script, privileged=privileged),
            " 00 00 00100\n16\nNo space left on device\nshm\nfd\n",
        )


@case(backend="linux")
def no_other_device_can_be_made_or_used(w):
    handle = w.create()
    for kind, major, minor in (("b", 8, 0), ("b", 254, 0), ("c", 1, 1), ("c", 1, 2), ("c", 10, 237), ("c", 5, 1)):
        path = f"/tmp/device-{kind}{major}"
        seen = w.run(handle, f"probe mknod {path} {kind} {major} {minor}; probe open {path} 2", privileged=True)
        made, opened = seen.split()
        expect.true(made == "EPERM" or opened in ("EPERM", "EACCES", "ENXIO"), "refused", f"{path}: {seen}")
        expect.true(opened != "ok", f"{kind} {major}:{minor} cannot be opened", seen)


@case(backend="linux")
def a_device_node_in_the_rootfs_cannot_be_used(w):
    rootfs = _copy_of_rootfs(w)
    subprocess.run(["mknod", "-m", "666", f"{rootfs}/tmp/memory", "c", "1", "1"], check=True)
    subprocess.run(["mknod", "-m", "666", f"{rootfs}/tmp/disk", "b", "8", "0"], check=True)
    subprocess.run(["mknod", "-m", "666", f"{rootfs}/tmp/null", "c", "1", "3"], check=True)
    handle = w.create(rootfs=rootfs)
    for name in ("memory", "disk", "null"):
        seen = w.run(handle, f"probe open /tmp/{name} 2", privileged=True).strip()
        expect.contains(("EACCES", "EPERM"), seen, f"opening /tmp/{name}")


def _copy_of_rootfs(w):
    path = f"{w.directory}/rootfs"
    subprocess.run(["cp", "-a", w.rootfs, path], check=True)
    return path


@case(backend="linux")
def proc_is_mounted_and_sys_is_read_only(w):
    handle = w.create()
    mounts = w.run(handle, "cat /proc/self/mounts", privileged=True)
    kinds = {line.split()[1]: (line.split()[2], line.split()[3].split(",")) for line in mounts.splitlines()}
    expect.equal(kinds["/proc"][0], "proc")
    expect.equal((kinds["/sys"][0], "ro" in kinds["/sys"][1]), ("sysfs", True))
    expect.equal(w.c.run(handle, "touch /sys/x || mkdir /sys/x", privileged=True).exit_status != 0, True)
    for option in ("nosuid", "nodev", "noexec"):
        expect.contains(kinds["/proc"][1], option)
    expect.contains(kinds["/"][1], "nodev")


@case(backend="linux")
def parts_of_proc_that_lead_out_are_read_only_or_masked(w):
    handle = w.create()
    for path in ("sys/kernel/core_pattern", "sysrq-trigger", "sys/vm/overcommit_memory", "sys/kernel/modprobe"):
        seen = w.run(handle, f"probe open /proc/{path} 1", privileged=True).strip()
        expect.contains(("EACCES", "EPERM", "EROFS", "ENOENT"), seen, f"opening /proc/{path} for writing")
    for path in ("kcore", "keys", "timer_list", "latency_stats", "sched_debug", "scsi"):
        seen = w.c.run(handle, f"cat /proc/{path} | wc -c", privileged=True).stdout.strip()
        expect.equal(seen, b"0", f"bytes of /proc/{path}")


@case(backend="linux")
def hostname_and_hosts_are_the_containers(w):
    handle = w.create()
    info = w.c.info(handle)
    id_ = os.path.basename(info.container_path)
    expect.equal(w.run(handle, "cat /etc/hostname"), f"{id_}\n")
    expect.equal(w.run(handle, "cat /proc/sys/kernel/hostname"), f"{id_}\n")
    lines = w.run(handle, "cat /etc/hosts").splitlines()
    expect.equal([" ".join(line.split()) for line in lines], ["127.0.0.1 localhost", f"{info.container_ip} {id_}"])
    w.create(handle="web")
    info = w.c.info("web")
    id_ = os.path.basename(info.container_path)
    expect.equal(w.run("web", "cat /etc/hostname /proc/sys/kernel/hostname"), "web\nweb\n")
    expect.equal(w.run("web", "tail -n 1 /etc/hosts"), f"{info.container_ip} web {id_}\n")


def _resolv(w, text):
    """Replaces the host's resolv.conf for this case only."""
    path = w.file("host-resolv.conf", text)
    kernel.mount(path, os.path.realpath("/etc/resolv.conf"), None, kernel.MS_BIND)


def _resolv_inside(w):
    return w.run(w.create(), "cat /etc/resolv.conf")


@case(backend="linux", daemon=False)
def resolv_conf_is_the_hosts(w):
    _resolv(w, "search example.test\nnameserver 192.0.2.53\noptions ndots:2\n")
    w.daemon.start()
    expect.equal(_resolv_inside(w), "search example.test\nnameserver 192.0.2.53\noptions ndots:2\n")
    kernel.umount(os.path.realpath("/etc/resolv.conf"))


@case(backend="linux", daemon=False)
def resolv_conf_names_the_host_if_it_serves_itself(w):
    _resolv(w, "nameserver 127.0.0.1\n")
    w.daemon.start()
    expect.equal(_resolv_inside(w), "nameserver 10.254.0.1\n")
    kernel.umount(os.path.realpath("/etc/resolv.conf"))


@case(backend="linux", daemon=False)
def resolv_conf_has_the_configured_servers(w):
    _resolv(w, "nameserver 192.0.2.53\n")
    w.daemon.settings["network"] = {"dns_servers": ["192.0.2.1", "2001:db8::1"]}
    w.daemon.start()
    expect.equal(_resolv_inside(w), "nameserver 192.0.2.1\nnameserver 2001:db8::1\n")
    kernel.umount(os.path.realpath("/etc/resolv.conf"))


@case(backend="linux", daemon=False)
def resolv_conf_has_the_servers_of_a_local_stub(w):
    _resolv(w, "nameserver 127.0.0.53\noptions edns0\n")
    kernel.mount("tmpfs", "/run", "tmpfs", 0, "mode=755")
    os.makedirs("/run/systemd/resolve")
    with open("/run/systemd/resolve/resolv.conf", "w", encoding="utf-8") as file:
        file.write("# upstream\nnameserver 192.0.2.7\nnameserver 192.0.2.8\n")
    w.daemon.start()
    seen = [line for line in _resolv_inside(w).splitlines() if line.startswith("nameserver")]
    expect.equal(seen, ["nameserver 192.0.2.7", "nameserver 192.0.2.8"])
    kernel.umount("/run")
    kernel.umount(os.path.realpath("/etc/resolv.conf"))


@case(backend="linux")
def vcap_has_the_pools_uid_and_a_home(w):
    for uid in (10000, 10001):
        handle = w.create()
        expect.matches(w.run(handle, "grep ^vcap: /etc/passwd"), f"vcap:[x*]:{uid}:{uid}:[^:]*:/home/vcap:/bin/.*\n")
        expect.matches(w.run(handle, "grep ^vcap: /etc/group"), f"vcap:[x*]:{uid}:\n")
        expect.equal(w.run(handle, "stat -c '%U:%G %a' /home/vcap"), "vcap:vcap 755\n")
        expect.equal(w.run(handle, "id -u; echo ~vcap; touch ~/f; stat -c %u f"), f"{uid}\n/home/vcap\n{uid}\n")


@case(backend="linux")
def a_vcap_of_the_rootfs_keeps_its_files(w):
    rootfs = _copy_of_rootfs(w)
    for name in ("passwd", "group"):
        lines = [line for line in kernel.read(f"{rootfs}/etc/{name}").splitlines() if not line.startswith("vcap:")]
        lines.append("vcap:x:1234:1234::/home/vcap:/bin/bash" if name == "passwd" else "vcap:x:1234:")
        with open(f"{rootfs}/etc/{name}", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    os.makedirs(f"{rootfs}/home/vcap", exist_ok=True)
    with open(f"{rootfs}/home/vcap/old", "w", encoding="utf-8") as file:
        file.write("old\n")
    os.chown(f"{rootfs}/home/vcap", 1234, 1234)
    os.chown(f"{rootfs}/home/vcap/old", 1234, 1234)
    handle = w.create(rootfs=rootfs)
    expect.equal(w.run(handle, "stat -c '%U %u' old; echo new > old; cat old; id -u"), "vcap 10000\nnew\n10000\n")
    expect.equal(os.stat(f"{rootfs}/home/vcap/old").st_uid, 1234)
    expect.equal(kernel.read(f"{rootfs}/home/vcap/old"), "old\n")


@case(backend="linux")
def the_rootfs_is_not_changed(w):
    before = subprocess.run(["find", w.rootfs, "-printf", "%p %i %U %m %s %T@\\n"], capture_output=True, check=True)
    handle = w.create()
    w.run(handle, "rm -rf /bin/busybox /etc /home /usr /tmp/*; mkdir /etc; echo x > /etc/x; true", privileged=True)
    w.c.destroy(handle)
    after = subprocess.run(["find", w.rootfs, "-printf", "%p %i %U %m %s %T@\\n"], capture_output=True, check=True)
    expect.equal(after.stdout, before.stdout)


@case(backend="linux")
def another_rootfs_can_be_requested(w):
    rootfs = _copy_of_rootfs(w)
    with open(f"{rootfs}/etc/marker", "w", encoding="utf-8") as file:
        file.write("mine\n")
    expect.equal(w.run(w.create(rootfs=rootfs), "cat /etc/marker"), "mine\n")
    expect.equal(w.c.run(w.create(), "cat /etc/marker").exit_status, 1)


@case(backend="linux")
def a_rootfs_without_bash_runs_sh(w):
    rootfs = _copy_of_rootfs(w)
    os.unlink(f"{rootfs}/bin/bash")
    expect.equal(w.run(w.create(rootfs=rootfs), "echo $0"), "/bin/sh\n")


@case(backend="linux")
def a_rootfs_without_a_shell_is_reported(w):
    rootfs = w.make_directory("empty")
    handle = w.create(rootfs=rootfs)
    seen = w.c.run(handle, "echo hi")
    expect.equal((seen.exit_status, seen.stdout), (255, b""))


@case(backend="linux")
def no_mount_shows_in_the_hosts_table(w):
    before = kernel.read("/proc/self/mountinfo")
    handle = w.create(bind_mounts=[(w.make_directory("bound"), "/bound", "rw")])
    expect.equal(kernel.read("/proc/self/mountinfo"), before)
    expect.equal(kernel.read(f"/proc/{w.daemon.pid}/mountinfo"), before)
    w.run(handle, "true")
    expect.equal(kernel.read("/proc/self/mountinfo"), before)


@case(backend="linux")
def its_mounts_are_few_and_the_hosts_are_not_among_them(w):
    handle = w.create()
    lines = w.run(handle, "cat /proc/self/mountinfo", privileged=True).splitlines()
    targets = [line.split()[4] for line in lines]
    for target in targets:
        expect.true(re.match(r"/($|proc|sys|dev)", target), "a mount of the container's own", lines)
    expect.equal(targets.count("/"), 1, "mounts at /")


@case(backend="linux")
def each_namespace_is_its_own(w):
    handle = w.create()
    own = kernel.namespaces(os.getpid())
    text = w.run(handle, "for n in ipc mnt net pid uts user cgroup; do readlink /proc/self/ns/$n; done")
    expect.equal([name for name in text.split() if name in own], [])
    other = w.run(w.create(), "for n in ipc mnt net pid uts user cgroup; do readlink /proc/self/ns/$n; done")
    expect.equal(set(text.split()) & set(other.split()), set())


@case(backend="linux")
def root_inside_is_an_unprivileged_user_outside(w):
    for slot in (0, 1):
        handle = w.create()
        start = w.range_start + 65536 * slot
        expect.equal(w.run(handle, "cat /proc/self/uid_map").split(), ["0", str(start), "65536"])
        expect.equal(w.run(handle, "cat /proc/self/gid_map").split(), ["0", str(start), "65536"])
        expect.equal(os.stat(f"/proc/{w.init_of(handle)}").st_uid, start)


@case(backend="linux", config={"server": {"user_namespace": False}})
def without_user_namespaces_it_works_too(w):
    handle = w.create()
    expect.equal(w.run(handle, "cat /proc/self/uid_map").split(), ["0", "0", "4294967295"])
    expect.equal(w.run(handle, "id -u; touch f; stat -c %u f"), "10000\n10000\n")
    expect.equal(w.run(handle, "id -u; touch /f; stat -c %u /f", privileged=True), "0\n0\n")
    core_pattern = "open /proc/sys/kernel/core_pattern 1"
    for attempt in ("mknod /tmp/x b 8 0", "mount tmpfs /mnt tmpfs 0", core_pattern, "umount /proc"):
        expect.true(w.run(handle, f"probe {attempt}", privileged=True) != "ok\n", f"{attempt} is refused", "ok")
    w.c.stop(handle)
    w.c.destroy(handle)


@case(backend="linux")
def dangerous_capabilities_are_dropped(w):
    handle = w.create()
    lines = dict(
        line.split(":\t") for line in w.run(handle, "grep ^Cap /proc/self/status", privileged=True).splitlines()
    )
    bounding, effective = int(lines["CapBnd"], 16), int(lines["CapEff"], 16)
    forbidden = {
        "SYS_MODULE": 16,
        "SYS_RAWIO": 17,
        "SYS_PTRACE": 19,
        "SYS_ADMIN": 21,
        "SYS_BOOT": 22,
        "SYS_TIME": 25,
        "AUDIT_CONTROL": 30,
        "MAC_OVERRIDE": 32,
        "MAC_ADMIN": 33,
        "SYSLOG": 34,
    }
    for name, number in forbidden.items():
        expect.equal((bounding >> number & 1, effective >> number & 1), (0, 0), f"CAP_{name}")
    lines = dict(line.split(":\t") for line in w.run(handle, "grep ^Cap /proc/self/status").splitlines())
    expect.equal((int(lines["CapEff"], 16), int(lines["CapPrm"], 16), int(lines["CapInh"], 16)), (0, 0, 0))
    expect.equal(int(lines["CapAmb"], 16), 0)


@case(backend="linux", config={"linux": {"process_limit": 40}})
def processes_are_limited(w):
    handle = w.create()
    seen = w.c.run(handle, "for i in $(seq 100); do sleep 600 >/dev/null 2>&1 & done; exit 0")
    expect.contains(seen.stderr, b"Resource temporarily unavailable")
    expect.between(len(kernel.descendants(w.init_of(handle))), 20, 40, "processes")
    other = w.create()
    expect.equal(w.run(other, "echo fine"), "fine\n")
    w.c.stop(handle, kill=True)


@case(backend="linux")
def shm_counts_to_the_container_and_is_its_own(w):
    handle = w.create()
    expect.equal(w.run(handle, "stat -f -c %T /dev/shm; stat -c %a /dev/shm"), "tmpfs\n1777\n")
    w.run(handle, "echo x > /dev/shm/x")
    expect.equal(w.run(w.create(), "ls /dev/shm"), "")
