#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges a submitted program: runs it on every test of a directory and compares its output.

    judge.py [--time SECONDS] [--memory BYTES] SUBMISSION TESTS COMMAND...

TESTS holds pairs of files, NAME.in and NAME.out. COMMAND runs the submission; `{}` is
replaced by its path in the container: `judge.py solution.py tests python3 {}`. A line is printed for each test:
its name, the verdict, cpu time and memory. The exit status is 0 if all were accepted.
"""

import argparse
import pathlib
import sys
from typing import Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import warden  # noqa: E402

VERDICTS = {
    warden.Reason.WALL_TIME: "time limit exceeded",
    warden.Reason.CPU_TIME: "time limit exceeded",
    warden.Reason.MEMORY: "memory limit exceeded",
    warden.Reason.OUTPUT: "output limit exceeded",
    warden.Reason.START_FAILED: "could not be started",
}


def verdict(result: warden.LinkResponse, expected: bytes) -> str:
    """The verdict of a test, by the reason of the program's end and its output."""
    end = result.end or warden.JobEnd()
    if end.reason in VERDICTS:
        return VERDICTS[warden.Reason(end.reason)]
    if end.reason == warden.Reason.SIGNAL:
        return f"runtime error, signal {end.signal}"
    if result.exit_status != 0:
        return f"runtime error, status {result.exit_status}"
    return "accepted" if (result.stdout or b"").split() == expected.split() else "wrong answer"


def figures(end: Optional[warden.JobEnd]) -> str:
    """Cpu time and memory, if they are known."""
    if end is None or end.user_us is None or end.system_us is None:
        return "-"
    memory = "" if end.peak_memory is None else f", {end.peak_memory / (1 << 20):.1f} MiB"
    return f"{(end.user_us + end.system_us) / 1e6:.3f} s{memory}"


def judge(client: warden.Client, arguments: argparse.Namespace, test: pathlib.Path) -> str:
    """Runs one test in its own container, so that tests cannot affect each other."""
    with client.container(grace_time=0) as handle:
        client.file_write(handle, "submission", arguments.submission.read_bytes(), mode=0o755)
        command = [word.replace("{}", "./submission") for word in arguments.command]
        job = client.spawn(
            handle,
            argv=command,
            stdin=True,
            # The cpu limit is the judged one; the other one ends programs that sleep or block.
            cpu_time=arguments.time,
            timeout=arguments.time * 3 + 1,
            memory_limit=arguments.memory,
            output_limit=1 << 20,
        )
        try:
            client.job_input(handle, job, test.read_bytes(), end=True)
        except warden.WardenError:
            pass  # it ended before it had read everything; the result has the reason
        result = client.link(handle, job)
    seen = verdict(result, test.with_suffix(".out").read_bytes())
    print(f"{test.stem:<16} {seen:<28} {figures(result.end)}")
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", type=float, default=1.0, help="cpu seconds for a test")
    parser.add_argument("--memory", type=int, help="bytes of memory for a test")
    parser.add_argument("submission", type=pathlib.Path)
    parser.add_argument("tests", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    tests = sorted(arguments.tests.glob("*.in"))
    if not tests or not arguments.command:
        parser.error("needs a directory with tests and a command")
    with warden.Client() as client:
        verdicts = [judge(client, arguments, test) for test in tests]
    return 0 if all(seen == "accepted" for seen in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
