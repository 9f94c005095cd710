# SPDX-License-Identifier: Apache-2.0
"""What cases about the `warden` command share."""

import subprocess

import expect


def ok(w, *arguments, **keywords):
    """Runs a command that has to succeed and say nothing on stderr; its stdout as text."""
    seen = w.command(*arguments, **keywords)
    expect.equal((seen.returncode, seen.stderr), (0, b""), f"warden {' '.join(arguments)}")
    return seen.stdout.decode()


def usage_error(w, text, *arguments):
    """The command line is not understood, and the message has this text in it."""
    seen = w.command(*arguments)
    expect.equal((seen.returncode, seen.stdout), (2, b""), f"warden {' '.join(arguments)}")
    expect.contains(seen.stderr.decode(), text)


def failure(w, text, *arguments, **keywords):
    """The command fails with exactly this message."""
    seen = w.command(*arguments, **keywords)
    expect.equal((seen.returncode, seen.stdout), (1, b""), f"warden {' '.join(arguments)}")
    expect.equal(seen.stderr.decode(), text)


def start(w, *arguments, **keywords):
    """Starts a command; its end is the case's business."""
    return subprocess.Popen(
        [w.build.path("warden"), *arguments],
        stdin=subprocess.DEVNULL,
        env=w.program_environment(),
        **keywords,
    )
