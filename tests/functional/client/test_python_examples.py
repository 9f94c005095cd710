# SPDX-License-Identifier: Apache-2.0
"""The programs in contrib/python/examples run as their documentation describes."""

import json
import os

import expect
from case import case


def _example(w, name, *arguments, stdin=b""):
    return w.python(f"{w.build.source}/contrib/python/examples/{name}.py", *arguments, stdin=stdin)


@case
def the_judge_distinguishes_right_and_wrong_answers(w):
    tests = w.make_directory("tests")
    for name, given, expected in (("1", "1 2", "3"), ("2", "20 22", "42")):
        w.file(f"tests/{name}.in", given)
        w.file(f"tests/{name}.out", f"{expected}\n")
    right = w.file("right.sh", "read a b; echo $((a + b))\n")
    seen = _example(w, "judge", right, tests, "sh", "{}")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.matches(seen.stdout.decode(), r"1 +accepted +0\.\d+ s.*\n2 +accepted +0\.\d+ s.*\n")
    for script, verdict in (
        ("echo 3\n", "wrong answer"),
        ("exit 7\n", "runtime error, status 7"),
        ("kill -SEGV $$\n", "runtime error, signal 11"),
        ("while :; do :; done\n", "time limit exceeded"),
        ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n", "output limit exceeded"),
    ):
        wrong = w.file("wrong.sh", script)
        seen = _example(w, "judge", "--time", "0.3", wrong, tests, "sh", "{}")
        expect.equal((seen.returncode, seen.stderr), (1, b""), script)
        expect.contains(seen.stdout.decode(), verdict)
    expect.equal(w.c.list(), [])


@case
def a_ci_step_runs_on_a_copy_and_fetches_what_it_made(w):
    source = w.make_directory("source")
    w.file("source/name", "world\n")
    script = "echo building; echo to stderr >&2; printf '%s %s' \"$GREETING\" \"$(cat name)\" > result"
    arguments = ["--env", "GREETING=hello", "--artifact", "result", source, script]
    seen = _example(w, "ci_step", *arguments)
    expect.equal((seen.returncode, seen.stdout), (0, b"building\n"), seen.stderr)
    expect.contains(seen.stderr, b"to stderr\n")
    with open(f"{w.directory}/result", encoding="utf-8") as file:
        expect.equal(file.read(), "hello world")
    expect.equal(sorted(os.listdir(source)), ["name"])
    expect.equal(_example(w, "ci_step", source, "exit 9").returncode, 9)
    seen = _example(w, "ci_step", "--timeout", "0.2", source, "sleep 100")
    expect.equal((seen.returncode, seen.stderr), (255, b"ci_step: not done after 0.2 s\n"))
    expect.equal(w.c.list(), [])


@case
def snippets_run_side_by_side(w):
    requests = [
        {"id": 1, "code": "echo one; exit 1"},
        {"id": 2, "code": "sleep 100"},
        {"id": 3, "code": "anything", "command": ["no-such-command"]},
        {"id": 4, "code": "i=0; while [ $i -lt 20000 ]; do echo 1234567890; i=$((i + 1)); done"},
        {"id": 5, "code": "read -r x; echo got $x", "command": ["cat"]},
        {"no": "code"},
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests) + "no json\n"
    seen = _example(w, "snippets", "--timeout", "2", stdin=lines.encode())
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    answers = {answer.get("id"): answer for answer in map(json.loads, seen.stdout.splitlines())}
    expect.equal([answers[1][name] for name in ("reason", "exit_status", "stdout")], ["exited", 1, "one\n"])
    expect.equal(answers[2]["reason"], "wall_time")
    expect.equal(answers[3]["reason"], "start_failed")
    expect.equal((answers[4]["reason"], answers[4]["dropped"] > 100000), ("exited", True))
    expect.equal(answers[5]["stdout"], "read -r x; echo got $x")
    expect.equal(sum(b"error" in line for line in seen.stdout.splitlines()), 2)
    expect.equal(w.c.list(), [])
