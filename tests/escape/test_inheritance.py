# SPDX-License-Identifier: Apache-2.0
"""What jobs could inherit of the daemon, or of the terminal at which a shell was started: groups, environment, keys that
are typed."""

import os

import expect
from case import case
from command import Terminal

GROUP = 4242


@case(backend="linux", daemon=False)
def groups_and_environment_of_the_daemon_are_not_inside(w):
    """CVE-2022-36109, CVE-2014-8989, CVE-2021-3602: the daemon has supplementary groups and a secret in its environment."""
    mark, secret = os.urandom(8).hex(), os.urandom(8).hex()
    path = w.make_directory("private")
    os.chown(w.file("private/secret", secret, 0o660), 0, GROUP)
    before = os.getgroups()
    w.daemon.environment["WARDEN_SECRET"] = mark
    os.setgroups([GROUP, 10000])
    try:
        w.daemon.start()
    finally:
        os.setgroups(before)
    with open(f"/proc/{w.daemon.pid}/environ", encoding="latin-1") as file:
        expect.contains(file.read(), mark, "the control: the daemon has it")
    handle = w.create(bind_mounts=[(path, "/private", "ro")])
    script = "env; cat /private/secret /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'"
    for fields in ({}, {"privileged": True}, {"user": "1234"}, {"user": f"1234:{GROUP}"}, {"own_cgroup": True}):
        expect.equal(w.run(handle, "grep ^Groups: /proc/self/status", **fields).split(), ["Groups:"], str(fields))
        seen = w.c.run(handle, script, **fields).stdout.decode("latin-1")
        expect.contains(seen, "HOME=")
        expect.lacks(seen, mark)
        expect.lacks(seen, secret)
    shell = w.program("wsh", "--socket", f"{w.path_of(handle)}/run/wshd.sock", "/bin/sh", "-c", f"{script}; groups")
    expect.lacks(shell.stdout.decode("latin-1"), mark)
    expect.lacks(shell.stdout.decode("latin-1"), secret)


@case(backend="linux", limit=60)
def nothing_is_typed_at_the_terminal_of_a_shell(w):
    """CVE-2016-10124, CVE-2017-5226, CVE-2016-9016: TIOCSTI from a shell of wsh and from a job with a terminal."""
    handle = w.create(seccomp="unconfined")
    socket = f"{w.path_of(handle)}/run/wshd.sock"
    typed = "echo typed"
    read = "read -t 1 -r line; echo \"line=<$line>\""
    wsh = f"{w.build.path('wsh')} --socket {socket}"
    warden = f"{w.build.path('warden')} run -t {handle} --"
    for command in (wsh, f"{wsh} --user vcap", warden):
        with Terminal(w, "-c", f"{command} /bin/probe type '{typed}\n'; {read}", program=["/bin/bash"]) as terminal:
            # The probe's result, whatever it is, then what the shell read.
            expect.equal(terminal.expect(r"\b(?:E[A-Z]+|ok)\r.*?line=<(.*?)>", 20)[1], "", command)
            terminal.status()
    # The control: a program of the host does it.
    with open("/proc/self/status", encoding="ascii") as file:
        may = int(next(line for line in file if line.startswith("CapEff")).split()[1], 16) & 1 << 21
    with Terminal(w, "-c", f"{w.rootfs}/bin/probe type '{typed}\n'; {read}", program=["/bin/bash"]) as terminal:
        expect.equal(terminal.expect(r"line=<(.*?)>", 20)[1], typed if may else "")
        terminal.status()
