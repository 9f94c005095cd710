# SPDX-License-Identifier: Apache-2.0
"""The page at /ui: what it loads, what its state says and does not say, and what a browser makes of it."""

import json
import os
import shutil
import subprocess

from case import case, Skip
import expect
import warden
import web

SECRETS = ("output-of-a-job", "value-of-a-variable", "value-of-a-property")


def _state(port):
    answer = web.ask(port, "/ui/state", timeout=20)
    expect.equal((answer.status, answer.type), (200, "application/json"), "the state")
    return json.loads(answer.body)


def _dump(w, port, width=1200):
    """The page's text as a browser has it some seconds after it was opened."""
    browser = shutil.which("chromium")
    if not browser:
        raise Skip("chromium is not installed")
    home = f"{w.directory}/browser"
    os.makedirs(home, exist_ok=True)
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--disable-background-networking", "--no-first-run", f"--user-data-dir={home}"]
    command += [f"--window-size={width},900", "--virtual-time-budget=6000", "--dump-dom", f"http://127.0.0.1:{port}/ui"]
    environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": home}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120 * expect.SLOWNESS, check=False)
    expect.equal(done.returncode, 0, f"the browser: {done.stderr[-500:]!r}")
    shutil.rmtree(home)
    return done.stdout.decode()


@case(daemon=False)
def the_page_loads_nothing_from_elsewhere(w):
    port = web.start(w)
    answer = web.ask(port, "/ui")
    expect.equal((answer.status, answer.type), (200, "text/html; charset=utf-8"))
    text = answer.body.decode()
    for word in ("http://", "https://", "src=", "@import", "url("):
        expect.true(word not in text.replace("http://www.w3.org/2000/svg", ""), f"'{word}' in the page")
    with web.Raw(port) as connection:
        connection.send(b"GET /ui HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        head = connection.rest().split(b"\r\n\r\n")[0]
    expect.contains(head, b"Content-Security-Policy: default-src 'none'", "its policy")


@case(daemon=False)
def the_state_has_figures_and_no_secrets(w):
    port = web.start(w)
    handle = w.create(env=[f"NAME={SECRETS[1]}"], properties=[{"key": "key", "value": SECRETS[2]}])
    w.run(handle, f"echo {SECRETS[0]}")
    job = w.c.spawn(handle, "sleep 100")
    expect.eventually(lambda: len(_state(port)["containers"]) == 1, "it is listed")
    body = web.ask(port, "/ui/state", timeout=20).body.decode()
    for secret in SECRETS:
        expect.true(secret not in body, f"{secret} in the state")
    state = json.loads(body)
    container = state["containers"][0]
    expect.equal((container["handle"], container["state"], container["jobs"]), (handle, "active", 1))
    expect.equal(container["owner"], os.geteuid(), "the client's uid")
    expect.equal({pool["name"] for pool in state["pools"]}, {"networks", "uids", "slots", "ports"})
    expect.true(any(r["name"] == "create" and r["answered"] == 1 for r in state["requests"]), "the create is counted")
    expect.eventually(lambda: _state(port)["lacking"] is not None, "what is lacking")
    w.c.send(warden.LinkRequest(handle=handle, job_id=job))
    link = {"name": "link", "answered": 0, "failed": 0, "running": 1, "p50_ms": None, "p99_ms": None}
    expect.eventually(lambda: link in _state(port)["requests"], "a request without an answer has no percentiles")
    w.disconnect()


@case(daemon=False)
def it_can_be_switched_off(w):
    port = web.start(w, ui=False)
    for path in ("/ui", "/ui/state"):
        expect.equal(web.ask(port, path).type, web.ask(port, "/").type, path)


@case(daemon=False)
def containers_are_not_named_where_metrics_do_not_name_them(w):
    port = web.start(w, container_metrics=False)
    w.create()
    state = _state(port)
    expect.equal((state["containers"], state["n_containers"]), ([], 1))


@case(daemon=False)
def a_browser_shows_containers_and_names_stay_plain(w):
    port = web.start(w)
    w.create(handle="shown-in-the-page")
    w.create(handle="<b>bold\u202eleft")
    for width in (1200, 400):
        text = _dump(w, port, width)
        expect.contains(text, "shown-in-the-page", f"the page of {width} pixels")
        expect.contains(text, "&lt;b&gt;bold\\u202eleft", "a hostile handle")
        expect.contains(text, "● answers", "its state")
        expect.contains(text, "networks:", "pools")
