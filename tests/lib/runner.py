# SPDX-License-Identifier: Apache-2.0
"""Runs cases, each in its own process, and reports the outcomes."""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass

import case
import expect
import kernel
import leaks
import world

# The user id of the fake backend's daemon if root runs the tests: that of the user nobody.
UNPRIVILEGED = 65534

# The first host ids of the daemons. Cases that run at the same time have different ranges, each larger than a case
# needs: disk quotas count by these ids, and all cases share the file system.
FIRST_RANGE, RANGE_STEP, RANGES = 3 << 28, 64 << 16, 256


class TimeLimit(Exception):
    """Raised in a case that exceeds its time limit; its traceback shows where."""


@dataclass
class Outcome:
    """The outcome of a case; `text` is why it failed or was skipped."""

    status: str  # "ok", "FAIL" or "skip"
    text: str = ""
    seconds: float = 0.0


# The functions below, up to _child, run in the process of the case.


def _open_way(tree):
    """Lets every user reach a tree below a closed directory, as /root is, in this mount namespace alone: an empty
    file system that holds only the tree covers that directory."""
    parts = tree.split("/")
    above = ["/".join(parts[:n]) for n in range(2, len(parts))]
    closed = next((path for path in above if os.path.exists(path) and not os.stat(path).st_mode & 0o001), None)
    if not closed or not os.path.isdir(tree) or sys.executable.startswith(f"{closed}/"):
        return
    held = os.open(tree, os.O_PATH)
    kernel.mount("tests", closed, "tmpfs", 0, "mode=0755,size=64k")
    os.makedirs(tree)
    kernel.mount(f"/proc/self/fd/{held}", tree, None, kernel.MS_BIND | kernel.MS_REC)
    os.close(held)


def _isolate(instance, build):
    """As root, gives the case its own namespaces; a case of the fake backend then runs as an ordinary user."""
    os.setsid()
    if os.geteuid() != 0:
        return
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.loopback_up()
    if instance.backend == "fake":
        _open_way(build.source)
        _open_way(build.tree)
        os.setgroups([])
        os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)


def _on_alarm(*_):
    raise TimeLimit()


def _trace(error):
    """The traceback of an error, innermost last, without lines of the test harness."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(os.path.basename(f.filename), f.lineno, f.line) for f in frames]
    own = [place for place in places if place[0] not in ("runner.py", "expect.py")]
    return "\n".join(f"  {name}:{number}: {line}" for name, number, line in own)


def _call(instance, the_world):
    """Runs the case's function; returns why it failed, or an empty text."""
    try:
        instance.function(the_world)
    except expect.Failure as failure:
        return f"{failure}\n{_trace(failure)}"
    except TimeLimit as late:
        return f"expected: an end within {instance.properties.limit:g} s\nseen:     it hangs\n{_trace(late)}"
    except case.Skip:
        raise
    except Exception as error:  # any other exception is a failure of the case
        return f"{type(error).__name__}: {error}\n{_trace(error)}"
    return ""


def _clean_up(instance, the_world, before):
    """Destroys the case's containers and stops the daemon; returns what is left over."""
    the_world.close_hosts()
    if the_world.skipped:
        the_world.destroy_all()
        the_world.daemon.stop()
        return []
    if not instance.properties.daemon and not the_world.daemon.alive:
        the_world.disconnect()
        return leaks.settle(before, lambda: leaks.without_daemon(the_world.ids))
    patience = 1.0 if instance.properties.leaves else 40.0
    the_world.destroy_all()
    left = leaks.settle(the_world.daemon.baseline, the_world.take, patience)
    the_world.daemon.stop()
    after_end = leaks.settle(before, lambda: leaks.without_daemon(the_world.ids), patience)
    return left + [f"{line}, after the daemon's end" for line in after_end if line not in left]


def _watch_starts(the_world):
    """Takes a snapshot for the leak check at each start of the daemon."""
    start = the_world.daemon.start

    def start_and_note(*args, **kwargs):
        start(*args, **kwargs)
        kept = the_world.daemon.baseline or {}
        the_world.daemon.baseline = {**the_world.take(), "file": set()}
        # After a restart the containers of the case exist already, so keep the snapshot of the first start.
        for kind in ("mount", "link", "nft rule", "cgroup", "IPC object"):
            if kind in kept:
                the_world.daemon.baseline[kind] = kept[kind]

    the_world.daemon.start = start_and_note


