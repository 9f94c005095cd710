# SPDX-License-Identifier: Apache-2.0
"""Commands instead of scripts: arguments, environment, working directory, user, standard input."""

import struct

import expect
import warden
from case import Skip, case
from images import directory, file, symlink, tar


def run(w, handle, *argv, **fields):
    """Runs a command."""
    return w.c.call(warden.RunRequest(handle=handle, argv=[a.encode() for a in argv], **fields))


def prints(w, handle, expected, *argv, **fields):
    """Expects that a command prints this and exits with 0."""
    seen = run(w, handle, *argv, **fields)
    expect.equal((seen.stderr, seen.stdout, seen.exit_status), (b"", expected.encode(), 0))
    expect.equal(seen.end.reason, warden.Reason.EXITED)


def does_not_start(w, handle, why, *argv, **fields):
    """Expects that a command does not start."""
    seen = run(w, handle, *argv, **fields)
    expect.equal((seen.exit_status, seen.stdout, seen.stderr), (255, b"", b""))
    expect.equal(seen.end.reason, warden.Reason.START_FAILED)
    expect.contains(seen.end.start_error, why)


@case
def arguments_arrive_unchanged(w):
    prints(w, w.create(), "[][a b][$HOME][\n'\"\\]", "printf", "[%s]", "", "a b", "$HOME", "\n'\"\\")


@case
def the_environment_overrides_that_of_every_job(w):
    handle = w.create()
    env = [b"A=1=2", b"PATH=/usr/bin", b"EMPTY="]
    seen = run(w, handle, "env", env=env).stdout.split(b"\n")
    for text in env:
        expect.contains(seen, text)
    expect.equal(seen.count(b"PATH=/usr/bin"), 1)
    seen = w.c.call(warden.RunRequest(handle=handle, script=b"echo $A$PATH", env=env))
    expect.equal(seen.stdout, b"1=2/usr/bin\n")


@case
def a_name_is_looked_up_in_the_path_of_the_job(w):
    handle = w.create()
    script = "mkdir bin && printf '#!/bin/sh\\necho found\\n' >bin/warden-case && chmod 755 bin/warden-case && pwd"
    home = w.run(handle, script).strip()
    prints(w, handle, "found\n", "warden-case", env=[f"PATH=/nowhere:{home}/bin".encode()])
    prints(w, handle, "found\n", "bin/warden-case")
    does_not_start(w, handle, "argv warden-case: No such file or directory", "warden-case")


@case
def a_missing_interpreter_is_named(w):
    handle = w.create()
    script = """printf '#!/no/such/shell -x\\n' >missing
        printf '#!/bin/sh\\r\\necho hi\\r\\n' >windows
        sed 's|/lib64/ld-linux-x86-64.so.2|/lib64/ld-linux-x86-64.so.9|' "$(readlink -f /bin/true)" >program
        printf '#!%s\\n' "$PWD/program" >nested
        chmod 755 missing windows program nested && pwd"""
    home = w.run(handle, script).strip()
    path = [f"PATH=/nowhere:{home}".encode()]
    does_not_start(w, handle, "argv ./missing: its interpreter /no/such/shell is not there", "./missing")
    does_not_start(w, handle, "argv missing: its interpreter /no/such/shell is not there", "missing", env=path)
    text = "argv ./windows: its interpreter /bin/sh\\r is not there: its first line ends in CR LF, not in LF"
    does_not_start(w, handle, text, "./windows")
    if w.run(handle, "uname -m").strip() == "x86_64":
        does_not_start(w, handle, "argv ./program: its interpreter /lib64/ld-linux-x86-64.so.9 is not", "./program")
        text = f"argv ./nested: /lib64/ld-linux-x86-64.so.9 (the interpreter of {home}/program) is not there"
        does_not_start(w, handle, text, "./nested")


