# SPDX-License-Identifier: Apache-2.0
"""`make bench`: its results are whole, and nothing is left. No time is asserted."""

import glob
import json
import os
import subprocess

from case import Skip, case
import expect

_PROGRAMS = ("bench", "attack", "compare/true", "compare/floor")


def _run(w, **settings):
    """Runs the least of some groups; the results and what it printed."""
    for program in _PROGRAMS:
        if not os.path.exists(f"{w.build.tree}/bench/{program}"):
            raise Skip("the programs of `make bench-programs` are not built")
    done = subprocess.run(
        ["bash", f"{w.build.source}/bench/run", w.build.tree, w.build.source],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "BENCH_JSON": f"{w.directory}/bench.json", "BENCH_DIRECTORY": w.directory, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300 * expect.SLOWNESS,
        check=False,
    )
    expect.equal(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
    with open(f"{w.directory}/bench.json", encoding="utf-8") as file:
        return json.load(file), done.stdout


def _check_series(results, what, subject, **numbers):
    found = [
        entry
        for entry in results["series"]
        if (entry["what"], entry["subject"]) == (what, subject)
        and all(entry[name] == value for name, value in numbers.items())
    ]
    expect.equal(len(found), 1, f"series of {what}, {subject}, {numbers}")
    expect.true(found[0]["n"] >= 1, "a series has values", found[0])
    expect.true(0 <= found[0]["q1"] <= found[0]["median"] <= found[0]["q3"], "quartiles in order", found[0])


@case(daemon=False, limit=300, slow=True, module=False)
def its_results_are_whole_and_nothing_is_left(w):
    results, printed = _run(w, BENCH_ONLY="lives requests", BENCH_ROUNDS="1", BENCH_STANDING="2")
    expect.contains(printed, "left behind")
    expect.equal(set(glob.glob(f"{w.directory}/warden-bench.*")), set())
    for name in ("machine", "processor", "kernel", "cpus", "load", "commit", "time"):
        expect.contains(results["host"], name)
    daemons = ["fake", "linux", "prepared"] if w.backend == "linux" else ["fake"]
    programs = ["floor"] if w.backend == "linux" else []
    for subject in daemons + programs:
        for standing in (0, 2):
            _check_series(results, "life", subject, standing=standing, clients=1)
    for what in ("ping", "create from rest", "run of a program", "destroy of an idle one"):
        for subject in daemons:
            _check_series(results, what, subject)
    for subject in ("fork+exec", "vfork+exec"):
        _check_series(results, "static true", subject)
    if w.backend == "linux":
        expect.contains([goal["what"] for goal in results["goals"]], "life cold / the floor")
        expect.true(all(goal["value"] > 0 for goal in results["goals"]), "ratios of what was measured", results["goals"])


@case(backend="fake", daemon=False, module=False)
def a_setting_that_is_wrong_is_named(w):
    for name, value, text in (
        ("BENCH_ONLY", "lives dreams", "BENCH_ONLY has 'dreams', which is no group"),
        ("BENCH_STANDING", "10 many", "BENCH_STANDING has 'many'"),
        ("BENCH_ROUNDS", "0", "BENCH_ROUNDS is '0'"),
    ):
        done = subprocess.run(
            [f"{w.build.tree}/bench/bench", "fake=/nowhere:1"], env={name: value}, capture_output=True, text=True, check=False
        )
        expect.contains(done.stderr, text)
