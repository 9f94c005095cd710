# SPDX-License-Identifier: Apache-2.0
"""Profiles of system calls: who chooses them, what they permit, and what outlives the daemon."""

import expect
from case import case

# An own socket of each family: 1 is unix, 2 the Internet.
_SOCKETS = "probe socket 1 1 0; probe socket 2 1 0"


def _sockets(w, handle, **fields):
    return w.run(handle, _SOCKETS, **fields).split()


@case(backend="linux")
def a_job_has_the_profile_of_its_container_or_its_own(w):
    """The container's profile is the default of its jobs, the configured one that of containers."""
    judge, usual = w.create(seccomp="judge"), w.create()
    expect.equal((w.c.info(judge).seccomp, w.c.info(usual).seccomp), ("judge", "default"))
    expect.equal(_sockets(w, judge), ["ok", "EPERM"])
    expect.equal(_sockets(w, judge, seccomp="default"), ["ok", "ok"])
    expect.equal(_sockets(w, usual), ["ok", "ok"])
    expect.equal(_sockets(w, usual, seccomp="judge"), ["ok", "EPERM"])
    for handle in (judge, usual):
        expect.equal(w.run(handle, "probe unshare 0x10000000").strip(), "EPERM")
        expect.equal(w.run(handle, "probe unshare 0x10000000", seccomp="unconfined").strip(), "ENOSPC")


@case(backend="linux")
def a_recovered_container_keeps_its_profile(w):
    """It is in the snapshot; filters come from the daemon that starts the job."""
    judge = w.create(seccomp="judge")
    w.daemon.restart()
    w.disconnect()
    expect.equal(w.c.info(judge).seccomp, "judge")
    expect.equal(_sockets(w, judge), ["ok", "EPERM"])
    expect.equal(_sockets(w, judge, seccomp="default"), ["ok", "ok"])


@case(backend="linux", config={"linux": {"seccomp_default": "judge"}})
def the_configured_profile_is_that_of_containers_without_one(w):
    """linux.seccomp_default."""
    handle = w.create()
    expect.equal(w.c.info(handle).seccomp, "judge")
    expect.equal(_sockets(w, handle), ["ok", "EPERM"])


@case(backend="linux")
def an_unknown_profile_is_an_error_that_lists_those_there_are(w):
    """Of create and of jobs."""
    text = "seccomp: there is no profile strict, but there are: default, judge, unconfined"
    expect.error(text, w.create, seccomp="strict")
    handle = w.create()
    expect.error(text, w.c.run, handle, "true", seccomp="strict")
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(backend="linux", config={"linux": {"setuid_modes": "always"}})
def setuid_modes_can_be_allowed_everywhere(w):
    """linux.setuid_modes always."""
    source = w.make_directory("shared", 0o777)
    handle = w.create(bind_mounts=[(source, "/shared", "rw")])
    expect.equal(w.run(handle, "cp /bin/cat /shared; chmod 4755 /shared/cat; stat -c %a /shared/cat"), "4755\n")


@case(backend="linux", config={"linux": {"setuid_modes": "never"}})
def setuid_modes_can_be_refused_everywhere(w):
    """linux.setuid_modes never."""
    handle = w.create()
    expect.equal(w.run(handle, "cp /bin/cat x; chmod 4755 x 2>/dev/null; stat -c %a x"), "755\n")


@case(backend="fake")
def a_fake_container_has_no_profile_but_the_default(w):
    """It filters nothing, so it must not answer success for a profile."""
    text = "seccomp: a fake container filters no system calls, so it has no profile judge"
    expect.error(text, w.create, seccomp="judge")
    handle = w.create(seccomp="default")
    expect.error(text, w.c.run, handle, "true", seccomp="judge")
    expect.equal(w.run(handle, "echo fine", seccomp="default"), "fine\n")
