# SPDX-License-Identifier: Apache-2.0
"""CopyIn and CopyOut: content, target and owner of copies, and how a copy ends early."""

import io
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tarfile
import threading

import command
import expect
import kernel
import warden
from case import case


def copy_in(w, handle, source, target, client=None):
    """Copies into the container."""
    return (client or w.c).call(warden.CopyInRequest(handle=handle, src_path=source, dst_path=target))


def copy_out(w, handle, source, target, owner=None, client=None):
    """Copies out of it."""
    request = warden.CopyOutRequest(handle=handle, src_path=source, dst_path=target, owner=owner)
    return (client or w.c).call(request)


def listing(path):
    """The content of a directory: type, mode, size or target of each entry, by name."""
    seen = {}
    for parent, directories, files in os.walk(path):
        for name in directories + files:
            full = f"{parent}/{name}"
            status = os.lstat(full)
            kind, mode = stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                what = os.readlink(full)
            elif stat.S_ISREG(status.st_mode):
                with open(full, "rb") as file:
                    what = file.read()
            else:
                what = None
            seen[os.path.relpath(full, path)] = (kind, None if kind == stat.S_IFLNK else mode, what)
    return seen


def make_tree(w):
    """A directory with files of all names, links and modes; its path."""
    source = w.make_directory("source")
    os.mkdir(f"{source}/sub")
    os.mkdir(f"{source}/empty", 0o700)
    for name, mode in (("plain", 0o644), ("secret", 0o600), ("program", 0o755), ("read only", 0o444)):
        w.file(f"source/sub/{name}", name * 100, mode)
    w.file("source/new\nline", "odd")
    w.file("source/" + "n" * 255, "long")
    with open(os.fsencode(source) + b"/\xff\xfe", "wb") as file:
        file.write(b"not UTF-8")
    os.symlink("sub/plain", f"{source}/link")
    os.symlink("/etc/passwd", f"{source}/absolute")
    os.symlink("nowhere", f"{source}/dangling")
    os.link(f"{source}/sub/plain", f"{source}/hard")
    with open(f"{source}/holes", "wb") as file:
        file.seek(50_000_000)
        file.write(b"end")
    os.chmod(source, 0o750 if os.geteuid() else 0o755)
    return source


@case
def a_tree_copied_in_and_out_is_unchanged(w):
    source = make_tree(w)
    handle = w.create()
    copy_in(w, handle, source, "tree")
    copy_out(w, handle, "tree/source/", f"{w.directory}/back")
    expect.equal(listing(f"{w.directory}/back"), listing(source))
    expect.equal(os.stat(f"{w.directory}/back/holes").st_blocks < 10_000, True, "the hole is one")
    expect.equal(os.stat(f"{w.directory}/back/hard").st_nlink, 1, "links of a hard link")


@case
def a_source_ending_in_a_slash_is_its_content(w):
    source = make_tree(w)
    handle = w.create()
    copy_in(w, handle, f"{source}/", "content")
    copy_in(w, handle, source, "itself")
    expect.equal(w.run(handle, "cat content/sub/secret"), "secret" * 100)
    expect.equal(w.run(handle, "cat itself/source/sub/secret"), "secret" * 100)


@case
def a_file_goes_to_a_name_or_into_a_directory(w):
    handle = w.create()
    path = w.file("one", "one\n")
    copy_in(w, handle, path, "other name")
    w.run(handle, "mkdir there")
    copy_in(w, handle, path, "there")
    copy_in(w, handle, path, "made/")
    expect.equal(w.run(handle, "cat 'other name' there/one made/one"), "one\n" * 3)


@case
def existing_files_are_replaced(w):
    handle = w.create()
    w.run(handle, "mkdir d; echo old > d/file; ln -s /etc/passwd d/link; echo stays > d/stays")
    w.make_directory("d")
    w.file("d/file", "new\n")
    w.file("d/link", "no link\n")
    copy_in(w, handle, f"{w.directory}/d", ".")
    expect.equal(w.run(handle, "cat d/file d/link d/stays"), "new\nno link\nstays\n")


@case
def files_copied_in_belong_to_vcap(w):
    handle = w.create()
    copy_in(w, handle, w.file("mine", "x", 0o600), "mine")
    if w.linux:
        expect.equal(w.run(handle, "stat -c %U:%G:%a mine"), "vcap:vcap:600\n")
    expect.equal(w.run(handle, "cat mine"), "x")


