# SPDX-License-Identifier: Apache-2.0
"""The fake backend's own settings: failures and delays on request."""

import signal
import time

import warden
from case import case
import expect


@case(backend="fake", config={"fake": {"fail": ["spawn"]}})
def a_request_fails_as_configured(w):
    handle = w.create()
    expect.error("fake: spawn fails as configured", w.c.spawn, handle, "true")
    expect.equal(w.c.info(handle).job_ids, [])


@case(backend="fake", config={"fake": {"fail": ["stop"]}})
def a_stop_that_fails_leaves_the_container_active(w):
    handle = w.create()
    expect.error("fake: stop fails as configured", w.c.stop, handle)
    expect.equal(w.c.info(handle).state, "active")
    w.daemon.settings["fake"]["fail"] = []
    w.disconnect()
    w.daemon.restart()


@case(backend="fake", config={"fake": {"fail": ["info"]}})
def a_failed_info_is_an_error(w):
    expect.error("fake: info fails as configured", w.c.info, w.create())


@case(backend="fake", config={"fake": {"delay_ms": 300}})
def a_delay_delays_only_its_request(w):
    with expect.within(3, "create", least=0.3):
        w.create()
    other = w.client()
    start = time.monotonic()
    other.ping()
    expect.duration(time.monotonic() - start, 0.2, "a ping")


@case(backend="fake", limit=90, slow=True, long=True)
def a_drain_leaves_an_operation_that_hangs(w):
    other = w.create()
    handle = w.create()
    job = w.c.spawn(handle, "sleep 3161; exit 3")
    w.disconnect()
    w.daemon.settings["fake"]["delay_ms"] = 60_000
    w.daemon.restart(signal.SIGTERM)
    w.client().send(warden.StopRequest(handle=handle))
    expect.eventually(lambda: "has been running for" in w.daemon.log(), "a stop that hangs", 30)
    w.daemon.settings["fake"]["delay_ms"] = 0
    w.daemon.write_config()
    w.daemon.process.send_signal(signal.SIGTERM)
    expect.equal(w.daemon.wait(60), 1)
    expect.contains(w.daemon.log(), "left with an operation that hangs")
    w.daemon.start()
    expect.equal(sorted(w.c.list()), sorted([handle, other]))
    w.c.stop(handle, kill=True)
    expect.equal(w.c.link(handle, job).end.reason, warden.Reason.STOPPED)


@case(backend="fake")
def it_needs_no_rootfs(w):
    w.daemon.settings["server"]["container_rootfs_path"] = "/no/such/rootfs"
    w.daemon.restart()
    expect.equal(w.run(w.create(), "echo hi"), "hi\n")


@case(backend="fake")
def jobs_run_in_root_of_the_containers_directory(w):
    handle = w.create()
    expect.equal(w.run(handle, "pwd -P").strip(), f"{w.path_of(handle)}/root")
