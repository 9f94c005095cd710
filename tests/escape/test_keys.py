# SPDX-License-Identifier: Apache-2.0
"""Keys of the kernel: a container has a session keyring of its own."""

import ctypes

import expect
import warden
from case import Skip, case

_ADD_KEY, _KEYCTL = 248, 250  # system calls of x86_64
_SESSION, _JOIN, _READ = -3, 1, 11
NAME = "warden-test-key"

_libc = ctypes.CDLL(None, use_errno=True)

# Of a job whose system calls are not filtered, too, where the field exists.
UNCONFINED = {"seccomp": "unconfined"} if hasattr(warden.SpawnRequest, "seccomp") else {}


def _call(*args):
    """A system call of the test itself; skips the case if the kernel has no keys."""
    result = _libc.syscall(*args)
    if result < 0:
        raise Skip(f"keys: error {ctypes.get_errno()}")
    return result


def _read(key):
    text = ctypes.create_string_buffer(64)
    length = _call(_KEYCTL, _READ, key, text, 64)
    return text.raw[:length]


def _host_key():
    """Joins a new session keyring, which a daemon that is started then has, with a key; returns its id."""
    _call(_KEYCTL, _JOIN, None)
    return _call(_ADD_KEY, b"user", NAME.encode(), b"of the host", 11, _SESSION)


def _probe(w, handle, arguments, **fields):
    return w.run(handle, f"probe_keys {arguments}", **UNCONFINED, **fields).strip()


@case(backend="linux", daemon=False)
def keys_of_the_daemons_session_are_not_inside(w):
    """The daemon is started within a session keyring: read and overwrite its key by name and by id."""
    key = _host_key()
    w.daemon.start()
    handle = w.create()
    for privileged in (False, True):
        for attempt in (f"read {NAME}", f"write {NAME} changed", f"read-id {key}", f"write-id {key} changed"):
            seen = _probe(w, handle, attempt, privileged=privileged)
            expect.contains(("ENOKEY", "EACCES", "EPERM", "ENOSYS"), seen, attempt)
    expect.equal(_read(key), b"of the host")


@case(backend="linux", daemon=False)
def keys_of_a_container_are_not_in_another(w):
    """A container leaves a key in the session keyring of all; another finds it, also when the first is gone."""
    _host_key()
    w.daemon.start()
    one, two = w.create(), w.create()
    for privileged in (False, True):
        left = _probe(w, one, f"add planted-{privileged} secret", privileged=privileged)
        expect.contains(("ok", "EPERM", "ENOSYS"), left, "the key is planted")
    for gone in (False, True):
        if gone:
            w.c.destroy(one)
        for planted in (False, True):
            for privileged in (False, True):
                seen = _probe(w, two, f"read planted-{planted}", privileged=privileged)
                expect.contains(("ENOKEY", "EACCES", "EPERM", "ENOSYS"), seen, f"planted-{planted}")