@case(backend="linux")
def copy_in_writes_with_vcaps_permissions(w):
    handle = w.create()
    text = expect.error_like("/etc/mine", copy_in, w, handle, w.file("mine"), "/etc/mine")
    expect.contains(text, "Permission denied")
    expect.equal(w.c.run(handle, "ls /etc/mine").exit_status != 0, True, "it is not there")


@case(backend="linux")
def files_copied_out_belong_to_root_and_have_no_special_bits(w):
    handle = w.create()
    w.run(handle, "echo x > f; chmod 6755 f; mkdir d; chmod 7755 d; echo y > d/f; chmod 600 d/f")
    copy_out(w, handle, "f", f"{w.directory}/f")
    copy_out(w, handle, "d", w.directory)
    for name, mode in (("f", 0o755), ("d", 0o1755), ("d/f", 0o600)):
        seen = os.stat(f"{w.directory}/{name}")
        expect.equal((seen.st_uid, seen.st_gid, stat.S_IMODE(seen.st_mode)), (0, 0, mode), name)


@case(backend="linux")
def files_copied_out_belong_to_the_requested_owner(w):
    handle = w.create()
    w.run(handle, "mkdir -p d/e; echo x > d/e/f; ln -s f d/e/l")
    for owner, ids in (("nobody:daemon", (65534, 1)), ("nobody", (65534, 0)), ("1234:5678", (1234, 5678))):
        target = w.make_directory(owner)
        copy_out(w, handle, "d", target, owner)
        for name in ("d", "d/e", "d/e/f", "d/e/l"):
            seen = os.lstat(f"{target}/{name}")
            expect.equal((seen.st_uid, seen.st_gid), ids, f"{owner}: owner of {name}")
        seen = os.lstat(target)
        expect.equal((seen.st_uid, seen.st_gid), (0, 0), "what was there already stays its owner's")


