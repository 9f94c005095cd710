# SPDX-License-Identifier: Apache-2.0
"""/metrics: Prometheus' text format, read by a strict parser; the values; pages of many
containers, and slow or numerous readers."""

import os
import shutil
import subprocess
import time

import warden
from case import case, Skip
import expect
import kernel
import prometheus
import web

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def _page(port):
    answer = web.ask(port, "/metrics", timeout=20)
    expect.equal((answer.status, answer.type), (200, TYPE), "status and type")
    return prometheus.Page(answer.body)


def _refusal(client, request):
    """Returns the error of the request."""
    try:
        client.call(request)
    except warden.WardenError as error:
        return str(error)
    return ""


def _eventually(port, condition, what):
    """Waits for a page that fulfils the condition: a page may be a second old."""
    return expect.eventually(lambda: condition(page := _page(port)) and page, what)


@case(daemon=False)
def a_page_is_in_the_format(w):
    port = web.start(w)
    handle = w.create()
    w.run(handle, "echo hi")
    page = _eventually(port, lambda page: page.value("warden_jobs_started_total") == 1, "the job is counted")
    expect.equal(page.value("warden_build_info", version="0.1.0", backend=w.backend), 1)
    expect.equal(page.families["warden_request_duration_seconds"].type, "histogram")
    expect.between(page.value("warden_uptime_seconds"), 0, 60 * expect.SLOWNESS, "uptime")
    expect.between(page.value("process_start_time_seconds"), time.time() - 600, time.time(), "start")


@case(backend="fake", daemon=False, config={"fake": {"delay_ms": 200}})
def a_page_may_be_asked_for_in_the_middle_of_a_destroy(w):
    w.daemon.environment["UV_THREADPOOL_SIZE"] = "1"
    port = web.start(w)
    handle, other = w.create(), w.create()
    w.c.stop(handle)
    destroyer, *busy = clients = [w.client() for _ in range(6)]
    destroyer.send(warden.DestroyRequest(handle=handle))
    for client in busy:  # the one worker is with these when the destroy wants it
        client.send(warden.InfoRequest(handle=other))
    request = warden.CopyInRequest(handle=handle, src_path="/", dst_path="/")
    expect.eventually(lambda: "'destroying'" in _refusal(w.c, request), "the state of one that is destroyed")
    expect.equal(_page(port).value("warden_containers", state="active"), 1)
    for client in clients:
        client.receive()


@case(backend="fake", daemon=False)
def promtool_accepts_a_page(w):
    if shutil.which("promtool", path="/usr/bin:/usr/local/bin") is None:
        raise Skip("promtool is not installed")
    port = web.start(w)
    w.create(handle='quo"ted\\\n')
    seen = subprocess.run(
        ["promtool", "check", "metrics"],
        input=web.ask(port, "/metrics").body,
        capture_output=True,
        timeout=20,
        check=False,
        env={"PATH": "/usr/bin:/usr/local/bin"},
    )
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, b"", b""), "promtool's verdict")


@case(daemon=False)
def requests_and_errors_are_counted_by_type(w):
    port = web.start(w)
    handle = w.create()
    for _ in range(3):
        w.c.ping()
    expect.error("unknown handle", w.c.info, "nobody")
    w.run(handle, "true")
    waiting = w.client()
    job = w.spawn_ready(handle, "echo ready; sleep 60")
    waiting.send(warden.LinkRequest(handle=handle, job_id=job))
    page = _eventually(
        port,
        lambda page: page.value("warden_requests_in_progress", type="link") == 1,
        "the link is in progress",
    )
    for kind, begun, failed in (("ping", 3, 0), ("info", 1, 1), ("run", 1, 0), ("create", 1, 0), ("copy_in", 0, 0)):
        expect.equal(page.value("warden_requests_total", type=kind), begun, f"{kind}s")
        expect.equal(page.value("warden_request_errors_total", type=kind), failed, f"{kind}s that failed")
        expect.equal(page.value("warden_requests_in_progress", type=kind), 0, f"{kind}s that go on")
        durations = page.value("warden_request_duration_seconds_count", type=kind)
        expect.equal(durations, begun if begun else None, f"answers to {kind}")
    expect.equal(page.value("warden_connections") >= 2, True, "connections")
    expect.equal(page.value("warden_connections_accepted_total") >= page.value("warden_connections"), True)


@case(daemon=False)
def frames_without_a_request_are_counted(w):
    port = web.start(w)
    with w.raw() as connection:
        connection.send_frame(199)
        connection.expect_error("Unknown request: type 199|Invalid frame.*")
    with w.raw() as connection:
        connection.send(b"garbage\r\n")
        connection.answer()
    _eventually(port, lambda page: page.value("warden_refused_frames_total") == 2, "both are counted")


