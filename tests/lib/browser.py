# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that shows one page, driven over the pipe of its debugging protocol."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal

from case import Skip
import expect

_SCRIPT = f"{os.path.dirname(os.path.abspath(__file__))}/browser.js"
_KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


@contextlib.contextmanager
def shown(w, url):
    """The browser with this page, ended after the block."""
    program = shutil.which("chromium")
    if not program:
        raise Skip("chromium is not installed")
    home = w.make_directory("browser")
    browser = Browser(program, home)
    try:
        browser.open(url)
        yield browser
    finally:
        browser.end()
        shutil.rmtree(home)


class Browser:
    """One tab, in the size of a desktop until `resize`."""

    def __init__(self, program, home):
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        # It reads from descriptor 3 and writes to 4: these must not be in the way of one another.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (to_browser, from_browser)]
        null = os.open("/dev/null", os.O_RDWR)
        log = os.open(f"{home}/log", os.O_WRONLY | os.O_CREAT, 0o600)
        actions = [(os.POSIX_SPAWN_DUP2, fd, wanted) for wanted, fd in enumerate([null, log, log, *ends])]
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={home}"]
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": home}
        self._pid = os.posix_spawn(program, command, environment, file_actions=actions, setpgroup=0)
        for fd in (to_browser, from_browser, null, log, *ends):
            os.close(fd)
        self._received = b""
        self._number = 0
        self._session = {}

    def end(self):
        """Ends every process of the browser."""
        os.close(self._to)
        os.close(self._from)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _receive(self):
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._from], [], [], 60 * expect.SLOWNESS)
            data = os.read(self._from, 1 << 16) if ready else b""
            if not data:
                expect.fail("a message of the browser", "its end" if ready else "none")
            self._received += data
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)

    def _call(self, method, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                expect.true("result" in answer, f"{method} works", answer)
                return answer["result"]

    def open(self, url):
        """Loads a page, with `measure` of browser.js in it."""
        page = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._call("Page.navigate", url=url)
        self.eventually(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")
        with open(_SCRIPT, encoding="utf-8") as script:
            self.value(script.read())

    def value(self, expression):
        """What JavaScript evaluates this to, as it comes through JSON."""
        seen = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        expect.true("exceptionDetails" not in seen, f"it is evaluated: {expression}", seen)
        return seen["result"].get("value")

    def eventually(self, expression):
        """The expression becomes true."""
        expect.eventually(lambda: self.value(expression), expression, 20)

    def resize(self, width, height):
        """Makes it a phone of this many CSS pixels."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)

    def prefer(self, scheme):
        """Sets what the user prefers: light or dark."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key):
        """Presses a key and lets it go."""
        code, text = _KEYS[key]
        keys = {"key": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **keys)
        self._call("Input.dispatchKeyEvent", type="keyUp", **keys)