@case
def an_unknown_owner_is_named(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    for owner in ("no-such-user", "root:no-such-group", "4294967295", "-1", "root:"):
        expect.error_like(f"owner {owner}", copy_out, w, handle, "f", f"{w.directory}/f", owner)
    expect.equal(os.path.exists(f"{w.directory}/f"), False, "something was copied")


@case(backend="fake")
def only_root_may_name_another_owner(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    if os.geteuid() == 0:
        return
    expect.error_like("owner 0:0: user .* may not", copy_out, w, handle, "f", f"{w.directory}/f", "0:0")
    copy_out(w, handle, "f", f"{w.directory}/f", f"{os.geteuid()}:{os.getegid()}")
    expect.equal(os.stat(f"{w.directory}/f").st_uid, os.geteuid())


@case
def errors_name_the_path(w):
    handle = w.create()
    path = w.file("there")
    for call, pattern in (
        (lambda: copy_in(w, handle, f"{w.directory}/missing", "x"), "open source .*/missing: No such file"),
        (lambda: copy_in(w, handle, path, "no/such/x"), "parent of target .*no/such/x: No such file"),
        (lambda: copy_in(w, handle, "relative", "x"), "src_path must be an absolute path"),
        (lambda: copy_in(w, handle, "", "x"), "src_path must be a path"),
        (lambda: copy_in(w, handle, path, ""), "dst_path must be a path"),
        (lambda: copy_in(w, handle, path, "a\0b"), "dst_path must be a path"),
        (lambda: copy_in(w, handle, path, "x/" * 2048), "dst_path must be a path"),
        (lambda: copy_out(w, handle, "missing", f"{w.directory}/x"), "open source .*missing: No such file"),
        (lambda: copy_out(w, handle, "/", f"{w.directory}/no/x"), "parent of target .*/no/x: No such file"),
        (lambda: copy_out(w, handle, "/", "relative"), "dst_path must be an absolute path"),
    ):
        expect.error_like(pattern, call)
    expect.error("unknown handle", copy_in, w, "nobody", path, "x")
    expect.equal(w.run(handle, "ls"), "", "what was copied")


@case
def a_target_that_is_not_writable_is_named(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    if w.linux:
        expect.error_like("/proc/x", copy_out, w, handle, "f", "/proc/x")
    elif os.geteuid() != 0:
        expect.error_like("/etc/x", copy_out, w, handle, "f", "/etc/x")


@case
def fifos_sockets_and_devices_are_skipped(w):
    source = w.make_directory("source")
    os.mkfifo(f"{source}/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{source}/socket")
    w.file("source/file", "x")
    handle = w.create()
    expect.equal(w.c.copy_in(handle, f"{source}/", "d"), warden.CopyInResponse(skipped=2))
    expect.equal(list(w.c.copy_in_progress(handle, f"{source}/", "d"))[-1], warden.CopyInResponse(skipped=2))
    expect.equal(w.run(handle, "ls d"), "file\n")
    expect.equal(w.c.copy_out(handle, "d", f"{w.directory}/all"), warden.CopyOutResponse())
    w.run(handle, "mkfifo d/fifo")
    expect.equal(w.c.copy_out(handle, "d", w.directory), warden.CopyOutResponse(skipped=1))
    expect.equal(list(w.c.copy_out_progress(handle, "d", w.directory))[-1], warden.CopyOutResponse(skipped=1))
    expect.equal(os.listdir(f"{w.directory}/d"), ["file"])


LEFT_OUT = ": fifos, sockets, devices or file systems of the kernel"


@case(module=False)
def the_command_says_how_much_is_left_out(w):
    source = w.make_directory("source")
    w.file("source/file", "x")
    handle = w.create()
    command.ok(w, "copy-in", handle, source, ".")
    command.ok(w, "copy-out", handle, "source", w.directory)
    command.ok(w, "copy-out", handle, "source", "-")
    os.mkfifo(f"{source}/fifo")
    packed_here = subprocess.run(["tar", "-C", source, "-c", "."], capture_output=True, check=True).stdout
    w.run(handle, "mkfifo source/one source/two")
    for arguments, stdin, text in (
        (("copy-in", handle, source, "."), None, "copy-in: left out 1 entry"),
        (("cp", source, f"{handle}:."), None, "copy-in: left out 1 entry"),
        (("copy-in", handle, "-", "d"), packed_here, "copy-in: left out 1 entry"),
        (("copy-out", handle, "source", w.directory), None, "copy-out: left out 2 entries"),
        (("cp", f"{handle}:source", w.directory), None, "copy-out: left out 2 entries"),
        (("copy-out", handle, "source", "-"), None, "copy-out: left out 2 entries"),
    ):
        seen = w.command(*arguments, **({"stdin": stdin} if stdin else {}))
        expect.equal((seen.returncode, seen.stderr.decode()), (0, f"warden {text}{LEFT_OUT}\n"), arguments)
        expect.equal(bool(seen.stdout), arguments[-1] == "-", "standard output")
    seen = w.command("--json", "copy-out", handle, "source", w.directory)
    expect.equal((seen.returncode, json.loads(seen.stdout)), (0, {"skipped": 2}))


@case(backend="fake", module=False)
def nothing_is_said_of_a_whole_root_without_such_files(w):
    handle = w.create()
    w.run(handle, "echo x > file")
    command.ok(w, "copy-out", handle, "/", w.make_directory("out"))
    expect.true(os.listdir(f"{w.directory}/out"), "a copy")


@case
def what_vanishes_during_a_copy_is_counted(w):
    handle = w.create()
    halted = Halted(w, handle)
    shutil.rmtree(f"{w.directory}/many")
    halted.go_on()
    answer = halted.copy.result()
    expect.equal((answer.skipped, (answer.vanished or 0) > 0), (None, True), answer)


@case(module=False)
def the_command_says_how_much_has_vanished(w):
    handle = w.create()
    source = make_many(w)
    with command.start(w, "copy-in", "--progress=false", handle, source, ".", stderr=subprocess.PIPE) as process:
        pid = expect.eventually(lambda: find_transfer(w), "the process of the copy")
        kernel.halt(pid)
        shutil.rmtree(source)
        os.kill(pid, signal.SIGCONT)
        expect.equal(process.wait(60), 0)
        text = r"warden copy-in: \d+ (entry|entries) vanished or changed during the copy\n"
        expect.matches(process.stderr.read().decode(), text)


@case
def requests_need_the_right_state(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    w.c.stop(handle)
    expect.error(
        "Container state must be one of 'active', current state is 'stopped'",
        copy_in, w, handle, w.file("f"), "f2",
    )  # fmt: skip
    copy_out(w, handle, "f", f"{w.directory}/out")
    with open(f"{w.directory}/out", encoding="utf-8") as file:
        expect.equal(file.read(), "x\n")


@case
def links_do_not_lead_out_of_the_container(w):
    handle = w.create()
    canary = w.file("canary", "secret")
    outside = w.make_directory("outside")
    w.run(handle, f"ln -s {canary} a; ln -s ../../../../../../..{canary} b; ln -s {outside} c; ln -s / d")
    for source in ("a/", "b/", f"d{canary}", f"c/../{os.path.basename(canary)}", f"../../../../..{canary}"):
        expect.error_like("open source", copy_out, w, handle, source, f"{w.directory}/stolen")
    copy_out(w, handle, "a", f"{w.directory}/link")
    expect.equal(os.readlink(f"{w.directory}/link"), canary, "a link is copied as one")
    for target in ("c/x", "c/", f"d{outside}/x"):
        expect.error_like("target", copy_in, w, handle, canary, target)
    expect.equal(os.listdir(outside), [])


@case
def links_from_an_earlier_copy_are_not_followed(w):
    handle = w.create()
    outside = w.make_directory("outside")
    w.run(handle, f"mkdir d; ln -s {outside} d/x; echo evil > f; mkdir -p e/x; echo evil > e/x/f")
    copy_out(w, handle, "d", w.directory)
    for target in ("d/x/f", "d/x/", "d/x"):
        expect.error_like("symbolic links", copy_out, w, handle, "f", f"{w.directory}/{target}")
    copy_out(w, handle, "e/", f"{w.directory}/d")
    expect.equal(os.listdir(outside), [])
    expect.equal(os.listdir(f"{w.directory}/d/x"), ["f"], "the link became a directory")


def make_many(w):
    """Makes a directory with so many files that a copy takes long; returns its path."""
    source = w.make_directory("many")
    for i in range(4000):
        w.file(f"many/{i}", b"x" * 500)
    return source


def find_transfer(w):
    """The process of a copy, or None."""
    w.skip_for_module("the case needs the process of a copy")
    return next(iter(kernel.transfers(w.daemon.pid)), None)


def bytes_written(pid):
    """The number of bytes that a process has written."""
    figures = dict(line.split(": ") for line in kernel.read(f"/proc/{pid}/io").splitlines())
    return int(figures.get("wchar", 0))


class Halted:
    """A copy that was stopped in the middle, by a signal to its process."""

    def __init__(self, w, handle, progress=False):
        source = make_many(w)
        self.client = w.client()
        if progress:
            self.copy = w.in_thread(list, self.client.copy_in_progress(handle, source, "."))
        else:
            self.copy = w.in_thread(copy_in, w, handle, source, ".", self.client)
        self.pid = expect.eventually(lambda: find_transfer(w), "the process of the copy")
        kernel.halt(self.pid)
        expect.equal(self.copy.done, False, "the copy is over")

    def leave(self):
        """Disconnects the client; returns when the copy's process received the signal."""
        with socket.socket(fileno=os.dup(self.client.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)
        expect.eventually(self._was_told, "word from the daemon")

    def _was_told(self):
        lines = kernel.read(f"/proc/{self.pid}/status").splitlines()
        pending = int(next(line for line in lines if line.startswith("ShdPnd")).split()[1], 16)
        return pending >> (signal.SIGIO - 1) & 1

    def go_on(self):
        """Continues the process; returns when it has ended."""
        os.kill(self.pid, signal.SIGCONT)
        expect.eventually(lambda: kernel.process(self.pid) is None, "the end of the copy's process", 20)


@case
def a_client_that_disconnects_ends_its_copy(w):
    handle = w.create()
    halted = Halted(w, handle)
    halted.leave()
    halted.go_on()
    count = int(w.run(handle, "ls many | wc -l"))
    expect.between(count, 0, 3999, "files that were copied")
    expect.equal(w.run(handle, "ls -a many | grep -c warden-copy || true"), "0\n", "temporary names")


@case
def a_destroy_overtakes_a_copy(w):
    handle = w.create()
    halted = Halted(w, handle)
    w.c.destroy(handle)
    expect.error("unknown handle", w.c.info, handle)
    halted.go_on()
    expect.error("the container was destroyed", halted.copy.result)


@case
def a_copy_that_is_killed_is_an_error(w):
    handle = w.create()
    halted = Halted(w, handle)
    os.kill(halted.pid, signal.SIGKILL)
    expect.error_like("was killed", halted.copy.result)
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case
def a_copy_ends_with_a_daemon_that_is_killed(w):
    handle = w.create()
    halted = Halted(w, handle)
    w.daemon.kill()
    halted.go_on()
    w.disconnect()
    w.daemon.start()
    expect.between(int(w.run(handle, "ls many | wc -l")), 0, 3999, "files that were copied")


@case
def a_drain_lets_a_copy_end(w):
    handle = w.create()
    halted = Halted(w, handle)
    os.kill(w.daemon.pid, signal.SIGTERM)
    halted.go_on()
    halted.copy.result()
    w.disconnect()
    expect.eventually(lambda: not w.daemon.alive, "the daemon's end")
    w.daemon.start()
    expect.equal(w.run(handle, "ls many | wc -l"), "4000\n")


@case
def figures_are_sent_with_progress(w):
    handle = w.create()
    source = w.make_directory("tree")
    for i in range(300):
        w.file(f"tree/{i}", b"x" * 100)
    os.symlink("0", f"{source}/link")
    for i in range(4):
        w.file(f"tree/big{i}", os.urandom(1 << 20) * 16)
    total = (305, 300 * 100 + (64 << 20))
    target = w.make_directory("back")
    for parts in (
        w.c.copy_in_progress(handle, source, "."),
        w.c.copy_out_progress(handle, "tree", target),
    ):
        *figures, last = [(part.files, part.bytes) for part in parts]
        expect.equal((figures[-1], last), (total, (None, None)))
        expect.equal(figures, sorted(figures), "figures that grow")
    expect.equal(len(os.listdir(f"{target}/tree")), 305, "files")
    expect.equal(copy_in(w, handle, source, "again"), warden.CopyInResponse())


@case
def errors_end_a_copy_with_progress(w):
    handle = w.create()
    expect.error_like("open source", list, w.c.copy_in_progress(handle, f"{w.directory}/missing", "x"))
    w.c.stop(handle)
    expect.error_like("must be one of", list, w.c.copy_in_progress(handle, w.file("f"), "x"))
    expect.equal(w.c.ping(), None)


@case
def a_client_that_disconnects_ends_a_copy_with_progress(w):
    handle = w.create()
    halted = Halted(w, handle, progress=True)
    halted.leave()
    halted.go_on()
    expect.between(int(w.run(handle, "ls many | wc -l")), 0, 3999, "files that were copied")


@case
def a_destroy_overtakes_a_copy_with_progress(w):
    handle = w.create()
    halted = Halted(w, handle, progress=True)
    w.c.destroy(handle)
    halted.go_on()
    expect.error("the container was destroyed", halted.copy.result)


@case(module=False, limit=120, long=True)
def the_command_shows_figures_only_on_a_terminal(w):
    handle = w.create()
    source = make_many(w)
    with command.Terminal(w, "copy-in", handle, source, ".") as terminal:
        pid = expect.eventually(lambda: find_transfer(w), "the process of the copy")
        for size in (5_000, 20_000):  # the first word is said in the first file
            expect.eventually(lambda: bytes_written(pid) > size, "files")
            kernel.halt(pid)
            terminal.expect("copying in.*copying in")
            os.kill(pid, signal.SIGCONT)
        expect.equal(terminal.status(60), 0)
    expect.matches(terminal.seen, r".*copying in \d\S* \S+, \S+ \S+/s, \d+ files?, \d+\.\d s.*\r\x1b\[K")
    for arguments, shown in ((("--progress=false",), b""), ((), b"")):
        seen = w.command("copy-in", *arguments, handle, source, ".")
        expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, b"", shown))
    expect.equal(w.run(handle, "ls many | wc -l"), "4000\n")


@case(module=False, limit=120)
def the_command_shows_figures_elsewhere_with_progress(w):
    handle = w.create()
    with command.start(w, "copy-in", "--progress", handle, make_many(w), ".", stderr=subprocess.PIPE) as process:
        pid = expect.eventually(lambda: find_transfer(w), "the process of the copy")
        kernel.halt(pid)
        expect.matches(process.stderr.readline().decode(), r"copying in.*, [12]\.\d s\n")
        os.kill(pid, signal.SIGCONT)
        expect.equal(process.wait(60), 0)


@case
def copies_run_in_parallel_with_other_requests(w):
    handle = w.create()
    halted = Halted(w, handle)
    expect.equal(w.run(handle, "echo fine"), "fine\n")
    copy_in(w, handle, w.file("other", "x"), "other")
    expect.equal(w.run(handle, "cat other"), "x")
    halted.go_on()
    halted.copy.result()


@case
def a_changing_source_is_copied_as_far_as_it_exists(w):
    handle = w.create()
    source = w.make_directory("changing")
    for i in range(200):
        w.file(f"changing/{i}", b"x" * 5000)
    w.file("changing/growing", b"y" * 100_000)
    stop = threading.Event()

    def change():
        while not stop.is_set():
            for i in range(100):
                os.replace(w.file("tmp", b"z" * 3000), f"{source}/{i}")
                if i % 3 == 0:
                    os.unlink(f"{source}/{i}")
            with open(f"{source}/growing", "ab") as file:
                file.write(b"y" * 100_000)
            os.truncate(f"{source}/growing", 100_000)

    changer = w.in_thread(change)
    try:
        for i in range(20):
            copy_in(w, handle, source, f"c{i}/")
    finally:
        stop.set()
        changer.result()
    for i in range(20):
        seen = w.run(handle, f"cd c{i}/changing; ls | wc -l; cat 1[0-9][0-9] | tr -d x | wc -c; tr -d y < growing | wc -c")
        count, strange, other = map(int, seen.split())
        expect.between(count, 101, 201, "files")
        expect.equal((strange, other), (0, 0), "bytes that nobody wrote")


def as_nobody(w, call):
    """The result of `call` with a client of another user: "ok" or the error's text."""
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            with warden.Client(w.daemon.socket, timeout=20) as client:
                call(client)
            seen = "ok"
        except (warden.WardenError, OSError) as error:
            seen = str(error)
        os.write(far, seen.encode())
        os._exit(0)
    os.close(far)
    os.waitpid(pid, 0)
    with os.fdopen(near) as file:
        return file.read()


@case(backend="linux", config={"server": {"unix_domain_permissions": "0777"}})
def copies_use_the_clients_rights_on_the_host(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    secret, public = w.file("secret", "x", 0o600), w.file("public", "x", 0o644)
    theirs, ours = w.make_directory("theirs"), w.make_directory("ours", 0o755)
    os.chown(theirs, 65534, 65534)
    expect.contains(as_nobody(w, lambda c: copy_in(w, handle, secret, "s", c)), "Permission denied")
    expect.equal(as_nobody(w, lambda c: copy_in(w, handle, public, "p", c)), "ok")
    expect.contains(as_nobody(w, lambda c: copy_out(w, handle, "f", ours, None, c)), "Permission denied")
    expect.contains(as_nobody(w, lambda c: copy_out(w, handle, "f", theirs, "root", c)), "may not give")
    expect.equal(as_nobody(w, lambda c: copy_out(w, handle, "f", theirs, None, c)), "ok")
    seen = os.stat(f"{theirs}/f")
    expect.equal((seen.st_uid, seen.st_gid, os.listdir(ours)), (65534, 65534, []))


def packed(w, handle, path):
    """The stream of a path of the container."""
    return b"".join(w.c.tar_out(handle, path))


@case
def files_of_proc_and_sys_come_whole_although_their_size_is_wrong(w):
    handle = w.create()
    for path in ("/proc/version", "/proc/filesystems", "/sys/devices/system/cpu/online"):
        name = os.path.basename(path)
        copy_in(w, handle, path, name)
        expect.equal(w.run(handle, f"cat {name}"), kernel.read(path), path)
        if w.linux:
            copy_out(w, handle, path, f"{w.directory}/{name}")
            expect.equal(kernel.read(f"{w.directory}/{name}"), kernel.read(path), path)
            seen = w.c.call(warden.FileReadRequest(handle=handle, path=path))
            expect.equal((seen.data.decode(), seen.size), (kernel.read(path), len(seen.data)), path)
            with tarfile.open(fileobj=io.BytesIO(packed(w, handle, path))) as tar:
                expect.equal(tar.extractfile(name).read().decode(), kernel.read(path), path)


@case
def a_source_that_is_no_file_is_an_error(w):
    handle = w.create()
    os.mkfifo(f"{w.directory}/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{w.directory}/socket")
    for path, text in (
        (f"{w.directory}/fifo", "open source .*/fifo: it is a fifo"),
        (f"{w.directory}/socket", "open source .*/socket: it is a socket"),
        ("/dev/null", "open source /dev/null: it is a device"),
        ("/dev/stdin", "open source /dev/stdin: it is a stream of the process that opens it"),
        ("/proc/mounts", "open source /proc/mounts: it is a link of /proc"),
    ):
        expect.error_like(text, copy_in, w, handle, path, "x")
    seen = w.command("copy-in", handle, "/dev/stdin", "x", stdin=b"data")
    expect.equal((seen.returncode != 0, b"is a stream of the process" in seen.stderr), (True, True), seen.stderr)
    expect.equal(w.run(handle, "ls"), "")
    w.run(handle, "mkfifo fifo; ln -s /proc/self/fd/0 stdin")
    for path, text in (("fifo", "fifo: it is a fifo"), ("stdin", "stdin: it is a stream")):
        expect.error_like(text, copy_out, w, handle, path, f"{w.directory}/x")
        expect.error_like(text, packed, w, handle, path)
    expect.equal(os.path.lexists(f"{w.directory}/x"), False, "something was copied")


def left_out(w, handle, path):
    """What the last answer of TarOut counts."""
    w.c.send(warden.TarOutRequest(handle=handle, src_path=path))
    while not (answer := w.c.receive()).end:
        pass
    expect.equal((answer.data, answer.vanished), (None, None), "the last answer")
    return answer.skipped


@case
def what_a_stream_leaves_out_is_counted(w):
    handle = w.create()
    w.run(handle, "mkdir d; echo x > d/file")
    expect.equal(left_out(w, handle, "d"), None)
    w.run(handle, "mkfifo d/fifo")
    expect.equal(left_out(w, handle, "d"), 1)


@case(backend="linux")
def a_whole_root_can_be_taken_out(w):
    handle = w.create()
    w.run(handle, "echo mine > /home/vcap/mine")
    target = w.make_directory("out")
    copy_out(w, handle, "/", target)
    expect.equal((kernel.read(f"{target}/home/vcap/mine"), os.listdir(f"{target}/proc"), os.listdir(f"{target}/sys")), ("mine\n", [], []))
    expect.equal(sorted(set(os.listdir(w.rootfs)) - set(os.listdir(target))), [], "what is missing")
    for name in ("/proc", "/sys"):
        text = f"left out what is in {name}: a file system of the kernel"
        expect.eventually(lambda text=text: text in w.daemon.log().replace("//", "/"), "a line of the log")
    with tarfile.open(fileobj=io.BytesIO(packed(w, handle, "/"))) as tar:
        names = tar.getnames()
    expect.equal([name for name in names if name.startswith(("proc/", "sys/"))], [])
    expect.equal({"proc", "sys", "home/vcap/mine"} - set(names), set())
    seen = w.command("copy-out", handle, "/", target)
    expect.equal(seen.returncode, 0)
    expect.matches(seen.stderr.decode(), rf"warden copy-out: left out \d+ entries{LEFT_OUT}\n")
    # The same counts in each way, and more than /proc and /sys.
    counts = (w.c.copy_out(handle, "/", target).skipped, int(seen.stderr.split()[4]), left_out(w, handle, "/"))
    expect.equal((set(counts) == {counts[0]}, counts[0] >= 3), (True, True), counts)


@case
def a_file_that_shrinks_in_a_stream_is_an_error(w):
    handle = w.create()
    w.run(handle, "head -c 60000000 /dev/zero > big")
    slow = w.client()
    slow.send(warden.TarOutRequest(handle=handle, src_path="big"))
    slow.receive()
    w.run(handle, ": > big")

    def rest():
        while not slow.receive().end:
            pass

    expect.error_like("read .*big: it became shorter meanwhile", rest)
