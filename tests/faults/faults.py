# SPDX-License-Identifier: Apache-2.0
"""The file that a test shares with the processes of a build with fault injection; see lib/fault/fault.h."""

import bisect
import mmap
import os
import struct
import subprocess
from dataclasses import dataclass

VARIABLE = "WARDEN_FAULTS"
OFF, RECORD, FAIL, KILL = range(4)
_HEAD = struct.Struct("=IIQIIIIII")
_POINT = struct.Struct("=QQII24s16s32s")
_POINTS = 8192
_MAGIC = 0x7761666C


@dataclass(frozen=True)
class Point:
    """A call site in a kind of process."""

    key: int
    offset: int
    seen: int
    can_fail: bool
    module: str
    process: str
    call: str


def _text(field):
    return field.split(b"\0")[0].decode("utf-8", "replace")


class Faults:
    """The file, for one daemon after the other."""

    def __init__(self, path):
        self.path = path
        self._size = _HEAD.size + _POINT.size * _POINTS
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.ftruncate(self._fd, self._size)
        self._memory = mmap.mmap(self._fd, self._size)
        struct.pack_into("=I", self._memory, 0, _MAGIC)

    def arm(self, mode, only=0, wanted=1, number=0):
        """The `wanted`-th call of the point `only` (0: of any) fails or kills, until disarm()."""
        struct.pack_into("=QIIII", self._memory, 8, only, wanted, 0, number, 0)
        struct.pack_into("=I", self._memory, 4, mode)

    def disarm(self):
        """Ends it; returns the point that was struck, or None."""
        struct.pack_into("=I", self._memory, 4, OFF)
        fired = _HEAD.unpack_from(self._memory, 0)[6]
        return self._point(fired - 1) if fired else None

    def _point(self, index):
        key, offset, seen, can_fail, *names = _POINT.unpack_from(self._memory, _HEAD.size + index * _POINT.size)
        return Point(key, offset, seen, bool(can_fail), *map(_text, names))

    def clear(self):
        """Forgets the points."""
        self._memory[_HEAD.size : self._size] = bytes(self._size - _HEAD.size)

    def points(self):
        """The points since clear()."""
        found = (self._point(index) for index in range(_POINTS))
        return [point for point in found if point.key]


class Names:
    """Names of functions by module and offset."""

    def __init__(self, build):
        self._build = build
        self._modules = {}

    def _symbols(self, module):
        if module not in self._modules:
            path = self._build.path(f"modules/{module}" if module.endswith(".so") else module)
            text = subprocess.run(["nm", path], capture_output=True, text=True, check=False).stdout
            rows = [line.split() for line in text.splitlines() if len(line.split()) == 3]
            base = next((int(row[0], 16) for row in rows if row[2] == "__ehdr_start"), 0)
            functions = sorted((int(row[0], 16) - base, row[2]) for row in rows if row[1] in "tTwW")
            self._modules[module] = functions
        return self._modules[module]

    def of(self, point):
        """The function that calls, and the call."""
        functions = self._symbols(point.module)
        at = bisect.bisect_right(functions, (point.offset, "~")) - 1
        place = functions[at][1] if at >= 0 else "?"
        return f"{point.process} {point.module}:{place}+{point.offset:#x} {point.call}"
