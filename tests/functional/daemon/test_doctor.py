# SPDX-License-Identifier: Apache-2.0
"""Features of the daemon and the host: the Status request and `wardend --check-host`."""

import json
import os
import shutil
import subprocess

import command
import expect
import warden
from case import case


def _fact(facts, name):
    """The first fact with this name."""
    found = [fact for fact in facts if fact["name"] == name]
    return found[0] if found else expect.fail(f"a fact {name}", [fact["name"] for fact in facts])


def _check_host(w):
    """The report of `wardend --check-host`, and its part about the case's backend."""
    seen = w.program("wardend", "-c", w.daemon.config, "--check-host")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    report = json.loads(seen.stdout)
    (backend,) = [backend for backend in report["backends"] if backend["in_effect"]]
    return report, backend


@case
def status_names_daemon_backend_and_what_is_used(w):
    w.create(handle="h")
    status = w.c.call(warden.StatusRequest())
    expect.equal((status.backend, status.version.count(".")), (w.backend, 2))
    facts = {fact.name: fact for fact in status.facts}
    expect.equal(facts["containers"].value, "1")
    expect.matches(facts["networks"].value, r"\d+ of \d+ free")
    expect.equal(facts["settings"].value, w.daemon.config)
    expect.true("wshd" in facts, "a fact of the backend's", list(facts))
    for fact in status.facts:
        expect.equal(fact.good, fact.effect is None, f"{fact.name}: what lacks something tells the effect")


@case(config={"network": {"pool_network": "10.254.0.0/30"}})
def an_empty_pool_is_reported(w):
    w.create(handle="h")
    (fact,) = [fact for fact in w.c.call(warden.StatusRequest()).facts if fact.name == "networks"]
    expect.equal((fact.value, fact.good, fact.effect), ("0 of 1 free", False, "no container can be made"))


@case(daemon=False)
def the_host_is_checked_without_a_daemon(w):
    w.daemon.write_config()
    report, backend = _check_host(w)
    expect.equal((report["settings"], report["error"]), (w.daemon.config, None))
    expect.equal((backend["name"], backend["error"]), (w.backend, None))
    expect.equal(_fact(backend["facts"], "wshd")["good"], True)
    expect.equal(sorted(other["name"] for other in report["backends"]), ["fake", "linux"])
    if w.linux:
        expect.equal(_fact(backend["facts"], "namespaces")["value"], "works")
        expect.equal(_fact(backend["facts"], "nf_tables")["value"], "usable")


@case(daemon=False)
def wrong_settings_are_a_finding(w):
    w.daemon.settings["server"]["container_depot_path"] = "/dev/null"
    w.daemon.write_config()
    _, backend = _check_host(w)
    expect.contains(backend["error"], "container_depot_path")
    expect.equal(_fact(backend["facts"], "settings")["good"], False)


@case(daemon=False, backend="fake")
def a_text_that_is_not_utf8_is_escaped_in_the_report(w):
    w.daemon.write_config()
    name = os.fsencode(w.directory) + b"/settings-\xff.conf"
    shutil.copy(w.daemon.config, name)
    seen = w.program("wardend", "-c", name, "--check-host")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.equal(json.loads(seen.stdout)["settings"], f"{w.directory}/settings-\\xff.conf")


@case(daemon=False, backend="linux")
def foreign_chains_that_drop_are_named(w):
    w.daemon.write_config()
    rules = "table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }"
    subprocess.run(["nft", rules], check=True)
    _, backend = _check_host(w)
    subprocess.run(["nft", "delete", "table", "ip", "filter"], check=True)
    fact = _fact(backend["facts"], "other firewall")
    expect.equal((fact["value"], fact["good"]), ("chain FORWARD of table ip filter", False))
    expect.contains(fact["remedy"], "iptables -I FORWARD")


@case(daemon=False, backend="linux")
def an_ordinary_user_sees_what_is_missing(w):
    w.daemon.write_config()
    line = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", w.build.path("wardend")]
    line += ["-c", w.daemon.config, "--check-host"]
    seen = subprocess.run(line, env=w.program_environment(), capture_output=True, check=True)
    (backend,) = [b for b in json.loads(seen.stdout)["backends"] if b["in_effect"]]
    expect.true(backend["error"], "an error")


# The command.


def _doctor(w, *arguments):
    return w.command("doctor", "--settings", w.daemon.config, *arguments)


@case
def doctor_shows_what_the_daemon_uses_and_the_other_backend_lacks(w):
    seen = _doctor(w)
    expect.equal(seen.returncode, 0, seen.stderr)
    text = seen.stdout.decode()
    expect.contains(text, f"with backend {w.backend}")
    other = f"Backend {'fake' if w.linux else 'linux'} on this host"
    expect.true(other not in text, f"nothing of {other}", text)
    expect.contains(_doctor(w, "--all").stdout.decode(), other)
    report = json.loads(_doctor(w, "--json").stdout)
    expect.equal(report["daemon"]["backend"], w.backend)
    expect.equal(len(report["host"]["backends"]), 2)
    text = _doctor(w, "--all").stdout.decode()
    expect.matches(text, r"The daemon, wardend \d.*\n +FACT +FOUND.*\nok +settings .*")


@case
def the_backend_in_effect_is_the_daemons_not_that_of_the_settings(w):
    other = "fake" if w.linux else "linux"
    w.daemon.settings["server"]["container_klass"] = other
    w.daemon.write_config()
    text = _doctor(w, "--all").stdout.decode()
    expect.contains(text, f"with backend {w.backend}")
    expect.contains(text, f"Backend {other} on this host")


@case(daemon=False)
def doctor_works_without_a_daemon(w):
    w.daemon.write_config()
    seen = _doctor(w)
    expect.equal(seen.returncode, 0, seen.stdout)
    expect.contains(seen.stderr.decode(), "No daemon answers: connect to")
    expect.contains(seen.stdout.decode(), f"Backend {w.backend}, the one in effect, on this host")


@case(daemon=False)
def doctor_fails_if_the_backend_in_effect_cannot_run(w):
    w.daemon.settings[w.backend]["wshd"] = "/nowhere/wshd"
    w.daemon.write_config()
    seen = _doctor(w)
    expect.contains(seen.stdout.decode(), "/nowhere/wshd")
    expect.equal(seen.returncode, 1 if not w.linux else seen.returncode)
    seen = w.command("doctor", "--wardend", "/nowhere/wardend")
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr.decode(), "start wardend --check-host: No such file or directory")


@case
def status_is_a_table(w):
    lines = command.ok(w, "status").splitlines()
    expect.matches(lines[0], rf"wardend \d+\.\d+\.\d+, backend {w.backend}")
    expect.matches(lines[1], r" +FACT +FOUND.*")
    seen = command.ok(w, "status", "--format", "{name}={good}")
    expect.contains(seen, "containers=true\n")