def _elf(machine, bits=64, order="<", loader=b""):
    """A program of a machine, which may have a loader."""
    wide = bits == 64
    head_size, entry_size = (64, 56) if wide else (52, 32)
    head = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    head += struct.pack(f"{order}HHI{'QQQ' if wide else 'III'}", 3, machine, 1, 0, head_size, 0)
    head += struct.pack(f"{order}IHHHHHH", 0, head_size, entry_size, 1 if loader else 0, 0, 0, 0)
    at, size = head_size + entry_size, len(loader) + 1
    if wide:
        entry = struct.pack(f"{order}IIQQQQQQ", 3, 4, at, at, at, size, size, 1)
    else:
        entry = struct.pack(f"{order}IIIIIIII", 3, at, at, at, size, size, 4, 1)
    return head + (entry + loader + b"\0" if loader else b"")


@case
def what_cannot_be_executed_is_explained(w):
    handle = w.create()
    here = w.run(handle, "uname -m").strip()
    other = (183, "aarch64") if here != "aarch64" else (62, "x86_64")
    scripts = [file(f"s{n}", b"#!./s%d\n" % (n + 1), 0o755) for n in range(8)]
    made = (
        *scripts,
        file("other", _elf(other[0], loader=b"/lib/none.so"), 0o755),
        file("big", _elf(21, order=">"), 0o755),
        file("odd", _elf(54321), 0o755),
        file("by-other", b"#!./other\n", 0o755),
        file("text", b"echo hi\n", 0o755),
        file("nothing", b"#! \n", 0o755),
        file("plain", b"#!/bin/sh\n", 0o644),
        file("by-plain", b"#! ./plain -x\n", 0o755),
        file("by-by-plain", b"#!./by-plain", 0o755),
        file("through", b"#!./text/x\n", 0o755),
        file("loop", b"#!./round\n", 0o755),
        symlink("round", "round"),
        file("odd-name", b"#!/\x1b[31m\x07\n", 0o755),
        directory("d"),
        file("by-d", b"#!./d\n", 0o755),
    )
    w.c.tar_in(handle, ".", tar(*made))
    for name, why in (
        ("other", f"Exec format error: it is for 64-bit {other[1]}, this is {here}"),
        ("big", f"Exec format error: it is for 64-bit ppc64, this is {here}"),
        ("odd", f"Exec format error: it is for machine 54321 of ELF, this is {here}"),
        ("by-other", f"its interpreter ./other: Exec format error: it is for 64-bit {other[1]}, this is {here}"),
        ("text", "Exec format error: it is no program, and does not begin with #!"),
        ("nothing", "Exec format error: no interpreter stands behind #!"),
        ("plain", "Permission denied"),
        ("by-plain", "its interpreter ./plain: Permission denied"),
        ("by-by-plain", "./plain (the interpreter of ./by-plain): Permission denied"),
        ("through", "its interpreter ./text/x: Not a directory"),
        ("odd-name", "its interpreter /?[31m? is not there"),
        ("s3", "./s8 (the interpreter of ./s7) is not there"),
        ("s0", "more than 5 scripts, each the interpreter of the one before"),
        ("by-d", "its interpreter ./d: Permission denied"),
    ):
        seen = run(w, handle, f"./{name}")
        expect.equal(seen.end.start_error, f"argv ./{name}: {why}")
    does_not_start(w, handle, "argv ./loop: its interpreter ./round: ", "./loop")  # C libraries differ in the rest


@case
def a_missing_loader_is_named(w):
    handle = w.create()
    machine = {"x86_64": (62, 3), "aarch64": (183, 40)}.get(w.run(handle, "uname -m").strip())
    if not machine:
        raise Skip("needs x86_64 or aarch64")
    w.c.tar_in(handle, ".", tar(
        file("wide", _elf(machine[0], loader=b"/lib/wide.so"), 0o755),
        file("narrow", _elf(machine[1], 32, loader=b"/lib/narrow.so"), 0o755),
        file("script", b"#!./wide\n", 0o755),
    ))  # fmt: skip
    for name, why in (
        ("wide", "its interpreter /lib/wide.so is not there"),
        ("script", "/lib/wide.so (the interpreter of ./wide) is not there"),
    ):
        does_not_start(w, handle, f"argv ./{name}: {why}", f"./{name}")
    # The kernel may lack programs of 32 bits.
    why = "(its interpreter /lib/narrow.so is not there|Exec format error: it is for 32-bit .*)"
    expect.matches(run(w, handle, "./narrow").end.start_error, f"argv ./narrow: {why}")
    w.run(handle, "chmod 111 wide")
    expect.matches(run(w, handle, "./wide").end.start_error,
                   "argv ./wide: its interpreter (/lib/wide.so )?is not there")  # fmt: skip


