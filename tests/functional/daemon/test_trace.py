# SPDX-License-Identifier: Apache-2.0
"""logging.trace and --trace: the log has the time of each step of a create and a destroy, and of each answer."""

import re

from case import case
import expect

_STEPS = r"((?:[\w-]+ \d+\.\d{3}, )*[\w-]+ \d+\.\d{3}); (\d+\.\d{3}) ms$"


def _steps(log, what):
    """The names of the steps in the only line of that kind; their times make the sum of the line."""
    lines = re.findall(rf": {re.escape(what)}: {_STEPS}", log, re.M)
    expect.equal(len(lines), 1)
    steps = [step.split(" ") for step in lines[0][0].split(", ")]
    total = sum(float(time) for _, time in steps)
    expect.between(float(lines[0][1]), total - 0.002, total + 0.002, "the sum of the steps")
    return [name for name, _ in steps]


def _life(w):
    """The log of a container's life."""
    handle = w.create()
    w.run(handle, "true")
    w.c.destroy(handle)
    expect.eventually(lambda: ": removed\n" in w.daemon.log(), "the container is removed")
    return w.daemon.log()


def _check(w, log):
    expect.equal(_steps(log, "create"), ["queue", "directory", "backend", "snapshot"])
    steps = _steps(log, "destroy")
    expect.equal([name for name in steps if name != "answer"], ["mark", "info", "stop", "backend", "move", "gone", "remove"])
    expect.true(steps.index("move") < steps.index("answer"), "it is answered when the directory is moved")
    for request in ("create", "run", "destroy"):
        expect.equal(len(re.findall(rf"\b{request} answered after \d+\.\d{{3}} ms$", log, re.M)), 1)


@case(daemon=False)
def the_log_has_the_time_of_each_step(w):
    w.daemon.settings["logging"]["trace"] = True
    w.daemon.start()
    _check(w, _life(w))


@case(daemon=False)
def the_option_traces_too(w):
    w.daemon.wrapper = ["/bin/sh", "-c", 'exec "$0" --trace "$@"']
    w.daemon.start()
    _check(w, _life(w))


@case
def without_it_nothing_is_traced(w):
    expect.lacks(_life(w), " ms\n")


@case(backend="linux", daemon=False)
def the_backend_traces_its_own_steps(w):
    w.daemon.settings["logging"]["trace"] = True
    w.daemon.start()
    log = _life(w)
    create = _steps(log, "create in the backend")
    expect.equal(create[0], "find_profile")
    expect.equal(create[-1], "connect")
    expect.contains(create, "make_network")
    setup = _steps(log, "set-up")
    expect.equal(setup[0], "report_begin")
    expect.equal(setup[-1], "init_execute")
    expect.equal(set(_steps(log, "destroy in the backend")), {"rules", "processes", "firewall", "cgroup", "links"})


@case(backend="linux", daemon=False)
def the_steps_of_a_create_that_fails_are_told(w):
    w.daemon.settings["logging"]["trace"] = True
    w.daemon.start()
    expect.error_like("bin/true", w.c.create, bind_mounts=[(w.directory, "/bin/true/below", "ro")])
    expect.contains(_steps(w.daemon.log(), "create that fails"), "backend")
    expect.equal(_steps(w.daemon.log(), "create in the backend")[0], "find_profile")
