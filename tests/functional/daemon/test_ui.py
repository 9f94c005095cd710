# SPDX-License-Identifier: Apache-2.0
"""The page at /ui: what it loads, what its state says and does not say, and what a browser makes of it."""

import json
import os
import re

from case import case
import browser
import expect
import warden
import web

SECRETS = ("output-of-a-job", "value-of-a-variable", "value-of-a-property")


def _state(port):
    answer = web.ask(port, "/ui/state", timeout=20)
    expect.equal((answer.status, answer.type), (200, "application/json"), "the state")
    return json.loads(answer.body)


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
    with browser.shown(w, f"http://127.0.0.1:{port}/ui") as page:
        page.eventually("document.querySelectorAll('#containers tbody tr').length === 2")
        text = page.value("document.body.innerText")
        expect.contains(text, "shown-in-the-page")
        expect.contains(text, "<b>bold\\u202eleft", "a hostile handle")
        expect.contains(text, "● answers", "its state")
        expect.contains(text, "networks:", "pools")


def _show(page, state):
    """Lets the page ask for its state, once and whenever it does so later, and get this one."""
    page.value(f"fetch = async () => new Response({json.dumps(json.dumps(state))}), ask()")


def _plots_show_ten_minutes(page, state):
    """A plot has a point a step, the newest at the right edge, and is as high as its largest figure."""
    history = state["history"]
    for n in (1, 60, 120):
        rising, falling = list(range(1, n + 1)), list(range(n, 0, -1))
        figures = {"containers": rising, "jobs": falling, "requests": [7] * n, "errors": [0] * n, "cpu": [0.5] * n}
        _show(page, {**state, "history": {"step_s": history["step_s"], **figures}})
        drawn = page.value("[...document.querySelectorAll('#plots path.line')].map((p) => p.getAttribute('d'))")
        for values, path in zip(figures.values(), drawn):
            points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
            expect.equal([x for x, _ in points], [float(120 - n + i + 1) for i in range(n)], "where the points are")
            expected = [38 - 36 * value / (max(values) or 1) for value in values]
            expect.true(all(abs(y - e) < 0.1 for (_, y), e in zip(points, expected)), "their heights", (points, values))
        said = page.value("[...document.querySelectorAll('#plots figure')].map((f) => f.innerText)")
        expect.equal(re.findall(r"[\d.]+", " ".join(said[:3])), [str(n), str(n), "1", str(n), "7.0", "7.0"], "figures")
    expect.equal(history["step_s"] * n, 600, "seconds that a whole plot shows")


def _a_phone_shows_everything(page, state):
    """Neither text nor a control is cut off, however long names and figures are, and the page has no second axis."""
    word = "word" * 60
    long = {"owner": 2**32 - 2, "jobs": 10**9, "processes": 10**9, "memory": 2**60}
    containers = [{**container, **long} for container in state["containers"]]
    lacking = [{"name": word, "value": word, "effect": word, "remedy": word}]
    requests = [{**request, "answered": 10**15, "failed": 10**15} for request in state["requests"]]
    _show(page, {**state, "backend": word, "containers": containers, "lacking": lacking, "requests": requests})
    expect.equal(page.value("measure.clipped()"), [], "what is cut off")
    expect.equal(page.value("[document.documentElement.scrollWidth, visualViewport.width]"), [360, 360], "widths")


def _keys_reach_and_sort(page):
    """Tab goes to every control in order and shows where it is; Enter and Space sort by a column and back."""
    sorted_keys = []
    for number in range(page.value("measure.controls().length")):
        page.press("Tab")
        focus = page.value("measure.focus()")
        expect.equal(focus["number"], number, f"which control has the focus: {focus['element']}")
        expect.true(focus["whole"], "one sees it", focus)
        expect.true(focus["outline"] >= 2 and focus["contrast"] >= 3, "it has an outline", focus)
        if focus["key"] in ("handle", "name"):
            _sorts(page, focus["key"])
            sorted_keys.append(focus["key"])
    expect.equal(sorted_keys, ["handle", "name"], "tables that were sorted")


def _sorts(page, key):
    cells = f"[...document.querySelector('[data-key={key}]').closest('table').tBodies[0].rows].map((r) => r.cells[0].innerText)"
    names = sorted(page.value(cells))
    expect.true(len(names) > 1, "several rows", names)
    for press, wanted in (("Enter", names), (" ", names[::-1]), ("Enter", names)):
        page.press(press)
        page.value("ask()")
        expect.equal(page.value(cells), wanted, f"rows after {press!r}")
        expect.equal(page.value("measure.focus().key"), key, "the focus stays")


def _text_stands_out(page, scheme):
    """All text of the page has the contrast that WCAG asks for, also that of a daemon that does not answer."""
    page.prefer(scheme)
    expect.equal(page.value("measure.isDark()"), scheme == "dark", f"dark in {scheme}")
    for answers in (True, False):
        if not answers:
            page.value("answered = fetch, fetch = async () => { throw Error() }, ask()")
        texts = page.value("measure.contrasts()")
        expect.true(len(texts) > 50, "text is found", texts)
        expect.equal([text for text in texts if text[1] < 4.5], [], f"what is hard to read in {scheme}")
    page.value("fetch = answered, ask()")


@case(backend="fake", daemon=False)
def a_browser_can_use_the_page_on_a_phone_by_keyboard_and_in_the_dark(w):
    port = web.start(w)
    for number in range(3):
        w.create(handle=f"{number}-{'long' * 50}")
    w.c.ping()
    with browser.shown(w, f"http://127.0.0.1:{port}/ui") as page:
        page.eventually("shown?.containers.length === 3 && shown.lacking !== null")
        state = _state(port)
        _plots_show_ten_minutes(page, state)
        page.resize(360, 740)
        _a_phone_shows_everything(page, state)
        _keys_reach_and_sort(page)
        _text_stands_out(page, "light")
        _text_stands_out(page, "dark")
