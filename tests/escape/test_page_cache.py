# SPDX-License-Identifier: Apache-2.0
"""Writes through the page cache: a file that is only readable is the host's and every container's in memory."""

import hashlib
import os

import expect
from case import case

INSIDE = ("/ro/canary", "/bin/probe", "/proc/1/exe")
WAYS = ("reopen", "copy-on-write", "pipe", "crypto")


def _hash(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@case(backend="linux", limit=60)
def files_that_are_only_readable_do_not_change(w):
    """CVE-2016-5195, CVE-2022-0847, CVE-2026-31431: written through the page cache: /proc/self/mem, pipe, AF_ALG."""
    shared = w.make_directory("shared")
    canary = w.file("shared/canary", os.urandom(8192), 0o444)
    handle, other = w.create(bind_mounts=[(shared, "/ro", "ro")]), w.create()
    init = f"/proc/{w.init_of(handle)}/exe"
    program = os.path.realpath(f"{w.rootfs}/bin/probe")
    paths = (canary, program, init)
    before = [_hash(path) for path in paths]
    for fields in ({}, {"privileged": True}, {"no_new_privs": True}):
        for way in WAYS:
            seen = [w.run(handle, f"probe_page_cache {way} {path}", **fields) for path in INSIDE]
            if way == "crypto":
                expect.contains(("socket EPERM\n", "socket EAFNOSUPPORT\n"), seen[0], way)
            elif way != "reopen":
                expect.equal(seen[:2], ["done\n"] * 2, f"{way} is tried to the end")
            if not fields.get("privileged"):
                expect.equal(seen[2], "open EACCES\n", "process 1's program")
    expect.equal([_hash(path) for path in paths], before)
    # root has changed its own copy of the program, which is in its layer, not the one that all have.
    expect.equal(w.run(other, "sha256sum /bin/probe").split()[0], before[1])
