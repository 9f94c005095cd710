# SPDX-License-Identifier: Apache-2.0
"""Rates of block I/O, if the depot is on a block device that the kernel limits."""

import time

import warden
from case import Skip, case
import expect

MIB = 1 << 20


def _limit(w, handle, **rates):
    try:
        return w.c.call(warden.LimitRequest(handle=handle, limits=warden.Limits(**rates))).limits
    except warden.WardenError as error:
        raise Skip("needs a depot on a block device, and control groups for it") from error


def _seconds(w, handle, script):
    start = time.monotonic()
    w.run(handle, script)
    return time.monotonic() - start


@case(backend="linux", limit=60)
def reads_and_writes_keep_to_the_rate(w):
    handle = w.create()
    seen = _limit(w, handle, io_write_rate=2 * MIB, io_read_rate=4 * MIB)
    expect.equal((seen.io_write_rate, seen.io_read_rate), (2 * MIB, 4 * MIB))
    write = "dd if=/dev/zero of=/home/vcap/file bs=65536 count=96 oflag=direct 2>/dev/null"
    read = "dd if=/home/vcap/file of=/dev/null bs=65536 iflag=direct 2>/dev/null"
    with_limit = _seconds(w, handle, write), _seconds(w, handle, read)
    expect.between(with_limit[0], 2.5, 30, "seconds for 6 MiB at 2 MiB a second")
    expect.between(with_limit[1], 1.2, 30, "seconds for 6 MiB at 4 MiB a second")
    _limit(w, handle, io_write_rate=0, io_read_rate=0)
    expect.between(_seconds(w, handle, write), 0, with_limit[0] - 0.5, "seconds without a limit")
