# SPDX-License-Identifier: Apache-2.0
"""Limits of a job: getrlimit(2) as the job sees it."""

import resource

import expect
from case import case

# Name of the request's field and line of /proc/PID/limits.
LINES = {
    "as": "Max address space",
    "core": "Max core file size",
    "cpu": "Max cpu time",
    "data": "Max data size",
    "fsize": "Max file size",
    "locks": "Max file locks",
    "memlock": "Max locked memory",
    "msgqueue": "Max msgqueue size",
    "nice": "Max nice priority",
    "nofile": "Max open files",
    "nproc": "Max processes",
    "rss": "Max resident set",
    "rtprio": "Max realtime priority",
    "sigpending": "Max pending signals",
    "stack": "Max stack size",
}

DEFAULTS = {
    "core": 1,
    "memlock": 65536,
    "msgqueue": 819200,
    "nice": 0,
    "nofile": 1024,
    "nproc": 1024,
    "rtprio": 0,
    "sigpending": 1024,
    "stack": 8 << 20,
}

# Low enough for everybody.
REQUESTED = {
    "as": 4 << 30,
    "core": 0,
    "cpu": 1000,
    "data": 2 << 30,
    "fsize": 1 << 30,
    "locks": 77,
    "memlock": 8192,
    "msgqueue": 4096,
    "nice": 0,
    "nofile": 99,
    "nproc": 333,
    "rss": 1 << 30,
    "rtprio": 0,
    "sigpending": 55,
    "stack": 4 << 20,
}


def _limits(w, handle, **fields):
    text = w.run(handle, "cat /proc/$$/limits", **fields)
    seen = {}
    for name, title in LINES.items():
        (line,) = [line for line in text.splitlines() if line.startswith(title)]
        soft, hard = line[len(title) :].split()[:2]
        expect.equal(soft, hard, f"soft and hard limit of {name}")
        seen[name] = soft
    return seen


# A limit of 0 does not keep a piped core_pattern from being run, one of 1 byte does: so that is what 0 becomes.
def _core(limits):
    return {**limits, "core": max(1, limits["core"])} if "core" in limits else limits


def _text(value):
    return "unlimited" if value is None or value == 2**64 - 1 else str(value)


@case(backend="linux")
def defaults_are_as_documented(w):
    handle = w.create()
    expected = {name: _text(DEFAULTS.get(name)) for name in LINES}
    expect.equal(_limits(w, handle), expected)
    expect.equal(_limits(w, handle, privileged=True), expected)


@case(backend="fake")
def defaults_are_clamped_to_the_hard_limits(w):
    own = {}
    for name in LINES:
        number = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            own[name] = None if hard == resource.RLIM_INFINITY else hard
    seen = _limits(w, w.create())
    for name, hard in own.items():
        wanted = DEFAULTS.get(name)
        possible = wanted if hard is None or (wanted is not None and wanted <= hard) else hard
        expect.equal(seen[name], _text(possible), f"limit of {name}")


@case
def each_limit_can_be_requested(w):
    handle = w.create()
    for name, value in REQUESTED.items():
        seen = _limits(w, handle, rlimits={name: value})
        expect.equal(seen[name], _text(_core({name: value})[name]), f"limit of {name}")


@case
def all_limits_can_be_requested_at_once(w):
    expected = {name: _text(value) for name, value in _core(REQUESTED).items()}
    expect.equal(_limits(w, w.create(), rlimits=REQUESTED), expected)


@case(config={"server": {"container_rlimits": {"nofile": 88, "fsize": 123456, "stack": 1 << 20}}})
def the_request_overrides_the_configuration_and_that_the_defaults(w):
    handle = w.create()
    seen = _limits(w, handle)
    expect.equal((seen["nofile"], seen["fsize"], seen["stack"]), ("88", "123456", str(1 << 20)))
    expect.equal(seen["sigpending"], "1024")
    seen = _limits(w, handle, rlimits={"nofile": 66})
    expect.equal((seen["nofile"], seen["fsize"]), ("66", "123456"))


@case(backend="fake")
def a_limit_that_cannot_be_set_ends_the_job_with_255(w):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    seen = w.c.run(w.create(), "echo started", rlimits={"nofile": hard + 1 if hard > 0 else 1 << 40})
    expect.equal((seen.exit_status, seen.stdout), (255, b""))
    expect.contains(seen.stderr, b"nofile")
    expect.equal(seen.stderr.count(b"\n"), 1, "lines on stderr")


@case(backend="linux")
def a_limit_above_the_kernels_maximum_ends_the_job_with_255(w):
    handle = w.create()
    for privileged in (False, True):
        seen = w.c.run(handle, "echo started", rlimits={"nofile": 1 << 40}, privileged=privileged)
        expect.equal((seen.exit_status, seen.stdout), (255, b""))
        expect.contains(seen.stderr, b"nofile")
        expect.equal(seen.stderr.count(b"\n"), 1, "lines on stderr")


@case(backend="linux")
def a_limit_above_the_default_can_be_requested(w):
    handle = w.create()
    asked = {"nofile": 4096, "nproc": 2000, "memlock": 1 << 20, "stack": 64 << 20, "core": 1 << 20}
    seen = _limits(w, handle, rlimits=asked)
    expect.equal({k: seen[k] for k in asked}, {k: str(v) for k, v in asked.items()})


@case
def limits_are_enforced(w):
    handle = w.create()
    # A write beyond fsize raises SIGXFSZ, which ends dd.
    seen = w.c.run(handle, "dd if=/dev/zero of=f bs=1000 count=5 2>/dev/null; stat -c %s f", rlimits={"fsize": 3000})
    expect.equal(seen.stdout, b"3000\n")
    script = 'for i in $(seq 4 30); do eval "exec $i</dev/null" || exit 9; done'
    seen = w.c.run(handle, script, rlimits={"nofile": 12})
    expect.equal(seen.exit_status != 0, True, "a job that runs out of descriptors fails")
    with expect.within(8, "a busy loop with one second of cpu time"):
        expect.equal(w.c.run(handle, "while :; do :; done", rlimits={"cpu": 1}).exit_status, 255)


@case
def limits_of_one_job_do_not_apply_to_the_next(w):
    handle = w.create()
    _limits(w, handle, rlimits={"nofile": 20})
    expect.equal(_limits(w, handle)["nofile"] != "20", True, "the default again")
