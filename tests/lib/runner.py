# SPDX-License-Identifier: Apache-2.0
"""Runs cases, each in a process of its own, and says how they went."""

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

# Who the fake backend's daemon is when root runs the tests: nobody.
UNPRIVILEGED = 65534

# Where the daemons' ranges of host ids begin. Those of cases that run side by side lie apart by more containers than
# a case with limits has: disk quota counts by these ids, and all cases share the file system.
FIRST_RANGE, RANGE_STEP, RANGES = 3 << 28, 64 << 16, 256


class TimeLimit(Exception):
    """Raised in a case that takes too long; its traceback tells where it was."""


@dataclass
class Outcome:
    """How a case went; `text` says why it failed or was skipped."""

    status: str  # "ok", "FAIL" or "skip"
    text: str = ""
    seconds: float = 0.0


# --- in the case's process ------------------------------------------------------------------------


def _isolate(instance):
    """Gives root's case namespaces of its own; the fake backend runs as nobody in them."""
    os.setsid()
    if os.geteuid() != 0:
        return
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.loopback_up()
    if instance.backend == "fake":
        os.setgroups([])
        os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)


def _on_alarm(*_):
    raise TimeLimit()


def _trace(error):
    """Where it happened, innermost last, without the harness's own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(os.path.basename(f.filename), f.lineno, f.line) for f in frames]
    own = [place for place in places if place[0] not in ("runner.py", "expect.py")]
    return "\n".join(f"  {name}:{number}: {line}" for name, number, line in own)


def _call(instance, the_world):
    """Runs the function; an empty text if all went well."""
    try:
        instance.function(the_world)
    except expect.Failure as failure:
        return f"{failure}\n{_trace(failure)}"
    except TimeLimit as late:
        return f"expected: an end within {instance.properties.limit:g} s\nseen:     it hangs\n{_trace(late)}"
    except case.Skip:
        raise
    except Exception as error:  # whatever else a case raises is its failure
        return f"{type(error).__name__}: {error}\n{_trace(error)}"
    return ""


def _clean_up(instance, the_world, before):
    """Destroys the case's containers, ends the daemon, and tells what is left over."""
    the_world.close_hosts()
    if not instance.properties.daemon and not the_world.daemon.alive:
        the_world.disconnect()
        return leaks.settle(before, lambda: leaks.without_daemon(the_world.ids))
    patience = 1.0 if instance.properties.leaves else 10.0
    the_world.destroy_all()
    left = leaks.settle(the_world.daemon.baseline, the_world.take, patience)
    the_world.daemon.stop()
    after_end = leaks.settle(before, lambda: leaks.without_daemon(the_world.ids), patience)
    return left + [f"{line}, after the daemon's end" for line in after_end if line not in left]


def _watch_starts(the_world):
    """Has each start of the daemon noted as what the leak check compares with."""
    start = the_world.daemon.start

    def start_and_note(*args, **kwargs):
        start(*args, **kwargs)
        kept = the_world.daemon.baseline or {}
        the_world.daemon.baseline = {**the_world.take(), "file": set()}
        # What survived the restart is the case's containers, not what was there before.
        for kind in ("mount", "link", "nft rule", "cgroup", "IPC object"):
            if kind in kept:
                the_world.daemon.baseline[kind] = kept[kind]

    the_world.daemon.start = start_and_note


def _judge(instance, failure, left):
    """The outcome of a case that did not skip."""
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
        _isolate(instance)
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


# --- in the runner's process ----------------------------------------------------------------------


@dataclass
class Running:
    """A case that is under way."""

    instance: object
    pid: int
    pipe: int
    directory: str
    deadline: float
    received: bytes = b""


class Runner:
    """Runs instances side by side and prints a line for each."""

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
        """Waits until one has ended or is too late, and takes it from the list."""
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
        """Runs all; those that measure by themselves at the end."""
        together = [i for i in instances if not i.properties.alone]
        together.sort(key=lambda i: not i.properties.slow)
        alone = [i for i in instances if i.properties.alone]
        for group, jobs in ((together, self.jobs), (alone, 1)):
            waiting, under_way = list(group), []
            while waiting or under_way:
                while waiting and len(under_way) < jobs:
                    instance = waiting.pop(0)
                    if instance.properties.skip:
                        self._report(instance, Outcome("skip", instance.properties.skip))
                    else:
                        under_way.append(self._launch(instance))
                if under_way:
                    self._wait(under_way)

    def skip(self, instances, reason):
        """Reports them as skipped."""
        for instance in instances:
            self._report(instance, Outcome("skip", reason))

    def summary(self):
        """Prints the last line; whether nothing failed."""
        counts = {status: 0 for status in ("ok", "FAIL", "skip")}
        for _, outcome in self.outcomes:
            counts[outcome.status] += 1
        for instance, outcome in self.outcomes:
            if outcome.status == "FAIL":
                print(f"failed: {instance.title}", file=self.out)
        text = f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped"
        print(text, file=self.out, flush=True)
        return counts["FAIL"] == 0


def in_child(function):
    """Calls it in a process of its own; 0 when it returned True, else 1."""
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
            pass  # the child has got it too


@contextlib.contextmanager
def run_directory():
    """A directory for one run, removed with all that is in it."""
    directory = tempfile.mkdtemp(prefix="warden-tests-")
    os.chmod(directory, 0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
