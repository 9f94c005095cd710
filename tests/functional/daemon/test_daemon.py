# SPDX-License-Identifier: Apache-2.0
"""The daemon as a process: its options, socket, files, log and settings."""

import fcntl
import os
import re
import socket
import stat
import subprocess
import sys
import time

from case import Skip, case
import daemon
import expect
import kernel
import warden


def _run(w, *arguments, timeout=10):
    return subprocess.run(
        [w.build.path("wardend"), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=w.directory,
        env={"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=1"},
    )


def _refuses(w, settings, pattern):
    """The daemon does not start with these settings and reports the reason."""
    w.daemon.write_config(settings if isinstance(settings, str) else daemon.render(settings))
    for arguments in (("-c", w.daemon.config, "--check-config"), ("-c", w.daemon.config)):
        seen = _run(w, *arguments)
        expect.equal(seen.returncode != 0, True, f"refused, with {pattern!r}")
        expect.true(re.search(pattern, seen.stderr), f"stderr matches {pattern!r}", seen.stderr)
    expect.equal(os.path.exists(w.daemon.socket), False, "a socket")


@case(backend="fake", daemon=False)
def version_and_help_are_printed(w):
    expect.matches(_run(w, "--version").stdout, r"wardend \d+\.\d+\.\d+\n")
    seen = _run(w, "--help")
    expect.equal(seen.returncode, 0)
    expect.contains(seen.stdout, "--check-config")


@case(backend="fake", daemon=False)
def unknown_options_are_usage_errors(w):
    for arguments in (("--frobnicate",), ("-x",), ("extra",), ("-c",)):
        seen = _run(w, *arguments)
        expect.equal((seen.returncode, seen.stdout), (2, ""), " ".join(arguments))


@case(daemon=False)
def check_config_checks_and_ends(w):
    w.daemon.write_config()
    expect.equal(_run(w, "-c", w.daemon.config, "--check-config").returncode, 0)
    expect.equal(os.path.exists(w.daemon.socket), False, "a socket")


@case(daemon=False)
def it_starts_again_and_again(w):
    for _ in range(5):
        with expect.within(2, "the start"):
            w.daemon.start()
        w.daemon.stop()


@case
def it_ends_at_once_when_idle(w):
    w.c.ping()
    with expect.within(2, "the end"):
        w.daemon.stop()


@case
def the_socket_has_the_mode_of_the_settings(w):
    expect.equal(oct(os.stat(w.daemon.socket).st_mode), oct(stat.S_IFSOCK | 0o700))
    w.daemon.settings["server"]["unix_domain_permissions"] = "0755"
    w.daemon.restart()
    expect.equal(oct(os.stat(w.daemon.socket).st_mode), oct(stat.S_IFSOCK | 0o755))
    w.daemon.settings["server"]["unix_domain_permissions"] = 511
    w.daemon.restart()
    expect.equal(oct(os.stat(w.daemon.socket).st_mode), oct(stat.S_IFSOCK | 0o777))


@case(daemon=False)
def an_old_socket_file_is_replaced(w):
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(w.daemon.socket)
    w.daemon.start()
    w.c.ping()


@case
def the_socket_of_a_running_daemon_is_not_replaced(w):
    seen = _run(w, "-c", w.daemon.config)
    expect.equal(seen.returncode != 0, True, "refused")
    expect.contains(seen.stderr + w.daemon.log(), w.daemon.socket)
    w.c.ping()
    w.create()
    expect.equal(len(w.c.list()), 1)


@case(daemon=False)
def a_file_that_is_not_a_socket_is_not_replaced(w):
    w.file("warden.sock", "precious")
    w.daemon.write_config()
    seen = _run(w, "-c", w.daemon.config)
    expect.equal(seen.returncode != 0, True, "refused")
    expect.equal(kernel.read(w.daemon.socket), "precious")


@case
def the_pidfile_exists_while_it_listens(w):
    path = w.daemon.settings["server"]["pidfile"]
    expect.equal(kernel.read(path).strip(), str(w.daemon.pid))
    w.daemon.stop()
    expect.equal(os.path.exists(path), False, "a pidfile after the end")
    expect.equal(os.path.exists(w.daemon.socket), True, "the socket's path stays")


@case
def the_log_has_a_line_an_event_with_handle_and_request(w):
    handle = w.create(handle="the-handle")
    w.c.run(handle, "true")
    w.c.destroy(handle)
    w.c.list()
    log = w.daemon.log()
    for request in ("create", "run", "destroy"):
        lines = [line for line in log.splitlines() if request in line and "the-handle" in line]
        expect.true(lines, f"a line with {request} and the handle", log)


@case
def a_hostile_handle_cannot_add_lines_to_the_log(w):
    handle = w.create(handle="x\nFATAL forged line\x1b[2J")
    w.c.run(handle, "true")
    w.c.destroy(handle)
    log = w.daemon.log()
    expect.equal([line for line in log.splitlines() if line.startswith("FATAL forged")], [])
    expect.lacks(log, "\x1b")


@case(daemon=False)
def the_log_level_selects_the_lines(w):
    w.daemon.settings["logging"]["level"] = "off"
    w.daemon.start()
    w.c.destroy(w.create())
    expect.equal(w.daemon.log(), "")


@case(daemon=False)
def without_a_log_file_it_logs_to_stderr(w):
    del w.daemon.settings["logging"]["file"]
    w.daemon.start()
    w.c.destroy(w.create(handle="seen"))
    expect.contains(kernel.read(f"{w.directory}/output"), "seen")


@case(daemon=False)
def a_missing_depot_is_created(w):
    w.daemon.settings["server"]["container_depot_path"] = f"{w.directory}/a/b/depot"
    os.makedirs(f"{w.directory}/a/b")
    w.daemon.start()
    w.create()
    expect.equal(oct(stat.S_IMODE(os.stat(w.daemon.depot).st_mode)), "0o700")


@case(daemon=False)
def relative_paths_are_relative_to_the_settings(w):
    server = w.daemon.settings["server"]
    server["container_depot_path"] = "depot"
    server["unix_domain_path"] = "relative.sock"
    w.daemon.start()
    client = warden.Client(f"{w.directory}/relative.sock", timeout=10)
    path = client.info(client.create()).container_path
    expect.equal(os.path.dirname(path), f"{w.directory}/depot")
    client.destroy(client.list()[0])
    client.close()
    server["container_depot_path"] = f"{w.directory}/depot"
    server["unix_domain_path"] = f"{w.directory}/relative.sock"


@case(backend="fake", daemon=False)
def wrong_settings_are_refused_with_file_and_line(w):
    base = w.daemon.settings
    for over, pattern in (
        ({"server": {"frobnicate": 1}}, r"warden\.conf:\d+: .*frobnicate"),
        ({"sever": {"x": 1}}, r"warden\.conf:\d+: .*sever"),
        ({"server": {"job_output_limit": "many"}}, r"warden\.conf:\d+: .*job_output_limit"),
        ({"server": {"job_output_limit": -1}}, r"warden\.conf:\d+: .*job_output_limit"),
        ({"server": {"container_grace_time": -2}}, r"warden\.conf:\d+: .*container_grace_time"),
        ({"server": {"unix_domain_permissions": daemon.Raw("0755")}}, r"warden\.conf:\d+: .*0755.*quotes"),
        ({"server": {"unix_domain_permissions": "0999"}}, r"warden\.conf:\d+: .*unix_domain_permissions"),
        ({"server": {"container_rlimits": {"nofiles": 3}}}, r"warden\.conf:\d+: .*nofiles"),
        ({"logging": {"level": "loud"}}, r"warden\.conf:\d+: .*level.*debug2"),
        ({"network": {"mtu": 10}}, r"warden\.conf:\d+: .*mtu"),
        ({"network": {"pool_network": "10.254.0.0"}}, r"warden\.conf:\d+: .*pool_network"),
        ({"network": {"pool_network": "10.254.0.0/33"}}, r"warden\.conf:\d+: .*pool_network"),
        ({"network": {"allow_networks": ["nowhere"]}}, r"warden\.conf:\d+: .*allow_networks"),
        ({"network": {"dns_servers": ["192.0.2.1 x"]}}, r"warden\.conf:\d+: .*dns_servers"),
        ({"fake": {"delay_ms": -1}}, r"warden\.conf:\d+: .*delay_ms"),
        ({"fake": {"unknown": 1}}, r"warden\.conf:\d+: .*unknown"),
        ({"fake": {"fail": ["create", "creat"]}}, r"warden\.conf:\d+: fake\.fail must contain only the words .*create .*, not \"creat\""),
        ({"health_check_server": {"port": 65536}}, r"warden\.conf:\d+: .*port"),
        ({"hooks": {"parent_before_clone": "/no/such/hook"}}, r"parent_before_clone"),
    ):
        _refuses(w, daemon.merge(base, over), pattern)


@case(backend="fake", daemon=False)
def options_that_the_backend_refuses_prevent_the_start(w):
    w.daemon.settings["fake"]["wshd"] = "/no/such/wshd"
    w.daemon.write_config()
    seen = _run(w, "-c", w.daemon.config)
    expect.equal(seen.returncode != 0, True, "refused")
    expect.contains(seen.stderr, "/no/such/wshd")


@case(backend="fake", daemon=False)
def settings_that_do_not_parse_are_refused_with_file_and_line(w):
    unended = 'server: { container_klass = "fake'
    for text in ("server: {", "}", "server = [", unended, "\0", "\xff\xfe", '@include "/etc/shadow"'):
        _refuses(w, text, r"warden\.conf:\d+: ")


@case(backend="fake", daemon=False)
def a_number_that_the_library_would_truncate_is_refused(w):
    text = daemon.render(w.daemon.settings).replace("server:\n{", "server:\n{\n\tjob_output_limit = 4294967297;")
    _refuses(w, text, r"warden\.conf:\d+: .*4294967297L")


@case(backend="fake", daemon=False)
def a_missing_settings_file_is_reported(w):
    seen = _run(w, "-c", f"{w.directory}/missing.conf")
    expect.equal(seen.returncode != 0, True, "refused")
    expect.contains(seen.stderr, "missing.conf")
    seen = _run(w, "-c", w.directory)
    expect.equal(seen.returncode != 0, True, "a directory is refused")


@case(backend="fake", daemon=False)
def invalid_pools_are_refused(w):
    base = w.daemon.settings
    text = "UID in user pool overlaps with user in /etc/passwd"
    _refuses(w, daemon.merge(base, {"user": {"pool_start_uid": 65530, "pool_size": 6}}), text)
    text = r"Insufficient non-ephemeral ports available \(expected >= 1000, got: 999\)"
    _refuses(w, daemon.merge(base, {"port": {"pool_start_port": 61001, "pool_size": 999}}), text)


@case(backend="linux", daemon=False)
def a_rootfs_that_is_missing_is_refused(w):
    settings = daemon.merge(w.daemon.settings, {"server": {"container_rootfs_path": "/no/such/rootfs"}})
    _refuses(w, settings, r"warden\.conf:\d+: .*/no/such/rootfs")


@case(backend="fake", daemon=False)
def a_depot_that_cannot_be_written_is_refused(w):
    path = w.file("file")
    _refuses(w, daemon.merge(w.daemon.settings, {"server": {"container_depot_path": path}}), re.escape(path))
    text = r"warden\.conf:\d+: .*container_depot_path"
    _refuses(w, daemon.merge(w.daemon.settings, {"server": {"container_depot_path": "/proc/depot"}}), text)


@case(daemon=False)
def the_originals_yaml_is_named_with_the_syntax_that_is_wanted(w):
    generic = 'server: { pidfile = "/run/warden.pid"; };'
    texts = {
        "---\nserver:\n  container_klass: Warden::Container::Linux\n":
            'server: { container_klass = "Warden::Container::Linux"; };',
        "# a comment\n\nserver:\n  unix_domain_permissions: 0777\n  pidfile: /x\n\nlogging:\n  level: debug\n":
            'server: { unix_domain_permissions = "0777"; };',
        "health_check_server:\n    port: 2345  # of all\n": "health_check_server: { port = 2345; };",
        "network:\n  pool_start_address: 10.254.0.0\n": 'network: { pool_start_address = "10.254.0.0"; };',
        "network:\n  deny_networks:\n    - 10.0.0.0/8\n": generic,
        "server:\n  pidfile: 'x\"y'\n": generic,
        "---\n- server\n": generic,
    }
    path = f"{w.directory}/warden.yml"
    for text, form in texts.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        for option in ([], ["--check-config"]):
            seen = _run(w, "-c", path, *option)
            expect.true(seen.returncode != 0, "refused", seen)
            expect.equal(seen.stderr.count("\n"), 1, "lines")
            start = f"{path}: this is YAML, as the original Warden reads it; here the syntax is that of libconfig"
            expect.contains(seen.stderr, f"{start}, with the same names: {form} see warden.conf(5)")


@case(daemon=False)
def a_new_file_system_can_be_the_depot(w):
    depot = f"{w.directory}/filesystem"
    os.makedirs(f"{depot}/lost+found", 0o700)
    os.chmod(depot, 0o755)
    w.daemon.settings["server"]["container_depot_path"] = depot
    w.daemon.start()
    handle = w.create()
    expect.equal(oct(stat.S_IMODE(os.stat(depot).st_mode)), "0o700")
    expect.equal(w.run(handle, "echo inside"), "inside\n")
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.run(handle, "echo inside"), "inside\n")
    w.c.destroy(handle)
    expect.contains(os.listdir(depot), "lost+found")
    expect.lacks(w.daemon.log(), "lost+found")
    os.rmdir(f"{depot}/lost+found")  # the case leaves nothing


