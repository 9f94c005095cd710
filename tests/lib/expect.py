# SPDX-License-Identifier: Apache-2.0
"""Assertions of cases. A failure prints what was expected and what was seen."""

import contextlib
import os
import re
import time

import warden

# The start and end of a process on the machine that the bounds were written on, seconds.
_PROCESS_SECONDS = 0.0012


def _slowness():
    """How much slower than that machine this one is now; at most 10, so that what hangs still fails."""
    taken = []
    for _ in range(9):
        start = time.monotonic()
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
        taken.append(time.monotonic() - start)
    return min(10.0, max(1.0, sorted(taken)[4] / _PROCESS_SECONDS))


# Factor for all bounds on time: fixed on an emulated machine (tests/vm), measured elsewhere.
SLOWNESS = 8 if os.environ.get("WARDEN_VM") else _slowness()


class Failure(AssertionError):
    """An expectation that was not met."""


def _short(value, length=2000):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= length else f"{text[:length]}... ({len(text)} characters)"


def fail(expected, seen, what=""):
    """Ends the case as failed."""
    head = f"{what}\n" if what else ""
    raise Failure(f"{head}expected: {_short(expected)}\nseen:     {_short(seen)}")


def equal(seen, expected, what=""):
    """Both values are equal."""
    if seen != expected:
        fail(repr(expected), repr(seen), what)


def true(condition, expected, seen="it does not hold"):
    """`condition` holds; `expected` says it in words."""
    if not condition:
        fail(expected, seen)


def matches(seen, pattern, what=""):
    """The regular expression matches the whole text."""
    if re.fullmatch(pattern, seen, re.DOTALL) is None:
        fail(f"text that matches {pattern!r}", repr(seen), what)


def contains(seen, part, what=""):
    """`part` is in `seen`."""
    if part not in seen:
        fail(f"{part!r} in it", repr(seen), what)


def lacks(seen, part, what=""):
    """`part` is not in `seen`."""
    if part in seen:
        fail(f"{part!r} not in it", repr(seen), what)


def between(seen, low, high, what=""):
    """low <= seen <= high."""
    if not low <= seen <= high:
        fail(f"{low} to {high}", repr(seen), what)


def error(text, call, *args, **kwargs):
    """The daemon answers with exactly this error."""
    try:
        seen = call(*args, **kwargs)
    except warden.WardenError as refused:
        equal(str(refused), text, "text of the error")
    else:
        fail(f"the error {text!r}", f"the answer {seen!r}")


def error_like(pattern, call, *args, **kwargs):
    """The daemon answers with an error in which the regular expression is found; returns its text."""
    try:
        seen = call(*args, **kwargs)
    except warden.WardenError as refused:
        if re.search(pattern, str(refused)) is None:
            fail(f"an error that matches {pattern!r}", f"the error {str(refused)!r}")
        return str(refused)
    return fail(f"an error that matches {pattern!r}", f"the answer {seen!r}")


def result(seen, status, stdout=b"", stderr=b""):
    """The job has ended with this status and output."""
    equal((seen.exit_status, seen.stdout, seen.stderr), (status, stdout, stderr), "status and output")


@contextlib.contextmanager
def within(seconds, what, least=0.0):
    """The block takes at most `seconds` and at least `least` seconds."""
    start = time.monotonic()
    yield
    duration(time.monotonic() - start, seconds, what, least)


def duration(taken, seconds, what, least=0.0):
    """`taken` is from `least` to `seconds`, on a machine as fast as the one that the bound was written on.

    A bound is for what hangs, so there is some room above it; beyond that the machine is measured again,
    which may have become busy since the run began. Speed is for the bench.
    """
    seconds = min(3 * seconds, seconds + 1.5) * SLOWNESS
    if taken > seconds:
        seconds = max(seconds, seconds / SLOWNESS * _slowness())
    if not least <= taken <= seconds:
        fail(f"{what} takes {least:g} to {seconds:g} s", f"{taken:.3f} s")


def eventually(condition, what, seconds=5.0):
    """`condition()` becomes true within `seconds`; returns its value."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            fail(f"{what} within {seconds:g} s", f"{value!r} until then")
        time.sleep(0.005)


def never(condition, what, seconds):
    """`condition()` stays false for `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            fail(f"not once within {seconds:g} s: {what}", repr(value))
        time.sleep(0.01)
