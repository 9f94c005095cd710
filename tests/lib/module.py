# SPDX-License-Identifier: Apache-2.0
"""A backend of a third party: what its module declares, which cases cannot run for it, and the report."""

import collections
import ctypes
import os
import re
import subprocess
import sys

import daemon
import warden
from case import Skip

_SYMBOL = "warden_container_klass"

# Optional operations, and what the daemon does if one is NULL.
OPTIONAL = {
    "teardown": "what `setup` made is left to the end of the process",
    "job_signal": "refuses JobSignal; to end one job it stops the whole container",
    "job_close_input": "refuses JobInput, and jobs with `stdin`",
    "job_resize": "refuses JobResize, and jobs with `terminal`",
    "job_forget": "never says that the end of a job is stored",
    "detach": "frees no container when it ends",
    "set_rules": "refuses NetIn, NetOut, NetList, NetRemove and NetReplace",
    "set_limits": "refuses Limit, LimitMemory, LimitDisk, LimitBandwidth and LimitCpu, and Create with `limits`",
    "pause": "refuses Pause and Resume",
    "transfer": "refuses CopyIn, CopyOut, TarIn, TarOut, FileRead, FileWrite, FileList, FileRemove and FileWatch",
    "info": "answers Info and InfoMany without figures",
    "describe": "answers Status without facts of the backend",
}

# The daemon's refusals of a request whose operation is NULL.
_REFUSALS = (
    (r"job_signal: backend \S+ does not support it", "job_signal"),
    (r"stdin: not supported by the backend \S+", "job_close_input"),
    (r"terminal: not supported by the backend \S+", "job_resize"),
    (r"not supported by the backend \S+", "set_rules"),
    (r"limits: not supported by the backend", "set_limits"),
    (r"(pause|resume): the backend cannot do that", "pause"),
    (r"backend \S+ cannot transfer files", "transfer"),
)

# The operations in the order of the struct.
_OPERATIONS = (
    "setup teardown admit create restore spawn job_signal job_close_input job_resize job_forget stop destroy detach "
    "set_rules set_limits pause transfer transfer_cancel info describe"
).split()

RESTORE = "no container survives a restart of the daemon (operation restore)"


class _Klass(ctypes.Structure):
    """struct warden_container_klass of <warden/backend.h>."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("abi", ctypes.c_uint),
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("options", ctypes.c_void_p),
        ("n_options", ctypes.c_size_t),
        ("option_size", ctypes.c_size_t),
        ("needs_rootfs", ctypes.c_bool),
        ("host_network", ctypes.c_bool),
        ("capabilities", ctypes.c_uint64),
        *((name, ctypes.c_void_p) for name in _OPERATIONS),
    ]


def parse_settings(words):
    """The groups of `GROUP.KEY=VALUE`; a value is written as in warden.conf(5), a string also without quotes."""
    groups = {}
    for word in words:
        match = re.fullmatch(r"(\w[\w-]*)\.(\w[\w-]*)=(.*)", word, re.DOTALL)
        if not match:
            sys.exit(f"{word}: a setting is GROUP.KEY=VALUE")
        raw = re.fullmatch(r'-?\d+|0x[0-9a-fA-F]+|true|false|[\["({].*', match[3], re.DOTALL)
        groups.setdefault(match[1], {})[match[2]] = daemon.Raw(match[3]) if raw else match[3]
    return groups


def load(path, settings, build, directory):
    """Lets the daemon check the module with the settings; returns the Module, or exits with the daemon's error."""
    path = os.path.abspath(path)
    place = f"{directory}/check"
    os.mkdir(place, 0o700)
    own = {
        "container_klass": path,
        "unix_domain_path": f"{place}/warden.sock",
        "container_depot_path": f"{place}/depot",
        "container_rootfs_path": place,
    }
    with open(f"{place}/warden.conf", "w", encoding="utf-8") as file:
        file.write(daemon.render(daemon.merge({"server": own}, settings)))
    command = [build.path("wardend"), "-c", file.name, "--check-config"]
    seen = subprocess.run(command, capture_output=True, text=True, check=False)
    if seen.returncode != 0:
        sys.exit(seen.stderr.strip())
    return Module(path, settings)


class Module:
    """A module that the daemon has checked, and the daemon's settings for it."""

    def __init__(self, path, settings):
        self.path = path
        klass = self._read()
        self.name = klass.name.decode()
        self.needs_rootfs = klass.needs_rootfs
        self.missing = [name for name in OPTIONAL if not getattr(klass, name)]
        self.settings = settings

    def _read(self):
        theirs = _Klass.in_dll(ctypes.CDLL(self.path), _SYMBOL)
        klass = _Klass()
        ctypes.memmove(ctypes.byref(klass), ctypes.byref(theirs), min(theirs.size, ctypes.sizeof(klass)))
        return klass

    def refusal(self, text):
        """Why a request with this error cannot be tested for the backend, or None."""
        text = re.sub(r"^(first|second)(: |\.)", "", text)
        for pattern, operation in _REFUSALS:
            if operation in self.missing and re.fullmatch(pattern, text):
                return f"operation {operation} is NULL"
        option = re.fullmatch(rf"(\w+): the backend {re.escape(self.name)} has none", text)
        return f"the backend refuses the option {option[1]}" if option else None

    def skip_refused(self):
        """From now on a client of this process raises Skip if the backend cannot carry out its request."""

        class Client(warden.Client):
            """A client of a case."""

            def receive(inner):  # pylint: disable=no-self-argument
                try:
                    return super().receive()
                except warden.WardenError as error:
                    reason = self.refusal(str(error))
                    if reason:
                        raise Skip(reason) from error
                    raise

        warden.Client = Client

    def report(self, outcomes, out):
        """Prints what the backend does not implement, and the failed cases by subject."""
        skipped = collections.Counter(outcome.text for _, outcome in outcomes if outcome.status == "skip")
        lines = [
            f"{name} is NULL: the daemon {OPTIONAL[name]}{_count(skipped.pop(f'operation {name} is NULL', 0))}"
            for name in self.missing
        ]
        lines += [f"{reason}{_count(number)}" for reason, number in sorted(skipped.items())]
        _print_list(f"What the backend {self.name} does not implement:", lines, out)
        failed = collections.defaultdict(list)
        for instance, outcome in outcomes:
            if outcome.status == "FAIL":
                failed[instance.subject].append(instance.name)
        lines = [f"{subject}: {', '.join(sorted(names))}" for subject, names in sorted(failed.items())]
        _print_list("What it must still do (the cases that failed):", lines, out)


def _count(number):
    return f" ({number} case{'s' if number > 1 else ''} skipped)" if number else ""


def _print_list(head, lines, out):
    if lines:
        print(head, *(f"  {line}" for line in lines), sep="\n", file=out)
