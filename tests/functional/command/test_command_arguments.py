# SPDX-License-Identifier: Apache-2.0
"""Arguments of the `warden` command, and its usage errors."""

import os
import subprocess
import time

import command
import expect
from case import case


@case
def create_without_a_handle_prints_the_id(w):
    expect.matches(command.ok(w, "create"), r"[0-9a-v]{11}\n")


@case
def the_handle_may_be_an_option_or_a_word(w):
    command.ok(w, "create", "--handle=one")
    command.ok(w, "create", "two")
    command.ok(w, "destroy", "--handle", "one")
    command.ok(w, "destroy", "two")
    expect.equal(w.c.list(), [])


@case
def a_script_comes_from_a_file_or_from_standard_input(w):
    w.create(handle="h")
    path = w.file("script", "echo from a file\n")
    expect.equal(command.ok(w, "run", "h", "--script-file", path), "from a file\n")
    expect.equal(command.ok(w, "run", "h", "--script-file", "-", stdin=b"echo one\n"), "one\n")
    expect.equal(command.ok(w, "run", "h", "-", stdin=b"echo two\n"), "two\n")
    text = "warden run: read the script from /nowhere: No such file or directory\n"
    command.failure(w, text, "run", "h", "--script-file", "/nowhere")


@case
def words_of_a_command_line_arrive_unchanged(w):
    w.create(handle="h")
    words = ["it's", "a  b", "$HOME `id` \\", '"', "", "*", "x\ny", "-n", "é", "--json"]
    seen = command.ok(w, "run", "h", "--", "printf", "<%s>", *words)
    expect.equal(seen, "".join(f"<{word}>" for word in words))


@case
def more_than_one_script_is_refused(w):
    w.create(handle="h")
    command.usage_error(w, "there can be one script", "run", "h", "--script", "x", "--", "y")
    command.usage_error(w, "needs a script or a command line", "run", "h")


@case
def options_of_create_reach_the_daemon(w):
    source = w.make_directory("source")
    w.file("source/file", "from the host\n")
    command.ok(w, "create", "h", "--bind-mount", "source:/mnt/in:ro", "--network", "10.254.0.77")
    expect.equal(w.c.info("h").container_ip, "10.254.0.78")
    if w.linux:
        expect.equal(command.ok(w, "run", "h", "--", "cat", "/mnt/in/file"), "from the host\n")
    missing = f"warden create: Source path for bind mount does not exist: {source}/no\n"
    command.failure(w, missing, "create", "--bind-mount", "source/no:/x")
    if w.linux:
        text = f"warden create: rootfs {source}/no not found\n"
        command.failure(w, text, "create", "--rootfs", "source/no")


@case
def a_writable_source_of_root_is_told(w):
    source = w.make_directory("source")
    os.chmod(source, 0o755)
    text = (
        f"warden: {source} belongs to root, so nobody in the container may be able to write there: "
        "chown it to an ordinary user, or append :ro\n"
    )
    seen = w.command("create", "-v", f"{source}:/mnt", "first")
    expect.equal((seen.returncode, seen.stderr.decode()), (0, text if os.geteuid() == 0 else ""))
    command.ok(w, "create", "-v", f"{source}:/mnt:ro", "second")
    if os.geteuid() == 0:
        os.chown(source, 1000, 1000)
        command.ok(w, "create", "-v", f"{source}:/mnt", "third")


@case
def the_root_directory_makes_no_double_slash(w):
    with command.start(w, "create", "--bind-mount", "no/such:/x", cwd="/", stderr=subprocess.PIPE) as process:
        text = b"warden create: Source path for bind mount does not exist: /no/such\n"
        expect.equal(process.communicate(timeout=20)[1], text)


@case
def a_grace_time_may_have_a_fraction_or_be_never(w):
    command.ok(w, "create", "--grace-time", "0.2", "short")
    command.ok(w, "create", "--grace-time", "never", "long")
    w.note_ids()
    time.sleep(1.5)
    expect.equal(w.c.list(), ["long"])


@case
def stop_takes_its_options(w):
    w.create(handle="h")
    job = w.c.spawn("h", "trap '' TERM; while :; do sleep 0.1; done")
    with expect.within(5, "stop --kill"):
        command.ok(w, "stop", "--kill", "h")
    expect.equal(w.c.link("h", job).exit_status, 255)
    expect.equal(w.c.info("h").state, "stopped")


@case
def the_socket_is_named_by_option_or_environment(w):
    away = {"WARDEN_SOCKET": f"{w.directory}/nothing"}
    expect.equal(w.command("ping", environment=away).returncode, 1)
    expect.equal(command.ok(w, "--socket", w.daemon.socket, "ping", environment=away), "pong\n")


@case
def options_before_the_command_leave_its_words_unchanged(w):
    w.create(handle="h")
    for words in (["shell", "h", "echo", "hi"], ["run", "h", "--script", "echo hi"], ["exec", "echo", "hi"]):
        seen = w.command("--socket", w.daemon.socket, "--json=false", *words)
        expect.equal((words, seen.stderr, seen.stdout), (words, b"", b"hi\n"))
    expect.contains(command.ok(w, "--socket", w.daemon.socket, "ps", "h"), "JOB")