@case(backend="fake", daemon=False)
def an_unknown_backend_is_refused(w):
    base = w.daemon.settings
    text = w.file("text.so", "no module")
    for klass, pattern in (
        ("nowhere", "nowhere"),
        ("/no/such/module.so", "/no/such/module.so"),
        (text, re.escape(text)),
        ("/lib/x86_64-linux-gnu/libm.so.6", "warden_container_klass"),
        ("Warden::Container::Solaris", "Solaris"),
    ):
        _refuses(w, daemon.merge(base, {"server": {"container_klass": klass}}), pattern)


@case(daemon=False)
def the_originals_class_names_are_understood(w):
    names = {"linux": "Warden::Container::Linux", "fake": "Warden::Container::Insecure"}
    w.daemon.settings["server"]["container_klass"] = names[w.backend]
    w.daemon.start()
    expect.equal(w.run(w.create(), "echo hi"), "hi\n")


@case(daemon=False)
def a_backend_may_be_given_by_its_path(w):
    w.daemon.settings["server"]["container_klass"] = f"{w.build.modules}/{w.backend}.so"
    w.daemon.settings["server"]["backend_path"] = None
    w.daemon.start()
    expect.equal(w.run(w.create(), "echo hi"), "hi\n")


@case(daemon=False)
def inherited_descriptors_do_not_reach_a_job(w):
    # The daemon's stdin, stdout and stderr are the harness's; a further one is left open on purpose.
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    w.daemon.write_config()
    popen = subprocess.Popen
    try:
        subprocess.Popen = lambda *a, **k: popen(*a, **{**k, "pass_fds": (write_end,)})
        w.daemon.start()
    finally:
        subprocess.Popen = popen
        os.close(write_end)
        os.close(read_end)
    # Not through a pipe, which the shell would hold for a moment.
    seen = w.run(w.create(), "ls /proc/$$/fd >seen; cat seen")
    expect.equal(seen, "0\n1\n2\n")


