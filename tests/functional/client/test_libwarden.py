# SPDX-License-Identifier: Apache-2.0
"""libwarden as a program uses it: installed, found by pkg-config, linked."""

import os
import shutil
import subprocess
import time

from case import Skip, case
import expect
import installed

# Functions that libwarden 1.0 did not have.
ADDED = {
    "warden_client_cancel": "WARDEN_1.1",
    "warden_client_set_deadline": "WARDEN_1.1",
    "warden_client_wait_time": "WARDEN_1.1",
    "warden_client_is_interrupted": "WARDEN_1.2",
    "warden_client_reconnect": "WARDEN_1.2",
    "warden_client_set_reconnect": "WARDEN_1.2",
    "warden_client_set_resume": "WARDEN_1.2",
}


def _installed(w):
    """Installs headers and library below the case's directory; returns the environment of a build with them."""
    directory, environment = installed.headers(w, "libwarden")
    libraries = os.path.dirname(directory)
    library = f"{w.build.tree}/client/.libs/libwarden.so.1"
    for name in ("libwarden.so.1", "libwarden.so"):
        shutil.copyfile(library, f"{libraries}/{name}")
    return environment, libraries


def _built(w, name, source=None):
    """Builds an example by the command in its head, or another source; returns a function that runs it."""
    if w.sanitized:
        raise Skip("a program that links a library with sanitizers needs them, too")
    environment, libraries = _installed(w)
    if source is None:
        shutil.copyfile(f"{w.build.source}/contrib/c/{name}.c", f"{w.directory}/{name}.c")
    else:
        with open(f"{w.directory}/{name}.c", "w", encoding="utf-8") as file:
            file.write(source)
    command = f"cc -Wall -Wextra -Werror -o {name} {name}.c $(pkg-config --cflags --libs libwarden)"
    installed.shell(command, w.directory, **environment)
    return lambda *arguments: subprocess.run(
        [f"{w.directory}/{name}", *arguments],
        env={**w.program_environment(), "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        check=False,
        timeout=60,
    )


@case
def the_example_that_waits_works(w):
    run = _built(w, "run")
    seen = run("echo out; exit 3")
    expect.equal((seen.returncode, seen.stdout), (3, b"out\n"), seen.stderr)
    expect.eventually(lambda: not set(w.entries()) - {"tmp"}, "no container")


@case
def the_example_with_its_own_loop_works(w):
    run = _built(w, "many")
    seen = run("5", "echo out")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.equal(sorted(seen.stdout.decode().splitlines()), [f"{i}: status 0: out" for i in range(1, 6)])
    expect.equal(run("2", "exit 1").returncode, 1)
    expect.eventually(lambda: not set(w.entries()) - {"tmp"}, "no container")


# Links a job that runs for a minute: once until SIGALRM cancels the call, once until a deadline.
CANCEL = r"""
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <warden/client.h>

static struct warden_client *client;

static void on_alarm(int number)
{
	(void)number;
	warden_client_cancel(client);
}

static void on_answer(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	(void)data;
	printf("%d %d %s\n", id > 0 && !answer, last, warden_client_error(client));
}

int main(int argc, char **argv)
{
	struct warden_message *request = warden_message_new("link");
	struct warden_message *answer;
	uint64_t id;

	client = warden_client_new();
	if (argc != 2 || !client || !request || warden_client_connect(client, NULL) < 0)
		return 1;
	warden_message_set(request, "handle", "h");
	warden_message_set(request, "job_id", argv[1]);
	signal(SIGALRM, on_alarm);
	alarm(1);
	answer = warden_client_call(client, request);
	printf("%d %s\n", !answer, warden_client_error(client));
	/* A new connection: the answer to the first request does not come before the job's end. */
	if (warden_client_connect(client, NULL) < 0)
		return 1;
	id = warden_client_submit(client, request, on_answer, NULL);
	warden_client_set_deadline(client, id, 100);
	while (warden_client_pending(client) > 0) {
		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};

		if (poll(&wait, 1, warden_client_wait_time(client)) < 0 || warden_client_process(client) < 0)
			return 1;
	}
	warden_message_free(request);
	warden_client_free(client);
	return 0;
}
"""


@case
def a_call_is_cancelled_and_a_submitted_request_has_a_deadline(w):
    w.create(handle="h")
    job = w.c.spawn("h", "sleep 60")
    seen = _built(w, "cancel", CANCEL)(str(job))
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.equal(
        seen.stdout.decode().splitlines(),
        ["1 wait for the daemon's answer: cancelled", "1 1 link: no answer for 0.1 seconds"],
    )
    w.c.stop("h", kill=True)


# Streams a job of container h, then runs a script.
RESUME = r"""
#include <stdio.h>
#include <warden/client.h>

static int print(void *data, const char *name, const void *bytes, size_t length)
{
	(void)data;
	(void)name;
	return fwrite(bytes, 1, length, stdout) == length ? 0 : -1;
}

static int end(const struct warden_client *client, struct warden_message *answer)
{
	if (!answer)
		fprintf(stderr, "%s\n", warden_client_error(client));
	return answer ? (int)warden_message_number(answer, "exit_status", 0) : 1;
}

int main(int argc, char **argv)
{
	struct warden_client *client = warden_client_new();
	struct warden_message *stream = warden_message_new("stream"), *run = warden_message_new("run");
	struct warden_message *answer;

	if (argc != 3 || !client || !stream || !run || warden_client_connect(client, NULL) < 0)
		return 1;
	warden_message_set(stream, "handle", "h");
	warden_message_set(stream, "job_id", argv[1]);
	warden_message_set(run, "handle", "h");
	warden_message_set(run, "script", argv[2]);
	printf("status %d\n", end(client, warden_client_stream(client, stream, print, NULL)));
	answer = warden_client_call(client, run);
	printf("status %d\n", end(client, answer));
	if (answer)
		printf("%d %s", warden_message_number(answer, "job_id", 0) > 0,
		       warden_message_bytes(answer, "stdout", 0, NULL));
	return 0;
}
"""


@case(limit=90)
def a_stream_and_a_run_go_on_over_a_restart(w):
    program = _built(w, "resume", RESUME)
    w.create(handle="h", grace_time=-1)
    script = "for i in $(seq 1 400); do echo $i; [ $((i % 20)) = 0 ] && sleep 0.1; done; exit 9"
    thread = w.in_thread(program, str(w.c.spawn("h", script)), script)
    w.disconnect()
    for _ in range(4):
        time.sleep(0.9)
        w.daemon.restart()
    seen = thread.result(60)
    lines = "".join(f"{i}\n" for i in range(1, 401))
    expect.equal(seen.stdout.decode(), f"{lines}status 9\nstatus 9\n1 {lines}", seen.stderr)


# As RESUME without waiting, beside a client that receives events.
RESUME_SUBMITTED = r"""
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <warden/client.h>

static int subscribed, missed, ended;

static void on_output(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	size_t length = 0;
	const char *bytes = answer ? warden_message_bytes(answer, "data", 0, &length) : NULL;

	(void)id;
	if (!answer)
		printf("%s\n", warden_client_error(data));
	if (bytes)
		fwrite(bytes, 1, length, stdout);
	if (answer && last)
		printf("status %d\n", (int)warden_message_number(answer, "exit_status", 0));
	if (answer && last && warden_message_count(answer, "stdout") > 0)
		printf("%d %s", warden_message_number(answer, "job_id", 0) > 0,
		       warden_message_bytes(answer, "stdout", 0, NULL));
}

static void on_event(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	const char *kind = answer ? warden_message_choice(answer, "kind", 0) : "";

	(void)id;
	if (last)
		printf("%s\n", warden_client_error(data));
	subscribed += strcmp(kind, "SUBSCRIBED") == 0;
	missed += strcmp(kind, "MISSED") == 0;
	ended += strcmp(kind, "JOB_ENDED") == 0 && warden_message_number(answer, "exit_status", 0) == 9;
}

int main(int argc, char **argv)
{
	struct warden_client *client = warden_client_new(), *other = warden_client_new();
	struct warden_message *stream = warden_message_new("stream"), *run = warden_message_new("run");
	struct warden_message *events = warden_message_new("events");

	if (argc != 3 || !client || !other || !stream || !run || !events ||
	    warden_client_connect(client, NULL) < 0 || warden_client_connect(other, NULL) < 0)
		return 1;
	warden_message_set(stream, "handle", "h");
	warden_message_set(stream, "job_id", argv[1]);
	warden_message_set(run, "handle", "h");
	warden_message_set(run, "script", argv[2]);
	warden_client_set_resume(client, true);
	warden_client_set_resume(other, true);
	warden_client_submit(client, stream, on_output, client);
	warden_client_submit(client, run, on_output, client);
	warden_client_submit(other, events, on_event, other);
	while (warden_client_pending(client) > 0 || ended < 2) {
		struct pollfd wait[] = {
			{warden_client_fd(client), warden_client_events(client), 0},
			{warden_client_fd(other), warden_client_events(other), 0},
		};
		int first = warden_client_wait_time(client), second = warden_client_wait_time(other);

		if (poll(wait, 2, first < 0 || (second >= 0 && second < first) ? second : first) < 0 ||
		    (warden_client_pending(client) > 0 && warden_client_process(client) < 0) ||
		    warden_client_process(other) < 0)
			return 1;
	}
	printf("%d %d %d\n", subscribed, missed > 0, ended);
	return 0;
}
"""


@case(limit=90)
def submitted_requests_go_on_over_a_restart(w):
    program = _built(w, "submitted", RESUME_SUBMITTED)
    w.create(handle="h", grace_time=-1)
    script = "for i in $(seq 1 400); do echo $i; [ $((i % 20)) = 0 ] && sleep 0.1; done; exit 9"
    thread = w.in_thread(program, str(w.c.spawn("h", script)), script)
    w.disconnect()
    for _ in range(4):
        time.sleep(0.9)
        w.daemon.restart()
    seen = thread.result(60)
    lines = "".join(f"{i}\n" for i in range(1, 401))
    expect.equal(seen.stdout.decode(), f"{lines}status 9\nstatus 9\n1 {lines}1 1 2\n", seen.stderr)


@case(backend="fake", daemon=False)
def it_exports_only_its_own_names(w):
    library = f"{w.build.tree}/client/.libs/libwarden.so.1"
    names = installed.shell(f"nm -D --defined-only {library}", w.directory).split()[2::3]
    versions = {name for name in names if name.startswith("WARDEN_")}
    expect.equal(versions, {"WARDEN_1", "WARDEN_1.1", "WARDEN_1.2"})
    with open(f"{w.build.source}/include/warden/client.h", encoding="utf-8") as file:
        header = file.read()
    for symbol in set(names) - versions:
        name, version = symbol.split("@@")
        expect.true(f"{name}(" in header, "declared in client.h", name)
        expect.equal(version, ADDED.get(name, "WARDEN_1"), name)
