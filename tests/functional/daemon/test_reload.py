# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what may change changes, the log says it; and what a drain says."""

import re
import signal
import time

import warden
from case import case
import daemon
import expect


@case
def new_containers_and_jobs_have_the_new_values(w):
    old = w.create()
    log = w.daemon.reload(
        {
            "server": {
                "container_grace_time": 77,
                "job_output_limit": 1000,
                "container_rlimits": {"nofile": 333},
            },
            "logging": {"level": "debug2"},
        },
    )
    expect.contains(log, "server.container_grace_time: 300 -> 77\n")
    expect.contains(log, "server.job_output_limit: 10485760 -> 1000\n")
    expect.contains(log, "server.container_rlimits.nofile: 1024 -> 333\n")
    expect.contains(log, 'logging.level: "debug" -> "debug2"\n')
    expect.contains(log, "settings reloaded: 4 changed, 0 need a restart")
    expect.equal(w.run(old, "ulimit -n"), "333\n")
    handle = w.create()
    w.c.run(handle, "head -c 100000 /dev/zero; sleep 10")
    expect.contains(w.c.info(handle).events, "command exceeded maximum output")


@case
def a_key_that_needs_a_restart_is_named_and_stays(w):
    path = w.daemon.socket
    log = w.daemon.reload({"server": {"unix_domain_path": f"{w.directory}/other.sock"}, "network": {"mtu": 1400}})
    expect.contains(
        log, f'server.unix_domain_path: "{path}" -> "{w.directory}/other.sock" (needs a restart)\n'
    )
    expect.contains(log, "network.mtu: 1500 -> 1400 (needs a restart)\n")
    expect.contains(log, "settings reloaded: 0 changed, 2 need a restart")
    w.daemon.settings = daemon.merge(w.daemon.settings, {"server": {"unix_domain_path": path}})
    w.c.ping()


@case(backend="fake")
def networks_need_a_restart_with_a_backend_that_has_none(w):
    log = w.daemon.reload({"network": {"allow_networks": ["192.0.2.1"]}})
    expect.contains(log, 'network.allow_networks: [] -> ["192.0.2.1"] (needs a restart)\n')


@case
def an_invalid_file_changes_nothing_and_is_named(w):
    log = w.daemon.reload({}, "server: {\n  container_grace_time = 5;\n  job_output_limit = -3;\n};\n")
    expect.true(
        re.search(rf"settings not reloaded: {re.escape(w.daemon.config)}:3: ", log), "file and line of the error", log
    )
    log = w.daemon.reload({"server": {"job_output_limit": 1000}})
    expect.contains(log, "settings reloaded: 1 changed, 0 need a restart")
    log = w.daemon.reload({})
    expect.contains(log, "settings reloaded: 0 changed, 0 need a restart")


@case
def a_level_that_hides_it_is_logged_first(w):
    w.daemon.reload({"logging": {"level": "info"}})
    log = w.daemon.reload({"logging": {"level": "debug"}})
    expect.contains(log, 'logging.level: "info" -> "debug"\n')
    w.c.ping()
    expect.contains(w.daemon.log(), "debug ping")


@case
def the_service_manager_hears_of_it(w):
    w.daemon.reload({})
    heard = w.daemon.heard()
    expect.true(re.match(r"RELOADING=1\nMONOTONIC_USEC=\d+$", heard[0]), "a reload's begin", heard)
    expect.true(heard[1].startswith("READY=1\nSTATUS=settings reloaded"), "its end", heard)


@case(backend="fake", config={"fake": {"delay_ms": 2500}})
def a_drain_says_what_it_waits_for(w):
    client = w.client()
    client.send(warden.CreateRequest(handle="h", grace_time=(1 << 32) - 1))
    time.sleep(0.2)
    w.daemon.process.send_signal(signal.SIGTERM)
    client.receive()
    w.disconnect()
    expect.equal(w.daemon.wait(), 0)
    expect.equal(w.daemon.log().count("draining: waits for 1 request: create\n"), 1)
    w.daemon.start()