@case(backend="fake", daemon=False)
def closed_standard_descriptors_do_no_harm(w):
    w.daemon.write_config()
    command = f'exec "{w.build.path("wardend")}" -c "{w.daemon.config}" <&- >&- 2>&-'
    popen = subprocess.Popen
    try:
        subprocess.Popen = lambda argv, **k: popen(["/bin/sh", "-c", command], **k)
        w.daemon.start()
    finally:
        subprocess.Popen = popen
    expect.result(w.c.run(w.create(), "echo out; echo err >&2"), 0, b"out\n", b"err\n")


@case(alone=True)
def the_daemon_uses_little_memory(w):
    if w.sanitized:
        return
    expect.between(kernel.resident(w.daemon.pid), 0, 8 << 20, "bytes resident when idle")
    w.destroy_all()
    before = kernel.resident(w.daemon.pid)
    handles = [w.create() for _ in range(50)]
    each = (kernel.resident(w.daemon.pid) - before) / len(handles)
    expect.between(each, -1 << 20, 20 << 10, "bytes more a container")


def _dirty(pid):
    """Private memory that the process has written. Private_Dirty also counts a program that is not on the disk yet."""
    rollup = kernel.read(f"/proc/{pid}/smaps_rollup")
    return int(re.search(r"^Anonymous: +([0-9]+) kB$", rollup, re.MULTILINE).group(1)) * 1024


