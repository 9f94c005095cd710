# SPDX-License-Identifier: Apache-2.0
"""The environment of a case: its directory, daemon, clients and programs."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import case
import daemon
import expect
import hosts
import kernel
import leaks
import module
import warden
import wire


class World:
    """Made for one case, in the process of the case."""

    def __init__(self, build, backend, directory, rootfs, config, range_start):
        self.build = build
        self.backend = backend
        self.directory = directory
        self.rootfs = rootfs
        self.range_start = range_start
        self.ids = set()  # of containers that were seen in the depot, for the leak check
        self._clients = []
        self._client = None
        self._hosts = []
        self._session_leaders = set()
        self._watches_restarts = True
        self.skipped = False  # for the backend of a third party: what it leaves is not checked
        self._starting = False
        self._reaping = False
        self._unseen_ends = False
        self.module = build.module if backend == case.MODULE else None
        self.daemon = daemon.Daemon(build, directory, daemon.merge(self._settings(), config))
        if self.module:
            self.module.skip_refused()
            self._watch_restarts()

    def _settings(self):
        own = {} if self.module else {self.backend: {"wshd": self.build.path("wshd")}}
        needs_rootfs = self.module.needs_rootfs if self.module else self.linux
        settings = {
            "server": {
                "container_klass": self.module.path if self.module else self.backend,
                "backend_path": self.build.modules,
                "unix_domain_path": f"{self.directory}/warden.sock",
                "container_depot_path": f"{self.directory}/depot",
                "container_rootfs_path": self.rootfs if needs_rootfs else None,
                "pidfile": f"{self.directory}/wardend.pid",
            },
            "health_check_server": {"port": 0},
            "logging": {"level": "debug", "file": f"{self.directory}/wardend.log"},
            "user": {"range_start": self.range_start},
            **own,
        }
        return daemon.merge(settings, self.module.settings) if self.module else settings

    def _watch_restarts(self):
        """Makes a start raise Skip if the containers of the daemon before it are gone: the backend restores none."""
        start = self.daemon.start

        def start_and_check(*args, **kwargs):
            existed = os.path.isdir(self.daemon.depot) and set(self.entries()) - {"tmp", "damaged"}
            start(*args, **kwargs)
            if existed and self._watches_restarts:
                with warden.Client(self.daemon.socket, timeout=20) as client:
                    if not client.list():
                        raise case.Skip(module.RESTORE)

        self.daemon.start = start_and_check

    @property
    def linux(self):
        """Whether the backend is linux, with real containers."""
        return self.backend == "linux"

    @property
    def sanitized(self):
        """Whether the daemon is built with sanitizers, so that it is slow and needs more memory."""
        return self.build.sanitized

    # Clients.

    def client(self, timeout=25.0):
        """A new connection, closed at the case's end; it fails when the daemon ends."""
        client = warden.Client(self.daemon.socket, timeout=timeout * expect.SLOWNESS, reconnect=0)
        self._clients.append(client)
        return client

    @property
    def c(self):
        """The case's first connection."""
        if self._client is None:
            self._client = self.client()
        return self._client

    def disconnect(self):
        """Closes every connection of the case."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._client = None

    def raw(self):
        """A connection for arbitrary bytes, closed at the case's end."""
        connection = wire.Raw(self.daemon.socket)
        self._clients.append(connection)
        return connection

    def in_thread(self, function, *args, **kwargs):
        """Calls a function in a new thread; `result()` of the returned Thread waits and returns its value."""
        return Thread(function, args, kwargs)

    # Containers.

    def create(self, client=None, **fields):
        """Creates a container; returns its handle."""
        handle = (client or self.c).create(**fields)
        self.note_ids()
        return handle

    def entries(self):
        """The names in the depot, without files of the backend, whose names begin with a dot."""
        return [name for name in os.listdir(self.daemon.depot) if not name.startswith(".")]

    def note_ids(self):
        """Remembers the containers in the depot for the leak check."""
        if os.path.isdir(self.daemon.depot):
            self.ids.update(set(self.entries()) - {"tmp", "damaged"})

    def run(self, handle, script, **fields):
        """Runs a script that must exit with 0; returns its stdout as text."""
        seen = self.c.run(handle, script, **fields)
        if seen.exit_status != 0:
            expect.fail("exit status 0", seen, f"script: {script}")
        return seen.stdout.decode("utf-8", "surrogateescape")

    def spawn_ready(self, handle, script, **fields):
        """Starts a job and waits until it has written something, over a connection that is closed then."""
        job = self.c.spawn(handle, script, **fields)
        with warden.Client(self.daemon.socket, timeout=20) as watcher:
            next(watcher.stream(handle, job))
        return job

    def path_of(self, handle):
        """The container's directory."""
        return self.c.info(handle).container_path

    def home_of(self, handle):
        """The working directory of the container's jobs, as a path on the host; only for fake."""
        self.skip_for_module("the case needs the place of a job's files on the host")
        return f"{self.path_of(handle)}/root"

    def skip_for_module(self, reason):
        """Skips the case for the backend of a third party."""
        if self.module:
            raise case.Skip(reason)

    def init_of(self, handle):
        """The pid of the container's first process."""
        self.skip_for_module("the case needs the pid of the container's first process")
        with open(f"{self.path_of(handle)}/run/wshd.pid", encoding="utf-8") as file:
            return int(file.read())

    def destroy_all(self):
        """Destroys all containers, at the case's end."""
        self._watches_restarts = False
        self.disconnect()
        self.note_ids()
        if not self.daemon.alive:
            self.daemon.start()
        if self.daemon.settings["server"].get("prepared"):
            self.daemon.reload({"server": {"prepared": 0}})  # they would be taken for what is left
        with warden.Client(self.daemon.socket, timeout=30) as client:
            for handle in client.list():
                try:
                    client.destroy(handle)
                except warden.WardenError as error:
                    if str(error) != "unknown handle":
                        raise

    # Further hosts.

    def host(self, link, gateway, address):
        """Adds a host until the case's end; see hosts.Host."""
        host = hosts.Host(link, gateway, address)
        self._hosts.append(host)
        return host

    def close_hosts(self):
        """Removes all hosts."""
        while self._hosts:
            self._hosts.pop().close()

    # Programs.

    def command(self, *arguments, stdin=None, timeout=20.0, environment=None):
        """Runs the `warden` command; returns the result of subprocess.run, with output as bytes."""
        return self.program("warden", *arguments, stdin=stdin, timeout=timeout, environment=environment)

    def program_environment(self):
        """The environment variables of the tree's programs."""
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": self.build.directory,
            "WARDEN_SOCKET": self.daemon.socket,
            "HOME": self.directory,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "ASAN_OPTIONS": f"log_path={self.directory}/sanitizer:exitcode={daemon.SANITIZER_STATUS}",
            "LSAN_OPTIONS": f"suppressions={self.build.source}/tests/lsan.supp:print_suppressions=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }

    def program(self, name, *arguments, stdin=None, timeout=20.0, environment=None):
        """Runs a program of the tree; returns the result of subprocess.run."""
        self.skip_for_module("the case needs a program of warden")
        return subprocess.run(
            [self.build.path(name), *arguments],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=timeout,
            check=False,
            cwd=self.directory,
            env={**self.program_environment(), **(environment or {})},
        )

    def python(self, *arguments, stdin=b"", timeout=25.0, **environment):
        """Runs Python, an interpreter that this user can execute; returns the result of subprocess.run."""
        python = sys.executable if os.access(sys.executable, os.X_OK) else "/usr/bin/python3"
        return subprocess.run(
            [python, *arguments],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
            cwd=self.directory,
            env={**self.program_environment(), **environment},
        )

    @contextlib.contextmanager
    def starting_session(self):
        """Suspends reaping while a process starts whose end the case waits for; yields the set for its pid."""
        self._starting = True
        yield self._session_leaders
        self._starting = False

    def start_session(self, *arguments, **keywords):
        """Starts a program in a new session, whose end the case waits for; returns a subprocess.Popen."""
        with self.starting_session() as leaders:
            process = subprocess.Popen(arguments, start_new_session=True, **keywords)
            leaders.add(process.pid)
        return process

    def file(self, name, data="", mode=0o644):
        """Writes a file in the case's directory; returns its path."""
        path = f"{self.directory}/{name}"
        with open(path, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        os.chmod(path, mode)
        return path

    def make_directory(self, name, mode=0o755):
        """Makes a directory in the case's directory; returns its path."""
        path = f"{self.directory}/{name}"
        os.makedirs(path)
        os.chmod(path, mode)
        return path

    # Leaks.

    def take(self):
        """Takes a snapshot for the leak check."""
        self.note_ids()
        return leaks.with_daemon(self.daemon, self.ids)

    def reap(self, *_):
        """Reaps orphans that have become children of this process. A signal that interrupts it makes it look again, as
        the ends of a thousand processes would nest too deep."""
        if self._starting:
            return
        self._unseen_ends = True
        if self._reaping:
            return
        self._reaping = True
        try:
            while self._unseen_ends:
                self._unseen_ends = False
                self._reap_once()
        finally:
            self._reaping = False

    def _reap_once(self):
        own = os.getsid(0)
        for pid in kernel.children(os.getpid()):
            child = kernel.process(pid)
            adopted = child is not None and child.state == "Z" and child.session != own
            if adopted and not self.daemon.owns(pid) and pid not in self._session_leaders:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass

    def adopt(self):
        """Makes this process reap orphans of the daemon, as init would."""
        kernel.become_subreaper()
        signal.signal(signal.SIGCHLD, self.reap)


class Thread:
    """A function call in its own thread."""

    def __init__(self, function, args, kwargs):
        self._value = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(function, args, kwargs), daemon=True)
        self._thread.start()

    def _run(self, function, args, kwargs):
        try:
            self._value = function(*args, **kwargs)
        except BaseException as error:  # result() raises it
            self._error = error

    @property
    def done(self):
        """Whether it has returned or raised."""
        return not self._thread.is_alive()

    def result(self, seconds=20.0):
        """Waits; returns the function's result or raises its exception."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            expect.fail(f"an end within {seconds:g} s", "it still runs")
        if self._error is not None:
            raise self._error
        return self._value
