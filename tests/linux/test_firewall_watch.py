# SPDX-License-Identifier: Apache-2.0
"""The firewall's table when others change it, and two daemons in one network namespace."""

import subprocess
import time

import daemon
import expect
from case import case

RESTORED = "or a part of it; restored"
SHARED = {"network": {"own_table": False}}


def _nft(*words):
    subprocess.run(["nft", *words], check=True, timeout=10)


def _rules(chain):
    seen = subprocess.run(
        ["nft", "list", "chain", "inet", "warden", chain], check=False, capture_output=True, text=True, timeout=10
    )
    return [line.strip() for line in seen.stdout.splitlines()[2:] if line.strip() != "}"]


@case(backend="linux", config=SHARED)
def a_chain_that_is_flushed_is_restored_once(w):
    handle = w.create()
    before = _rules("forward")
    _nft("flush chain inet warden forward")
    expect.eventually(lambda: _rules("forward") == before, "the rules are back")
    time.sleep(1)  # in which it would be restored again and again
    expect.equal(w.daemon.log().count(RESTORED), 1, "restorations")
    w.run(handle, "true")


@case(backend="linux", config=SHARED)
def a_removal_behind_elements_in_one_transaction_is_noticed(w):
    w.create()
    before = _rules("forward")
    elements = "".join(f"add element inet warden allowed {{ 203.0.113.{i} }}\n" for i in (5, 7))
    w.file("script", f"{elements}flush chain inet warden forward\n")
    _nft("-f", f"{w.directory}/script")
    expect.eventually(lambda: _rules("forward") == before, "the rules are back")


@case(backend="linux", config=SHARED)
def changes_of_other_tables_in_any_number_are_no_damage(w):
    w.create()
    rules = "".join(f"add rule inet other c ip saddr 203.0.113.{i % 250} counter\n" for i in range(8000))
    w.file("script", f"add table inet other\nadd chain inet other c\n{rules}")
    try:
        _nft("-f", f"{w.directory}/script")
        _nft("flush chain inet other c")
    finally:
        _nft("delete table inet other")
    time.sleep(0.5)
    expect.equal(w.daemon.log().count(RESTORED), 0, "restorations")
    _nft("delete table inet warden")
    expect.eventually(lambda: w.daemon.log().count(RESTORED) == 1, "it still sees damage")


@case(backend="linux")
def a_second_daemon_on_the_host_names_the_first(w):
    handle = w.create()
    directory = w.make_directory("second")
    own = {"unix_domain_path": f"{directory}/warden.sock", "container_depot_path": f"{directory}/depot"}
    settings = daemon.merge(
        w.daemon.settings,
        {"server": {**own, "pidfile": None}, "logging": {"file": f"{directory}/log"}},
    )
    w.file("second.conf", daemon.render(settings))
    second = w.program("wardend", "-c", f"{w.directory}/second.conf")
    expect.equal(second.returncode, 1, "exit status of the second")
    expect.contains(
        second.stderr.decode(),
        f"another wardend has containers in this network namespace: process {w.daemon.pid}, depot {w.daemon.depot}",
    )
    w.run(handle, "true")
    w.disconnect()
    w.daemon.restart()  # nothing holds the claim but the daemon
    w.run(handle, "true")