@case(daemon=False, config={"server": {"job_output_limit": 1000}})
def jobs_are_counted_by_the_reason_of_their_end(w):
    port = web.start(w)
    handle = w.create()
    w.run(handle, "true")
    w.c.run(handle, "kill -9 $$")
    w.c.run(handle, "head -c 5000 /dev/zero")
    w.c.run(handle, script=None, argv=["/nowhere"])
    w.spawn_ready(handle, "echo ready; sleep 60")
    page = _eventually(port, lambda page: page.value("warden_jobs_started_total") == 5, "five jobs have started")
    expect.equal(page.value("warden_jobs"), 1, "jobs that are not over")
    expect.equal(page.value("warden_container_jobs", handle=handle), 1, "jobs of the container")
    w.c.stop(handle)
    page = _eventually(port, lambda page: page.value("warden_jobs") == 0, "no job runs")
    ended = page.values("warden_jobs_ended_total", "reason")
    expected = {"exited": 1, "signal": 1, "output": 1, "start_failed": 1, "stopped": 1}
    expect.equal({reason: count for reason, count in ended.items() if count}, expected, "ends")


@case(daemon=False)
def containers_and_pools_are_reported(w):
    port = web.start(w)
    handles = [w.create() for _ in range(3)]
    w.c.stop(handles[0])
    port_of = w.c.net_in(handles[1]).host_port
    page = _eventually(
        port,
        lambda page: page.values("warden_containers", "state")
        == {"born": 0, "active": 2, "stopped": 1, "unreachable": 0, "destroying": 0, "destroyed": 0},
        "one stopped, two active",
    )
    expect.true(port_of > 0, "a port")
    sizes, free = page.values("warden_pool_size", "pool"), page.values("warden_pool_free", "pool")
    expect.equal(set(sizes), {"networks", "uids", "slots", "ports"}, "pools")
    taken = {pool: sizes[pool] - free[pool] for pool in sizes}
    expect.equal((taken["networks"], taken["uids"], taken["ports"]), (3, 3, 1), "what is taken")


@case(daemon=False)
def the_daemons_own_figures_are_correct(w):
    port = web.start(w)
    page = _page(port)
    status = dict(
        line.split(":", 1) for line in kernel.read(f"/proc/{w.daemon.pid}/status").splitlines() if ":" in line
    )
    resident = int(status["VmRSS"].split()[0]) * 1024
    expect.between(page.value("process_resident_memory_bytes"), resident / 2, resident * 2, "resident memory")
    descriptors = len(kernel.descriptors(w.daemon.pid))
    expect.between(page.value("process_open_fds"), descriptors - 3, descriptors + 3, "descriptors")


@case(daemon=False)
def any_handle_can_be_a_label(w):
    port = web.start(w)
    handles = ['quo"ted', "back\\slash", "new\nline", "b}r{ace,=", "žluťoučký 容器", "tab\t\x1b[2J", "\\n", "x" * 1024]
    handles.append("\\" * 1024)
    for handle in handles:
        w.create(handle=handle)
    page = _eventually(
        port, lambda page: page.value("warden_containers", state="active") == len(handles), "all are active"
    )
    seen = page.values("warden_container_cpu_seconds_total", "handle")
    expect.equal(sorted(seen), sorted(handles), "handles")