def _judge(instance, failure, left):
    """The outcome of a case that was not skipped."""
    leaves = instance.properties.leaves
    leaks.remove_groups(left)
    if failure:
        return Outcome("FAIL", failure)
    if leaves:
        if any(leaves in line for line in left):
            return Outcome("ok")
        return Outcome("FAIL", f"expected: the leak check finds {leaves!r}\nseen:     {left}")
    if left:
        return Outcome("FAIL", "left over:\n  " + "\n  ".join(left))
    return Outcome("ok")


def _run_case(instance, the_world):
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_REAL, instance.properties.limit * expect.SLOWNESS)
    the_world.adopt()
    before = leaks.without_daemon(the_world.ids)
    _watch_starts(the_world)
    try:
        if instance.properties.daemon:
            the_world.daemon.start()
        failure = _call(instance, the_world)
    except case.Skip as skip:
        failure, outcome = "", Outcome("skip", str(skip))
        # Jobs that a restart has lost, for example, are what the reason says.
        the_world.skipped = instance.backend == case.MODULE
    except (expect.Failure, TimeLimit, OSError) as error:
        return Outcome("FAIL", f"{error}\n{_trace(error)}")
    else:
        outcome = None
    failure = f"{the_world.daemon.sudden_end()}\n{failure}".strip()
    signal.setitimer(signal.ITIMER_REAL, 40 * expect.SLOWNESS)
    try:
        left = _clean_up(instance, the_world, before)
    except Exception as error:
        left, failure = [], f"{failure}\nclean-up: {type(error).__name__} {error}\n{_trace(error)}".strip()
    signal.setitimer(signal.ITIMER_REAL, 0)
    reports = the_world.daemon.sanitizer_reports()
    if reports:
        failure = f"{failure}\n{reports}".strip()
    return outcome if outcome and not failure and not left else _judge(instance, failure, left)


def _child(instance, build, directory, rootfs, range_start, pipe):
    start = time.monotonic()
    try:
        _isolate(instance, build)
        the_world = world.World(
            build, instance.backend, directory, rootfs, instance.properties.config, range_start
        )
        outcome = _run_case(instance, the_world)
        if outcome.status == "FAIL":
            log = the_world.daemon.log()
            outcome.text += "\n--- the daemon's log\n" + log[-6000:]
    except BaseException:
        outcome = Outcome("FAIL", traceback.format_exc())
    with contextlib.suppress(TimeLimit):
        signal.setitimer(signal.ITIMER_REAL, 0)
    kernel.end_descendants(os.getpid())
    outcome.seconds = time.monotonic() - start
    with open(pipe, "w", encoding="utf-8") as out:
        json.dump(vars(outcome), out)
    os._exit(0)


# Everything below runs in the process of the runner.


@dataclass
class Running:
    """A case that runs now."""

    instance: object
    pid: int
    pipe: int
    directory: str
    deadline: float
    received: bytes = b""