@case
def a_command_line_is_as_long_as_execve_takes(w):
    handle = w.create()
    prints(w, handle, "100000\n", "sh", "-c", "echo $#", "sh", *["abcdefghij"] * 100_000)
    prints(w, handle, "131071\n", "sh", "-c", "echo ${#1}", "sh", "x" * 131071)
    expect.error("argv: a word has 131072 bytes, at most 131071 are allowed", run, w, handle, "true", "x" * 131072)
    expect.error("argv has 262145 words, at most 262144 are allowed", run, w, handle, *["x"] * 262145)
    text = "argv true: words and environment have [0-9]+ bytes with 8 for each, at most 2097152 are allowed"
    seen = run(w, handle, "true", *["abcdefghij"] * 200_000, rlimits=warden.ResourceLimits(stack=8 << 20))
    expect.matches(seen.end.start_error, f"{text}.*")


@case
def a_working_directory_is_the_containers(w):
    handle = w.create()
    directory = "/tmp/work" if w.backend == "linux" else "/work"
    made = directory if w.backend == "linux" else "work"  # there the root is where a job begins
    w.run(handle, f"mkdir -p {made} && touch {made}/here")
    prints(w, handle, "here\n", "ls", working_dir=directory.encode())
    does_not_start(w, handle, "working_dir /missing: No such file or directory", "true", working_dir=b"/missing")
    file = directory + "/here"
    does_not_start(w, handle, f"working_dir {file}: Not a directory", "true", working_dir=file.encode())


@case(backend="linux")
def a_user_is_a_name_or_a_number(w):
    handle = w.create()
    vcap = w.run(handle, "id -u; id -g").split()
    script = "echo 'worker:x:4711:4712::/srv:/bin/sh' >>/etc/passwd; echo 'crew:x:4713:' >>/etc/group; mkdir -p /srv"
    w.run(handle, script, privileged=True)
    who = ("sh", "-c", "echo $(id -u) $(id -g) $(id -G) $USER $HOME $(pwd); id -u >/dev/stdout")
    for user, expected in [
        ("root", "0 0 0 root /root /root\n0\n"),
        ("vcap", f"{vcap[0]} {vcap[1]} {vcap[1]} vcap /home/vcap /home/vcap\n{vcap[0]}\n"),
        (vcap[0], f"{vcap[0]} {vcap[1]} {vcap[1]} vcap /home/vcap /home/vcap\n{vcap[0]}\n"),
        ("worker", "4711 4712 4712 worker /srv /srv\n4711\n"),
        ("worker:crew", "4711 4713 4713 worker /srv /srv\n4711\n"),
        ("4711", "4711 4712 4712 worker /srv /srv\n4711\n"),
        ("12345", "12345 12345 12345 12345 / /\n12345\n"),
        ("12345:7", "12345 7 7 12345 / /\n12345\n"),
    ]:
        prints(w, handle, expected, *who, user=user.encode())
    does_not_start(w, handle, "there is no user nobody-at-all", "true", user=b"nobody-at-all")
    does_not_start(w, handle, "there is no group as in root:nothing", "true", user=b"root:nothing")
    does_not_start(w, handle, "user 4000000000: Invalid argument", "true", user=b"4000000000")


