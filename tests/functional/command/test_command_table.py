# SPDX-License-Identifier: Apache-2.0
"""The table of the `warden` command: options for every field, and the files generated from it."""

import dataclasses
import re
import subprocess

import command
import expect
import warden
from case import case

# Requests that are parts of another command.
WITHIN = {"tar_in": "copy-in", "tar_data": "copy-in", "tar_out": "copy-out"}

# Fields whose option has its own name; None: words of the command line, or what the command sets itself.
NAMES = {
    "argv": None,
    "cpus": "cpuset",
    "bind_mounts": "bind-mount",
    "layers": "layer",
    "tmpfs_bytes": "tmpfs-size",
    "shm_bytes": "shm-size",
    "properties": "property",
    "hosts": "host",
    "dns_servers": "dns-server",
    "rlimits": "rlimit",
    "wall_time_us": "timeout",
    "cpu_time_us": "cpu-time",
    "handles": "handle",
    "memory_bytes": "memory",
    "disk_bytes": "disk",
    "limit_in_bytes": "limit",
    "limit_in_shares": "limit",
    "in_": "in",
    "partial": None,
}


def _snake(message):
    """create for CreateRequest."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__.removesuffix("Request")).lower()


def _fields(message):
    """Names of a message's fields, those of limits instead of `limits`, of a job instead of a pair's."""
    for field in dataclasses.fields(message):
        if field.name == "limits":
            yield from _fields(warden.Limits)
        elif field.name in ("first", "second"):
            yield from (name for name in _fields(warden.SpawnRequest) if name != "handle")
        else:
            yield field.name


@case(daemon=False, backend="fake")
def every_request_and_every_field_has_its_command_and_option(w):
    for _, request, _ in warden.TYPES:
        name = _snake(request)
        if name in WITHIN:
            continue
        text = command.ok(w, "help", name.replace("_", "-"))
        for field in _fields(request):
            option = NAMES.get(field, field.replace("_", "-"))
            if option is not None:
                expect.true(re.search(rf"^  (-\w, )?--{option}\b", text, re.M), f"--{option} of {name}", text)


@case(daemon=False, backend="fake")
def generated_files_are_up_to_date(w):
    for file, arguments in (
        ("doc/warden.1", ["help", "--manual"]),
        ("etc/completion/warden", ["completion", "bash"]),
        ("etc/completion/_warden", ["completion", "zsh"]),
        ("etc/completion/warden.fish", ["completion", "fish"]),
    ):
        with open(f"{w.build.source}/{file}", encoding="utf-8") as written:
            expect.equal(command.ok(w, *arguments) == written.read(), True, f"{file}: `make generated` remedies it")


@case(daemon=False, backend="fake")
def letters_may_stand_together_and_hold_a_value(w):
    command.usage_error(w, "unknown option -ix", "run", "-ix", "h")
    command.usage_error(w, "--iterations: 'x' is not a valid N", "top", "-nx")
    command.usage_error(w, "--working-dir needs its PATH", "run", "-iw")


@case(daemon=False, backend="fake")
def values_are_read_as_people_write_them(w):
    command.usage_error(w, "'1x' is not a valid SIZE: bytes, or with a unit: 64k, 10M, 0.5G", "create", "-m", "1x")
    for arguments in (
        ["create", "--memory", "1x"],
        ["create", "--memory", "-1"],
        ["create", "--property", "=x"],
        ["create", "--property", "x"],
        ["run", "h", "--timeout", "1S"],
        ["run", "h", "--timeout", "inf"],
        ["run", "h", "--output-policy", "sometimes"],
        ["job-signal", "h", "1", "NOTHING"],
        ["file-write", "h", "/x", "--mode", "9"],
        ["net-remove", "h", "--in", "x:1"],
        ["net-out", "h", "--protocol", "sctp"],
    ):
        seen = w.command(*arguments)
        expect.equal((seen.returncode, seen.stdout), (2, b""), " ".join(arguments))


# Completion.


def _complete(w, *words):
    """The candidates for the last word."""
    return [line.split("\t")[0] for line in command.ok(w, "complete", "--", *words).splitlines()]


@case
def completion_knows_commands_options_handles_and_jobs(w):
    w.create(handle="first")
    w.create(handle="second")
    job = w.c.spawn("first", "sleep 100")
    expect.equal(_complete(w, "des"), ["destroy"])
    expect.equal(_complete(w, "help", "net-i"), ["net-in"])
    expect.equal(_complete(w, "completion", "z"), ["zsh"])
    expect.equal(_complete(w, "create", "--gra"), ["--grace-time"])
    expect.equal(_complete(w, "destroy", ""), ["first", "second"])
    expect.equal(_complete(w, "--json", "info", "se"), ["second"])
    expect.equal(_complete(w, "link", "first", ""), [str(job)])
    expect.equal(_complete(w, "kill", "first", ""), [str(job), "first", "second"])
    expect.equal(_complete(w, "stop", "first", "se"), ["second"])
    expect.equal(_complete(w, "link", "--handle", "first", "--job-id", ""), [str(job)])
    expect.equal(_complete(w, "run", "first", "--output-policy", "ta"), ["tail"])
    expect.equal(_complete(w, "run", "first", "--script-file", ""), [":files"])
    expect.equal(_complete(w, "create", "--rootfs", ""), [":directories"])
    expect.equal(_complete(w, "create", "--memory", "64"), ["64K", "64M", "64G", "64T"])
    expect.equal(_complete(w, "create", "--ttl", "1.5"), ["1.5s", "1.5m", "1.5h", "1.5d"])
    expect.equal(_complete(w, "create", ""), [])
    expect.equal(_complete(w, "events", "first", ""), ["first", "second"])
    w.c.stop("first", kill=True)


@case(daemon=False)
def completion_prints_nothing_without_a_daemon(w):
    expect.equal(_complete(w, "destroy", ""), [])


@case
def bash_completes_with_the_installed_file(w):
    w.create(handle="first")
    program = w.build.path("warden")
    script = f"""
        complete() {{ :; }}
        compopt() {{ :; }}
        . {w.build.source}/etc/completion/warden
        COMP_WORDS=({program} info f) COMP_CWORD=2
        _warden
        printf '<%s>' "${{COMPREPLY[@]}}"
    """
    seen = subprocess.run(["bash", "-c", script], env=w.program_environment(), capture_output=True, check=False)
    expect.equal((seen.stdout, seen.stderr), (b"<first>", b""))
