# SPDX-License-Identifier: Apache-2.0
"""/proc and /sys: masks and read-only parts as the OCI runtimes have them (CVE-2015-3630), which do not come off
(CVE-2025-31133, CVE-2025-52565), and no control group that can be written (CVE-2022-0492)."""

import os
import stat

import expect
import kernel
from case import case

HIDDEN = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block",
    "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux",
)  # fmt: skip
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys")
THROTTLE = "/sys/devices/system/cpu/cpu{}/thermal_throttle"
REFUSED = ("EPERM", "EACCES", "EINVAL", "EBUSY", "ENOSYS", "EROFS")
REMOUNT_RW, BIND, MOVE = 0x20 | 0x1000, 0x1000, 0x2000


def _throttles():
    return [THROTTLE.format(cpu) for cpu in range(os.cpu_count()) if os.path.isdir(THROTTLE.format(cpu))]


@case(backend="linux")
def hidden_parts_are_empty(w):
    """CVE-2015-3630: files of /proc and /sys that show the host or steer it."""
    handle = w.create()
    root = f"/proc/{w.init_of(handle)}/root"
    null = os.stat(f"{root}/dev/null")
    for path in (*HIDDEN, *_throttles()):
        if not os.path.lexists(f"{root}{path}"):
            expect.true(not os.path.lexists(path) or path.startswith("/sys"), f"the host has no {path}", path)
            continue
        seen = os.lstat(f"{root}{path}")
        if stat.S_ISDIR(seen.st_mode):
            expect.equal(w.run(handle, f"ls -A {path}", privileged=True), "", path)
            for privileged in (False, True):
                expect.true(w.c.run(handle, f"mkdir {path}/x", privileged=privileged).exit_status != 0, path)
        else:
            expect.equal((seen.st_rdev, seen.st_mode), (null.st_rdev, null.st_mode), path)
            expect.equal(os.major(seen.st_rdev), 1, path)
            expect.equal(w.run(handle, f"cat {path} | wc -c", privileged=True).strip(), "0", path)


@case(backend="linux")
def the_hosts_part_is_neither_read_nor_written(w):
    """Sysctls, uevent helper, core pattern and sysrq are opened for writing."""
    files = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory",
             "/proc/sys/kernel/hostname", "/proc/sys/fs/file-max")  # fmt: skip
    before = [kernel.read(path) for path in files]
    handle = w.create()
    for privileged in (False, True):
        for path in (*files, "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper",
                     "/sys/power/state", "/proc/sys/vm/drop_caches"):  # fmt: skip
            seen = w.run(handle, f"probe open {path} 1", privileged=privileged).strip()
            expect.contains(("EACCES", "EPERM", "EROFS", "ENOENT"), seen, path)
            w.c.run(handle, f"echo canary > {path}", privileged=privileged)
    expect.equal([kernel.read(path) for path in files], before)


@case(backend="linux")
def masks_cannot_be_taken_off(w):
    """CVE-2025-31133: unmount, remount, bind and move of each mask and read-only part."""
    handle = w.create(seccomp="unconfined")
    root = f"/proc/{w.init_of(handle)}/root"
    before = w.run(handle, "cat /proc/self/mountinfo", privileged=True)
    for privileged in (False, True):
        for path in (*HIDDEN, *READ_ONLY, "/proc", "/dev", "/"):
            if not os.path.lexists(f"{root}{path}"):
                continue
            w.run(handle, "mkdir -p /tmp/d; touch /tmp/f", privileged=privileged)
            target = "/tmp/d" if os.path.isdir(f"{root}{path}") else "/tmp/f"
            for attempt in (
                f"umount {path}",
                f"mount none {path} '' {REMOUNT_RW}",
                f"mount {path} {target} '' {BIND}",
                f"mount {path} {target} '' {MOVE}",
                f"mount {target} {path} '' {BIND}",
            ):
                seen = w.run(handle, f"probe {attempt}", privileged=privileged).strip()
                expect.contains(REFUSED, seen, attempt)
    expect.equal(w.run(handle, "cat /proc/self/mountinfo", privileged=True), before)


@case(backend="linux", config={"linux": {"capabilities": ["default", "sys_admin"]}})
def masks_stay_even_with_cap_sys_admin(w):
    """The same with CAP_SYS_ADMIN; the control: what the container mounts itself comes off."""
    handle = w.create(seccomp="unconfined")
    before = w.run(handle, "cat /proc/self/mountinfo", privileged=True)
    expect.equal(w.run(handle, "probe mount none /mnt tmpfs 0; probe umount /mnt", privileged=True), "ok\nok\n")
    root = f"/proc/{w.init_of(handle)}/root"
    hidden = [path for path in HIDDEN if os.path.lexists(f"{root}{path}")]
    for path in (*hidden, "/proc/sys", "/sys", "/proc", "/dev"):
        for attempt in (f"umount {path}", f"mount none {path} '' {REMOUNT_RW}", f"mount {path} /mnt '' {MOVE}"):
            if path == "/sys" and attempt.startswith("mount none"):
                continue
            seen = w.run(handle, f"probe {attempt}", privileged=True).strip()
            expect.contains((*REFUSED, "ENOTDIR"), seen, attempt)
    for kind in ("proc", "sysfs"):
        seen = w.run(handle, f"probe mount none /mnt {kind} 0", privileged=True).strip()
        expect.contains(REFUSED, seen, f"a fresh {kind}")
    expect.equal(w.run(handle, "cat /proc/self/mountinfo", privileged=True), before)


@case(backend="linux")
def no_control_group_can_be_written(w):
    """CVE-2022-0492: release_agent, cgroup.procs and devices.allow, of a fresh mount too."""
    handle = w.create(seccomp="unconfined")
    for privileged in (False, True):
        lines = w.run(handle, "cat /proc/self/cgroup", privileged=privileged).splitlines()
        for line in lines:
            expect.true(line.split(":", 2)[2].startswith("/"), "a group of the namespace", line)
            expect.lacks(line, "instance-")
        script = "for f in cgroup.procs release_agent notify_on_release devices.allow cgroup.subtree_control tasks; do"
        script += " find / -xdev -name $f 2>/dev/null; find /sys /proc/1 /tmp -name $f 2>/dev/null; done; true"
        expect.equal(w.run(handle, script, privileged=privileged), "")
        for kind in ("cgroup", "cgroup2"):
            w.run(handle, "mkdir -p /tmp/cg", privileged=privileged)
            seen = w.run(handle, f"probe mount none /tmp/cg {kind} 0", privileged=privileged).strip()
            expect.contains(REFUSED, seen, kind)
        seen = w.run(handle, "probe unshare 0x02000000", privileged=privileged).strip()
        expect.contains(REFUSED, seen, "a control group namespace")