@case(backend="linux")
def a_line_without_a_home_leaves_root_and_vcap_theirs(w):
    handle = w.create()
    vcap, root = w.run(handle, "id -u").strip(), "0"
    who = ("sh", "-c", "echo $(id -u) $HOME $(pwd)")
    for end in (":x", ":x:1:2", ":x:1:2::relative:/bin/sh", ":x:1:2:::/bin/sh"):
        lines = "".join(f"{name}{end.replace('1:2', ids)}\n" for name, ids in [
            ("root", "0:0"), ("vcap", f"{vcap}:{vcap}"), ("worker", "4711:4712")])  # fmt: skip
        w.run(handle, f"printf '%s' '{lines}' >/etc/passwd", privileged=True)
        prints(w, handle, f"{root} /root /root\n", *who, user=b"root")
        prints(w, handle, f"{vcap} /home/vcap /home/vcap\n", *who, user=b"vcap")
        if "1:2" in end:
            prints(w, handle, "4711 / /\n", *who, user=b"worker")


@case
def a_user_of_a_fake_container_is_the_daemons(w):
    handle = w.create()
    prints(w, handle, "", "true", user=b"vcap")
    prints(w, handle, "", "true", user=b"root:root")
    if w.backend == "fake":
        text = "user: a fake container has only the daemon's user, not nobody-at-all"
        expect.error(text, run, w, handle, "true", user=b"nobody-at-all")


@case
def input_is_streamed_and_closed(w):
    handle = w.create()
    job = w.c.call(warden.SpawnRequest(handle=handle, argv=[b"cat"], stdin=True)).job_id
    w.c.call(warden.JobInputRequest(handle=handle, job_id=job, data=b"one "))
    w.c.call(warden.JobInputRequest(handle=handle, job_id=job, data=b"two", end=True))
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.stdout), (0, b"one two"))


@case
def input_continues_after_kill_9(w):
    handle = w.create()
    job = w.c.call(warden.SpawnRequest(handle=handle, argv=[b"cat"], stdin=True)).job_id
    w.c.call(warden.JobInputRequest(handle=handle, job_id=job, data=b"before "))
    w.disconnect()
    w.daemon.restart()
    w.c.call(warden.JobInputRequest(handle=handle, job_id=job, data=b"after", end=True))
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.stdout), (0, b"before after"))


@case
def a_command_has_three_descriptors(w):
    handle = w.create()
    seen = run(w, handle, "ls", "/proc/self/fd", env=[b"A=1"])
    expect.equal(seen.stdout, b"0\n1\n2\n3\n")
    seen = run(w, handle, "readlink", "/proc/self/fd/0")
    expect.equal(seen.stdout, b"/dev/null\n")


@case
def options_of_the_process_are_set_as_requested(w):
    handle = w.create()
    niceness = ("cut", "-d ", "-f19", "/proc/self/stat")
    before = int(run(w, handle, *niceness).stdout)
    script = " ".join(niceness).replace("-d ", "-d' '") + "; grep -o 'Cpus_allowed_list.*' /proc/self/status"
    script += "; cat /proc/self/personality; ulimit -s"
    expected = f"{min(before + 5, 19)}\nCpus_allowed_list:\t0\n00040000\nunlimited\n"
    prints(w, handle, expected, "sh", "-c", script, nice=5, cpus=b"0", no_aslr=True, stack_unlimited=True)
    does_not_start(w, handle, "cpus 8000: Invalid argument", "true", cpus=b"8000")


@case
def two_joined_jobs_exchange_their_output(w):
    handle = w.create()
    pair = w.c.call(
        warden.SpawnPairRequest(
            handle=handle,
            first=warden.SpawnRequest(handle=handle, argv=[b"sh", b"-c", b"echo ping; read x; echo $x >&2"]),
            second=warden.SpawnRequest(handle=handle, argv=[b"sh", b"-c", b"read x; echo pong; echo $x >&2; exit 3"]),
        )
    )
    first, second = w.c.link(handle, pair.first_job_id), w.c.link(handle, pair.second_job_id)
    expect.equal((first.stderr, first.exit_status), (b"pong\n", 0))
    expect.equal((second.stderr, second.exit_status), (b"ping\n", 3))