@case
def process_1_uses_little_memory(w):
    handle = w.create()
    w.run(handle, "true")
    expect.between(os.path.getsize(w.build.path("wshd")), 1, 200 << 10, "bytes of the file")
    expect.between(_dirty(w.init_of(handle)), 1, 50 << 10, "bytes of private dirty memory")


def _journal_of(path):
    """The journal's thread of the ext4 that holds a path; None: it is another file system."""
    number = os.stat(path).st_dev
    link = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"
    name = os.path.basename(os.readlink(link)) if os.path.islink(link) else ""
    file = f"/sys/fs/ext4/{name}/journal_task"
    return kernel.read(file).strip() if name and os.path.exists(file) else None


@case(module=False)
def an_ext4_without_a_journal_spreads_its_containers(w):
    """Else each of many short lives would search past the inodes that the others have just freed."""
    get_flags, top_of_hierarchy = 0x80086601, 0x20000
    journal = _journal_of(w.daemon.depot)
    if journal is None:
        raise Skip("the depot is not on ext4")
    for directory in (w.daemon.depot, f"{w.daemon.depot}/tmp"):
        fd = os.open(directory, os.O_RDONLY)
        flags = int.from_bytes(fcntl.ioctl(fd, get_flags, bytes(8))[:4], sys.byteorder)
        os.close(fd)
        expect.equal(bool(flags & top_of_hierarchy), journal == "<none>", f"{directory} spreads (journal {journal})")
