# SPDX-License-Identifier: Apache-2.0
"""The wardend of a case: settings, start, stop and log."""

import os
import re
import select
import signal
import socket
import subprocess
import time

import expect
import kernel


class Raw(str):
    """A value that is written to the configuration without quotes."""


def _value(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) >= 1 << 31 else str(value)
    if isinstance(value, (list, tuple)):
        return f"[ {', '.join(_value(item) for item in value)} ]"
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {_value(item)};" for key, item in value.items()) + " }"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def render(settings):
    """The text of a warden.conf with these groups. A key whose value is None is omitted."""
    lines = []
    for group, keys in settings.items():
        lines.append(f"{group}:\n{{")
        lines += [f"\t{key} = {_value(value)};" for key, value in keys.items() if value is not None]
        lines.append("};")
    return "\n".join(lines) + "\n"


def merge(base, over):
    """The groups of both. If both have a key, that of `over` is used."""
    merged = {group: dict(keys) for group, keys in base.items()}
    for group, keys in over.items():
        merged.setdefault(group, {}).update(keys)
    return merged


# Exit status of a program if a sanitizer has found an error.
SANITIZER_STATUS = 99


def _is_libuv_descriptor(report):
    """Whether a part of a sanitizer's file is no race of the daemon: libuv closes descriptors by syscall(2), which
    ThreadSanitizer does not see, so that it takes the next file with that number for the one before."""
    if re.fullmatch(r"(ThreadSanitizer: reported \d+ warnings\n|\s*)*", report):
        return True
    return "ThreadSanitizer: data race" in report and "Location is file descriptor" in report and "libuv" in report


class Daemon:
    """A daemon that can be started and stopped several times with the same directory."""

    def __init__(self, build, directory, settings):
        self.build = build
        self.directory = directory
        self.settings = settings
        self.config = f"{directory}/warden.conf"
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        self.process = None
        self.wrapper = []  # a program and its arguments that executes the daemon
        self._expected_end = True
        self.baseline = None  # snapshot of the leak check, taken when it listened
        self.passed_socket = None  # a listening socket to pass as a service manager does
        self._notify = None
        self._starting = False

    @property
    def socket(self):
        """Path of its socket."""
        return self.settings["server"]["unix_domain_path"]

    @property
    def depot(self):
        """Path of its depot."""
        return self.settings["server"]["container_depot_path"]

    @property
    def pid(self):
        """The pid of the process that was started last."""
        return self.process.pid

    @property
    def alive(self):
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def sudden_end(self):
        """How it ended, if the case has not stopped it; otherwise an empty text."""
        if self.alive or self._expected_end:
            return ""
        return f"the daemon has ended by itself with {self.process.returncode}"

    def owns(self, pid):
        """Whether this object waits for the end of the process."""
        return self._starting or (self.process is not None and self.process.pid == pid)

    def write_config(self, text=None):
        """Writes warden.conf: these settings, or `text`."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(render(self.settings) if text is None else text)

    def reload(self, over, text=None):
        """Reloads with settings added, or with a text; returns the lines that the log has since then."""
        before = self.log()
        self.settings = merge(self.settings, over)
        self.write_config(text)
        self.process.send_signal(signal.SIGHUP)
        expect.eventually(lambda: "settings " in self.log()[len(before) :].replace("settings of", ""), "a result")
        return self.log()[len(before) :]

    def _passing(self):
        """The beginning of a command line that passes the socket as descriptor 3."""
        if not self.passed_socket:
            return []
        script = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@" 3<&{self.passed_socket.fileno()}'
        return ["/bin/bash", "-c", script]

    def launch(self, *arguments):
        """Starts it, without waiting until it listens."""
        self.write_config()
        if self._notify is not None:
            self._notify.close()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        path = f"{self.directory}/notify"
        if os.path.exists(path):
            os.unlink(path)
        self._notify.bind(path)
        os.chmod(path, 0o777)
        options = f"log_path={self.directory}/sanitizer:exitcode={SANITIZER_STATUS}"
        environment = {
            **self.environment,
            "NOTIFY_SOCKET": path,
            "ASAN_OPTIONS": f"{options}:detect_leaks=1",
            "TSAN_OPTIONS": f"{options}:exitcode=0:die_after_fork=0",  # see sanitizer_reports
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        self._starting = True
        with open(f"{self.directory}/output", "ab") as output:
            self.process = subprocess.Popen(
                [*self.wrapper, *self._passing(), self.build.path("wardend"), "-c", self.config, *arguments],
                pass_fds=[self.passed_socket.fileno()] if self.passed_socket else [],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._starting = False
        self._expected_end = False

    def start(self, seconds=30.0):
        """Starts it and waits until it listens."""
        self.launch()
        end = time.monotonic() + seconds * expect.SLOWNESS
        pidfd = os.pidfd_open(self.pid)
        try:
            while True:
                ready, _, _ = select.select([self._notify, pidfd], [], [], end - time.monotonic())
                if self._notify in ready and b"READY=1" in self._notify.recv(4096):
                    break
                if pidfd in ready:
                    expect.fail("the daemon starts", f"it ended with {self.process.wait()}")
                if time.monotonic() >= end:
                    expect.fail(f"the daemon says that it is ready within {seconds:g} s", "silence")
        finally:
            os.close(pidfd)

    def heard(self):
        """The messages to the service manager since READY=1 of the start, at least one."""
        heard = []
        while select.select([self._notify], [], [], 0.2 if heard else 10 * expect.SLOWNESS)[0]:
            heard.append(self._notify.recv(4096).decode())
        return heard

    def wait(self, seconds=20.0):
        """Waits for its end; returns the exit status, negative for a signal."""
        self._expected_end = True
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return expect.fail(f"the daemon ends within {seconds:g} s", "it still runs")

    def stop(self, number=signal.SIGTERM, seconds=20.0):
        """Sends it a signal and waits; it must end with status 0."""
        self.process.send_signal(number)
        status = self.wait(seconds)
        expect.equal(status, 0, f"exit status of the daemon after {signal.Signals(number).name}")

    def kill(self):
        """Sends SIGKILL and waits for its end."""
        self._expected_end = not self.sudden_end()
        self.process.kill()
        self.process.wait()

    def restart(self, number=signal.SIGKILL):
        """Stops it with a signal and starts it again."""
        if number == signal.SIGKILL:
            self.kill()
        else:
            self.stop(number)
        self.start()

    def log(self):
        """Everything that it has logged and printed."""
        return kernel.read(f"{self.directory}/wardend.log") + kernel.read(f"{self.directory}/output")

    def sanitizer_reports(self):
        """Reports of sanitizers about it and its helpers."""
        names = sorted(n for n in os.listdir(self.directory) if n.startswith("sanitizer."))
        text = "".join(kernel.read(f"{self.directory}/{name}") for name in names)
        return "".join(part for part in re.split(r"(?m)^={18}\n", text) if not _is_libuv_descriptor(part))
