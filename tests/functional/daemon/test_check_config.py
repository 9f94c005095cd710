# SPDX-License-Identifier: Apache-2.0
"""`wardend --check-config` refuses, without any effect, what the start would refuse."""

import os
import subprocess

import daemon
import expect
from case import case


def _check(w, before=()):
    command = [*before, w.build.path("wardend"), "-c", w.daemon.config, "--check-config"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=w.directory)


def _refused(w, key, text, before=(), starts=False, **settings):
    """The check names file, line, key and reason; the daemon does not start for the same reason."""
    w.daemon.write_config(daemon.render(daemon.merge(w.daemon.settings, settings)))
    seen = _check(w, before)
    expect.equal((seen.returncode, seen.stdout, seen.stderr.count("\n")), (1, "", 1), key)
    expect.matches(seen.stderr, rf"wardend: \S+/warden\.conf:\d+: {key}:? .*{text}.*\n")
    if starts:
        return
    command = [*before, w.build.path("wardend"), "-c", w.daemon.config]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=w.directory)
    expect.equal(seen.returncode, 1, f"the start with {key}")
    expect.matches(seen.stderr.splitlines()[-1], rf".*{text}.*")


@case(backend="fake", daemon=False)
def a_program_of_the_fake_backend_that_cannot_run_is_refused(w):
    for path in ("/no/such/wshd", w.directory, w.file("plain", "text")):
        _refused(w, "fake.wshd", path, fake={"wshd": path})


@case(backend="fake", daemon=False)
def paths_and_addresses_that_the_daemon_cannot_use_are_refused(w):
    plain = w.file("plain", "text")
    _refused(w, "server.unix_domain_path", "plain exists and is not a socket", server={"unix_domain_path": plain})
    for group, key in (("server", "pidfile"), ("logging", "file"), ("logging", "audit_file")):
        _refused(w, f"{group}.{key}", "Is a directory; it must be a file", **{group: {key: w.directory}})
    _refused(w, "health_check_server.host", "Cannot assign requested address",
             health_check_server={"host": "192.0.2.1", "port": 2345})  # fmt: skip


@case(backend="linux", daemon=False)
def options_that_the_linux_backend_refuses_are_refused(w):
    profile = w.file("profile.json", '{"defaultAction": "SCMP_ACT_NO", "syscalls": []}')
    for key, value, text in (
        ("wshd", "/no/such/wshd", "open /no/such/wshd: No such file"),
        ("wshd", w.file("plain", "text"), "is not an executable file"),
        ("capabilities", ["frobnicate"], "(frobnicate|words)"),
        ("seccomp_profiles", ["mine"], "is not NAME=/FILE"),
        ("seccomp_profiles", [f"mine={w.directory}/none.json"], "mine: .*none.json"),
        ("seccomp_profiles", [f"mine={profile}"], "mine: .*SCMP_ACT_NO"),
        ("seccomp_default", "none-such", "there is no profile none-such"),
        ("setuid_modes", "sometimes", "must be"),
        ("memory_bound", "lots", "must be a size"),
        ("memory_bound_all", "101%", "must be a size"),
        ("union", "patchwork", "must be"),
    ):
        _refused(w, f"linux.{key}", text, linux={key: value})


@case(backend="linux", daemon=False)
def rights_and_features_that_the_host_lacks_are_refused(w):
    without = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"]
    _refused(w, 'server.container_klass = "linux"', "make namespaces", before=without)
    script = "echo 0 >/proc/sys/net/ipv4/ip_forward; mount --bind -o ro /proc/sys /proc/sys; exec \"$@\""
    without = ["unshare", "-mn", "sh", "-c", script, "-"]
    _refused(w, 'server.container_klass = "linux"', "ip_forward: Read-only file system", before=without)


@case(backend="linux", daemon=False)
def a_capability_that_the_daemon_gives_up_is_refused_without_a_user_namespace(w):
    w.daemon.settings["server"]["user_namespace"] = False
    _refused(w, "linux.capabilities", "sys_time: the daemon gives it up", linux={"capabilities": ["sys_time"]})


def _host(w):
    """What a check could change."""
    seen = {"files": sorted(os.listdir(w.directory))}
    for name in ("mounts", "net/dev", "sys/net/ipv4/ip_forward", "self/cgroup"):
        with open(f"/proc/{name}", encoding="utf-8") as file:
            text = file.read()
        seen[name] = [line.split()[0] for line in text.splitlines()] if name == "net/dev" else text
    if w.linux:
        seen["tables"] = subprocess.run(["nft", "list", "ruleset"], capture_output=True, check=True).stdout
    return seen


@case(daemon=False)
def a_check_leaves_nothing_behind(w):
    w.daemon.write_config()
    before = _host(w)
    seen = _check(w)
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, f"{w.daemon.config}: ok\n", ""))
    expect.equal(_host(w), before)


@case
def a_check_beside_a_daemon_disturbs_nothing(w):
    handle = w.create()
    before = _host(w)
    expect.equal(_check(w).returncode, 0)
    expect.equal(_host(w), before)
    expect.equal(w.run(handle, "echo inside"), "inside\n")
