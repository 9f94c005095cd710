# SPDX-License-Identifier: Apache-2.0
"""Jobs: the environment of a script, and the report of its end."""

import os
import random
import signal

import expect
from case import case


@case
def a_script_is_run_by_the_shell(w):
    handle = w.create()
    expect.result(w.c.run(handle, "echo out; echo err >&2; exit 7"), 7, b"out\n", b"err\n")


@case
def the_shell_is_bash(w):
    handle = w.create()
    expect.equal(w.run(handle, 'a=(1 2 3); [[ $BASH_VERSION ]] && echo "${a[2]} $0"'), "3 /bin/bash\n")


@case
def output_that_is_empty_is_there(w):
    expect.result(w.c.run(w.create(), "exit 0"), 0, b"", b"")
    expect.result(w.c.run(w.create(), ""), 0, b"", b"")


@case
def every_exit_status_is_reported(w):
    handle = w.create()
    for status in (0, 1, 2, 126, 127, 128, 200, 254, 255):
        expect.result(w.c.run(handle, f"exit {status}"), status)


@case
def a_job_that_a_signal_ends_has_255(w):
    handle = w.create()
    for name in ("KILL", "TERM", "SEGV", "ABRT", "PIPE", "HUP"):
        expect.result(w.c.run(handle, f"ulimit -c 0; kill -{name} $$"), 255)


@case
def a_command_that_a_signal_ends_has_the_shells_status(w):
    handle = w.create()
    expect.equal(w.c.run(handle, "sh -c 'kill -9 $$'").exit_status, 137)


@case
def ids_count_up_from_one_for_the_whole_daemon(w):
    handles = [w.create(), w.create()]
    expect.equal([w.c.spawn(handles[n % 2], "true") for n in range(6)], [1, 2, 3, 4, 5, 6])


@case(backend="linux")
def the_environment_is_exactly_as_documented(w):
    handle = w.create()
    script = "tr '\\0' '\\n' < /proc/$$/environ | sort"
    user = "HOME=/home/vcap\nLANG=C.UTF-8\nPATH=/bin:/usr/bin\nUSER=vcap\n"
    root = "HOME=/root\nLANG=C.UTF-8\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\nUSER=root\n"
    expect.equal(w.run(handle, script), user)
    expect.equal(w.run(handle, script, privileged=True), root)


@case(backend="linux", daemon=False)
def without_a_lang_of_the_daemon_it_is_en_us(w):
    del w.daemon.environment["LANG"]
    w.daemon.start()
    expect.equal(w.run(w.create(), "echo $LANG"), "en_US.UTF-8\n")


@case(backend="fake")
def the_environment_of_the_fake_backend_is_empty(w):
    expect.equal(w.run(w.create(), "tr '\\0' '\\n' < /proc/$$/environ"), "")


@case(daemon=False)
def nothing_of_the_daemons_environment_is_in_a_job(w):
    w.daemon.environment["SECRET_OF_THE_DAEMON"] = "hunter2"
    w.daemon.start()
    handle = w.create()
    script = "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c hunter2; env"
    if w.linux:
        expect.equal(w.run(handle, script, privileged=True).splitlines()[0], "0")
    expect.lacks(w.run(handle, "env"), "hunter2")


@case
def it_starts_in_its_home(w):
    handle = w.create()
    home = "/home/vcap" if w.linux else w.home_of(handle)
    expect.equal(w.run(handle, "pwd -P"), f"{home}\n")
    expect.equal(w.run(handle, "pwd -P", privileged=True), "/root\n" if w.linux else f"{home}\n")


@case
def files_in_the_home_are_visible_to_the_next_job(w):
    handle = w.create()
    w.run(handle, "echo kept > file")
    expect.equal(w.run(handle, "cat file"), "kept\n")


@case
def the_umask_is_0022(w):
    handle = w.create()
    expect.equal(w.run(handle, "umask; touch f; mkdir d; stat -c %a f d"), "0022\n644\n755\n")


@case(backend="linux")
def it_has_one_group_and_no_other(w):
    handle = w.create()
    expect.equal(w.run(handle, "id -u; id -g; id -G; id -un; id -gn"), "10000\n10000\n10000\nvcap\nvcap\n")
    expect.equal(w.run(handle, "id -u; id -g; id -G", privileged=True), "0\n0\n0\n")
    for privileged in (False, True):
        status = w.run(handle, "grep ^Groups: /proc/self/status", privileged=privileged)
        expect.equal(status.split(), ["Groups:"])


@case
def it_leads_its_own_session_without_a_terminal(w):
    handle = w.create()
    fields = w.run(handle, "cat /proc/$$/stat").rsplit(")", 1)[1].split()
    expect.equal(fields[2], fields[3], "process group and session")
    expect.equal(fields[4], "0", "controlling terminal")
    expect.equal(w.c.run(handle, "exec 3<>/dev/tty").exit_status, 1)


@case
def its_descriptors_are_three_and_no_other(w):
    handle = w.create()
    for privileged in (False, True):
        seen = w.run(handle, "ls -l /proc/$$/fd >list; sed -n 's/.* \\([0-9]*\\) -> /\\1 /p' list", privileged=privileged)
        expect.matches(seen, r"0 /memfd:[^\n]*\n1 pipe:\[\d+\]\n2 pipe:\[\d+\]\n")