@case
def a_socket_may_have_a_long_path(w):
    directory = w.make_directory("/".join(["a" * 100] * 3))
    os.symlink(w.daemon.socket, f"{directory}/socket")
    expect.equal(command.ok(w, "--socket", f"{directory}/socket", "ping"), "pong\n")


@case
def shell_runs_commands_through_wsh(w):
    w.create(handle="h")
    seen = w.command("shell", "h", "--", "sh", "-c", "echo inside; exit 6")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (6, b"inside\n", b""))
    command.failure(w, "warden shell: unknown handle\n", "shell", "nobody")


@case(daemon=False)
def an_absent_daemon_is_reported(w):
    seen = w.command("list")
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr.decode(), f"connect to {w.daemon.socket}: No such file or directory")
    expect.contains(seen.stderr.decode(), "Is wardend running?")


@case(daemon=False, backend="fake")
def a_mistyped_word_gets_a_suggestion(w):
    command.usage_error(w, "unknown command 'lst'; did you mean 'list'?", "lst")
    command.usage_error(w, "unknown option --grace; did you mean --grace-time?", "create", "--grace", "1")
    text = "unknown option --priviledged; did you mean --privileged?"
    command.usage_error(w, text, "run", "--priviledged")
    text = "unknown resource 'nofiles'; did you mean 'nofile'?"
    command.usage_error(w, text, "run", "--rlimit", "nofiles=1")
    command.usage_error(w, "unknown option --xyzzy\n", "list", "--xyzzy")
    command.usage_error(w, "unknown command 'foo'\n", "foo")


@case(daemon=False, backend="fake")
def unknown_arguments_are_usage_errors(w):
    command.usage_error(w, "Usage: warden")
    command.usage_error(w, "needs HANDLE", "destroy")
    command.usage_error(w, "unexpected argument 'b'", "pause", "a", "b")
    command.usage_error(w, "--handle needs its HANDLE", "destroy", "--handle")
    command.usage_error(w, "--job-id: 'x' is not a valid JOB", "link", "h", "x")
    command.usage_error(w, "--job-id: '4294967296' is out of range", "link", "h", "4294967296")
    command.usage_error(w, "--grace-time: '-2' is not a valid TIME: seconds, or with a unit: 500ms", "create", "--grace-time", "-2")
    command.usage_error(w, "--rlimit: 'nofile' is not a valid NAME=N", "run", "--rlimit", "nofile")
    command.usage_error(w, "--bind-mount: '/a' is not a valid SRC:DST", "create", "--bind-mount", "/a")
    command.usage_error(w, "--bind-mount: '/a:/b:r' is not a valid SRC:DST", "create", "--bind-mount", "/a:/b:r")
    command.usage_error(w, "--kill is true or false, not 'yes'", "stop", "--kill=yes", "h")


@case(daemon=False, backend="fake")
def an_empty_value_is_not_the_default(w):
    for name, value in (("hostname", "NAME"), ("network", "ADDRESS"), ("rootfs", "DIR"), ("layer", "DIR")):
        command.usage_error(w, f"--{name}: '' is not a valid {value}", "create", f"--{name}", "")
        command.usage_error(w, f"--{name}: '' is not a valid {value}", "exec", f"--{name}=", "--", "true")
    for name, value in (("user", "USER[:GROUP]"), ("working-dir", "PATH"), ("log-tag", "TAG")):
        command.usage_error(w, f"--{name}: '' is not a valid {value}", "run", "h", f"--{name}", "", "--", "true")
    command.usage_error(w, "--user: '' is not a valid USER[:GROUP]", "exec", "-u", "", "--", "true")
    command.usage_error(w, "--user: '' is not a valid USER\n", "shell", "h", "-u", "")


@case(daemon=False, backend="fake")
def every_field_of_a_request_has_its_option(w):
    singular = {"bind_mounts": "bind-mount", "rlimits": "rlimit"}
    job = ["handle", "script", "privileged", "rlimits", "discard_output", "log_tag"]
    requests = {
        "create": ["bind_mounts", "grace_time", "handle", "network", "rootfs"],
        "stop": ["handle", "background", "kill"],
        "destroy": ["handle"],
        "info": ["handle"],
        "spawn": job,
        "run": job,
        "link": ["handle", "job_id"],
        "stream": ["handle", "job_id"],
        "echo": ["message"],
    }
    for request, fields in requests.items():
        text = command.ok(w, "help", request)
        expect.equal(command.ok(w, request, "--help"), text, f"warden {request} --help")
        for field in fields:
            option = singular.get(field, field.replace("_", "-"))
            expect.matches(text, rf".*  (-\w, )?--{option}\b.*", f"help {request}")


@case(daemon=False, backend="fake")
def the_version_is_printed(w):
    expect.matches(command.ok(w, "--version"), r"warden \d+\.\d+\.\d+\n")