@case(daemon=False)
def a_containers_figures_are_those_of_info(w):
    port = web.start(w)
    handle = w.create()
    w.run(handle, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo > file")
    info = w.c.info(handle)
    page = _eventually(
        port,
        lambda page: (page.value("warden_container_cpu_seconds_total", handle=handle) or 0)
        >= info.cpu_stat.usage / 1e9,
        "the processor time that info told",
    )
    expect.true(page.value("warden_container_memory_rss_bytes", handle=handle) is not None, "memory")
    expect.equal(page.value("warden_container_memory_limit_bytes", handle=handle), None, "a limit")
    w.c.limit_memory(handle, 64 << 20)
    _eventually(
        port,
        lambda page: page.value("warden_container_memory_limit_bytes", handle=handle) == 64 << 20,
        "the limit",
    )
    w.c.destroy(handle)
    _eventually(
        port,
        lambda page: page.value("warden_container_cpu_seconds_total", handle=handle) is None,
        "nothing of a container that is gone",
    )


@case(daemon=False)
def figures_of_containers_can_be_switched_off(w):
    port = web.start(w, container_metrics=False)
    w.create()
    page = _eventually(port, lambda page: page.value("warden_containers", state="active") == 1, "it is counted")
    expect.equal([name for name in page.families if name.startswith("warden_container_")], [])


@case(backend="linux", daemon=False)
def out_of_memory_is_counted(w):
    port = web.start(w)
    handle = w.create()
    w.c.limit_memory(handle, 32 << 20)
    w.c.run(handle, "head -c 200000000 /dev/zero | tail")
    _eventually(port, lambda page: page.value("warden_oom_kills_total") >= 1, "it is counted")


@case(backend="fake", daemon=False, config={"fake": {"delay_ms": 2500}})
def a_container_that_does_not_answer_delays_a_page_by_a_second_at_most(w):
    port = web.start(w)
    handle = w.create()
    slow = w.in_thread(w.client().run, handle, "true")  # its worker waits
    expect.eventually(
        lambda: not slow.done and _page(port).value("warden_requests_in_progress", type="run") == 1, "the run goes on"
    )
    start = time.monotonic()
    time.sleep(1.1)  # the next page is a new one
    page = _page(port)
    expect.duration(time.monotonic() - start, 4, "the page", least=1.1)
    expect.equal(page.value("warden_container_jobs", handle=handle) is not None, True, "what is known of it")
    expect.result(slow.result(), 0)


@case(daemon=False)
def other_methods_and_paths_get_no_page(w):
    port = web.start(w)
    for method, path in (("POST", "/metrics"), ("GET", "/metrics/"), ("GET", "/Metrics")):
        expect.equal(web.ask(port, path, method).body, b"", f"{method} {path}")
    head = web.ask(port, "/metrics", "HEAD")
    expect.equal((head.status, head.type, head.body), (200, TYPE, b""), "HEAD")
    expect.contains(web.ask(port, "/metrics?name=value").body, b"warden_build_info", "with a query")


@case(daemon=False)
def an_http_1_0_client_gets_the_page_until_the_connection_closes(w):
    port = web.start(w)
    with web.Raw(port) as connection:
        connection.send(b"GET /metrics HTTP/1.0\r\n\r\n")
        head, body = connection.rest().split(b"\r\n\r\n", 1)
    expect.contains(head, b"200 OK")
    expect.lacks(head.lower(), b"chunked")
    prometheus.Page(body)


@case(daemon=False)
def requests_for_pages_may_be_pipelined(w):
    port = web.start(w)
    with web.Raw(port) as connection:
        connection.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n" * 20)
        connection.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        expect.equal(connection.rest().count(b"HTTP/1.1 200 OK\r\n"), 41, "answers")


@case(backend="fake", daemon=False, slow=True, limit=60, long=True)
def a_page_of_many_containers_stalls_no_other_client(w):
    port = web.start(w)
    handles = [w.create(handle=f"{i:04}-" + "h" * 200, grace_time=0xFFFFFFFF) for i in range(200)]
    stop = time.monotonic() + 5
    scrapers = [w.in_thread(_scrape_until, port, stop) for _ in range(3)]
    client = w.client()
    longest = 0.0
    while time.monotonic() < stop:
        start = time.monotonic()
        client.ping()
        longest = max(longest, time.monotonic() - start)
    pages = [scraper.result() for scraper in scrapers]
    expect.true(min(pages) >= 2, "pages for each", str(pages))
    expect.duration(longest, 2, "the longest ping")
    page = _page(port)
    expect.equal(len(page.values("warden_container_jobs", "handle")), len(handles), "containers on the page")


def _scrape_until(port, stop):
    pages = 0
    while time.monotonic() < stop:
        _page(port)
        pages += 1
    return pages


@case(backend="fake", daemon=False)
def clients_that_do_not_read_cost_little_memory(w):
    port = web.start(w)
    for i in range(100):
        w.create(handle=f"{i:04}-" + "h" * 1000)
    _eventually(port, lambda page: page.value("warden_containers", state="active") == 100, "all are there")
    before = kernel.read(f"/proc/{w.daemon.pid}/statm").split()[1]
    readers = [web.Raw(port) for _ in range(80)]
    try:
        for reader in readers:
            reader.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 4)
        expect.equal(web.ask(port).status, 200)
        w.c.ping()
        after = kernel.read(f"/proc/{w.daemon.pid}/statm").split()[1]
        grown = (int(after) - int(before)) * os.sysconf("SC_PAGESIZE")
        expect.between(grown, -(64 << 20), 16 << 20 if not w.sanitized else 256 << 20, "bytes of growth")
    finally:
        for reader in readers:
            reader.close()
    _page(port)


@case(daemon=False)
def a_drain_ends_while_a_page_is_awaited(w):
    port = web.start(w)
    for _ in range(5):
        w.create()
    w.disconnect()
    readers = [web.Raw(port) for _ in range(5)]
    for reader in readers:
        reader.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    w.daemon.restart(15)
    for reader in readers:
        reader.close()
    _eventually(port, lambda page: page.value("warden_containers", state="active") == 5, "all are back")