@case(daemon=False)
def signals_are_as_a_new_process_has_them(w):
    for number in (signal.SIGQUIT, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # which the daemon inherits
    w.daemon.start()
    handle = w.create()
    seen = w.run(handle, "exec grep -E '^Sig(Blk|Ign)' /proc/self/status")
    # 32 and 33 are the C library's own: its posix_spawn leaves them ignored in whatever it starts.
    own = 1 << 31 | 1 << 32
    for line in seen.splitlines():
        expect.equal(int(line.split()[1], 16) & ~own, 0, line)


@case
def the_script_is_standard_input(w):
    handle = w.create()
    expect.result(w.c.run(handle, "read line\nthe line\necho \"got $line\""), 0, b"got the line\n")


@case
def a_script_may_be_long(w):
    handle = w.create()
    for size in (4095, 4096, 65_535, 65_537, 1 << 20, 8 << 20):
        line = "# " + "x" * 77 + "\n"
        script = line * (size // len(line)) + "echo the end"
        expect.result(w.c.run(handle, script), 0, b"the end\n")


@case
def a_script_may_hold_any_byte(w):
    handle = w.create()
    data = random.Random(1).randbytes(100_000)
    expect.result(w.c.run(handle, b"exec cat\n" + data), 0, data)


@case
def a_script_of_random_bytes_does_no_harm(w):
    handle = w.create()
    for seed in range(5):
        w.c.run(handle, b"ulimit -u 500; " + random.Random(seed).randbytes(3000))
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case
def jobs_run_side_by_side(w):
    handle = w.create()
    with expect.within(3, "ten jobs of half a second"):
        jobs = [w.c.spawn(handle, f"sleep 0.5; echo {n}") for n in range(10)]
        for n, job in enumerate(jobs):
            expect.result(w.c.link(handle, job), 0, b"%d\n" % n)


@case
def a_hundred_jobs_run_side_by_side(w):
    handle = w.create()
    jobs = [w.c.spawn(handle, f"sleep 0.3; echo {n}") for n in range(100)]
    for n, job in enumerate(jobs):
        expect.result(w.c.link(handle, job), 0, b"%d\n" % n)


@case
def children_of_a_job_belong_to_it(w):
    handle = w.create()
    expect.result(w.c.run(handle, "(sleep 0.4; echo child) & echo parent"), 0, b"parent\nchild\n")


@case
def a_background_process_without_the_output_delays_no_answer(w):
    handle = w.create()
    with expect.within(2, "run"):
        seen = w.c.run(handle, "sleep 30 >/dev/null 2>&1 & echo started; exit 3")
    expect.result(seen, 3, b"started\n")


@case
def a_background_process_that_holds_stdout_or_stderr_is_waited_for(w):
    handle = w.create()
    for redirect, name in (("2>/dev/null", "stdout"), (">/dev/null", "stderr")):
        with expect.within(5, f"run with {name} held", least=0.5):
            seen = w.c.run(handle, f"(sleep 0.6; echo late; echo late >&2) {redirect} & exit 4")
        expect.equal((seen.exit_status, seen.stdout + seen.stderr), (4, b"late\n"))


@case
def a_process_in_its_own_session_is_waited_for_too(w):
    handle = w.create()
    with expect.within(5, "run", least=0.5):
        seen = w.c.run(handle, "setsid sh -c '(sleep 0.6; echo late) &' & wait; echo first")
    expect.result(seen, 0, b"first\nlate\n")


@case
def a_job_that_closes_its_output_is_waited_for(w):
    handle = w.create()
    with expect.within(5, "run", least=0.4):
        expect.result(w.c.run(handle, "echo before; exec >&- 2>&-; sleep 0.5; exit 9"), 9, b"before\n")


@case
def a_shell_that_is_replaced_is_the_job(w):
    handle = w.create()
    expect.result(w.c.run(handle, "exec sh -c 'sleep 0.2; exit 11'"), 11)


@case
def a_missing_command_is_the_shells_127(w):
    seen = w.c.run(w.create(), "no-such-command")
    expect.equal(seen.exit_status, 127)
    expect.contains(seen.stderr, b"no-such-command")


@case
def the_end_of_a_job_has_info(w):
    handle = w.create()
    seen = w.c.run(handle, "true")
    info = w.c.info(handle)
    expect.equal((seen.info.state, seen.info.container_path), ("active", info.container_path))
    expect.equal(seen.info.job_ids, [])


@case
def two_containers_share_no_files(w):
    one, two = w.create(), w.create()
    w.run(one, "echo secret > file")
    expect.equal(w.c.run(two, "cat file").exit_status, 1)
    expect.equal(w.entries().count("tmp"), 1)


@case(long=True)
def a_thousand_runs_leave_nothing(w):
    handle = w.create()
    count = 1000 if not w.sanitized else 200
    for n in range(count):
        expect.result(w.c.run(handle, f"exit {n % 7}"), n % 7)
    expect.equal(w.c.info(handle).job_ids, [])


@case
def only_privileged_makes_a_job_root(w):
    handle = w.create()
    if w.linux:
        expect.equal(w.run(handle, "id -u", privileged=False), "10000\n")
        expect.equal(w.run(handle, "id -u", privileged=True), "0\n")
    else:
        expect.equal(w.run(handle, "id -u", privileged=True), f"{os.getuid()}\n")