class Runner:
    """Runs cases in parallel and prints a line for each."""

    def __init__(self, build, jobs, out=sys.stdout, verbose=False):
        self.build = build
        self.jobs = jobs
        self.out = out
        self.verbose = verbose
        self.directory = os.path.dirname(build.directory)
        self.rootfs = f"{self.directory}/rootfs"
        self.outcomes = []
        self._count = 0

    def _launch(self, instance):
        self._count += 1
        directory = f"{self.directory}/{self._count}"
        os.mkdir(directory, 0o755)
        if os.geteuid() == 0 and instance.backend == "fake":
            os.chown(directory, UNPRIVILEGED, UNPRIVILEGED)
        read_end, write_end = os.pipe()
        self.out.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            range_start = FIRST_RANGE + self._count % RANGES * RANGE_STEP
            _child(instance, self.build, directory, self.rootfs, range_start, write_end)
        os.close(write_end)
        # The case has its own alarms; this is for one that does not heed them.
        deadline = time.monotonic() + instance.properties.limit * expect.SLOWNESS + 60
        return Running(instance, pid, read_end, directory, deadline)

    def _finish(self, running):
        os.close(running.pipe)
        os.waitpid(running.pid, 0)
        kernel.end_descendants(os.getpid()) if self.jobs == 1 else None
        try:
            outcome = Outcome(**json.loads(running.received))
        except ValueError:
            outcome = Outcome("FAIL", "the case's process ended without an outcome")
        self._remove(running.directory, outcome)
        self._report(running.instance, outcome)

    def _remove(self, directory, outcome):
        try:
            shutil.rmtree(directory)
        except OSError as error:
            if outcome.status == "ok":
                outcome.status, outcome.text = "FAIL", f"its directory cannot be removed: {error}"
            shutil.rmtree(directory, ignore_errors=True)

    def _report(self, instance, outcome):
        self.outcomes.append((instance, outcome))
        reason = f"  skipped: {outcome.text}" if outcome.status == "skip" else ""
        line = f"{outcome.status:4} {instance.title}{reason}  ({outcome.seconds:.2f} s)"
        print(line, file=self.out, flush=True)
        if outcome.status == "FAIL":
            text = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in outcome.text.rstrip())
            print("     " + text.replace("\n", "\n     "), file=self.out, flush=True)

    def _expired(self, running):
        kernel.end_descendants(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        running.received = b""

    def _wait(self, under_way):
        """Waits until a case has ended or exceeds its deadline, and removes it from the list."""
        while True:
            readable, _, _ = select.select([r.pipe for r in under_way], [], [], 1.0)
            for running in list(under_way):
                if running.pipe in readable:
                    data = os.read(running.pipe, 1 << 16)
                    running.received += data
                    if data:
                        continue
                elif time.monotonic() > running.deadline:
                    self._expired(running)
                else:
                    continue
                under_way.remove(running)
                self._finish(running)
                return

    def run(self, instances):
        """Runs all cases; those with `alone` one by one at the end."""
        together = [i for i in instances if not i.properties.alone]
        together.sort(key=lambda i: not i.properties.slow)
        alone = [i for i in instances if i.properties.alone]
        for group, jobs in ((together, self.jobs), (alone, 1)):
            waiting, under_way = list(group), []
            while waiting or under_way:
                while waiting and len(under_way) < jobs:
                    instance = waiting.pop(0)
                    reason = self._reason_to_skip(instance)
                    if reason:
                        self._report(instance, Outcome("skip", reason))
                    else:
                        under_way.append(self._launch(instance))
                if under_way:
                    self._wait(under_way)

    def _reason_to_skip(self, instance):
        needs = instance.properties.needs
        if instance.backend == case.MODULE and needs in self.build.module.missing:
            return f"operation {needs} is NULL"
        return instance.properties.skip

    def skip(self, instances, reason):
        """Reports cases as skipped."""
        for instance in instances:
            self._report(instance, Outcome("skip", reason))

    def summary(self):
        """Prints the failed cases and the counts; returns whether none failed."""
        counts = {status: 0 for status in ("ok", "FAIL", "skip")}
        for _, outcome in self.outcomes:
            counts[outcome.status] += 1
        for instance, outcome in self.outcomes:
            if outcome.status == "FAIL" and not self.build.module:
                reason = " | ".join(outcome.text.splitlines()[:4])
                print(f"failed: {instance.title}: {reason[:400]}", file=self.out)
        if self.build.module:
            self.build.module.report(self.outcomes, self.out)
        text = f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped"
        print(text, file=self.out, flush=True)
        return counts["FAIL"] == 0


def in_child(function):
    """Calls a function in a child process; returns 0 if it returned True, otherwise 1."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if function() else 1
        except SystemExit as end:
            print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    while True:
        try:
            return 1 if os.waitpid(pid, 0)[1] else 0
        except KeyboardInterrupt:
            pass  # the child gets the signal as well


@contextlib.contextmanager
def run_directory():
    """A temporary directory for one run."""
    directory = tempfile.mkdtemp(prefix="warden-tests-")
    os.chmod(directory, 0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
