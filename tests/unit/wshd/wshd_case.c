/* SPDX-License-Identifier: Apache-2.0 */
/* A wshd for one case; see wshd_case.h. */
#include <config.h>

#include "tests/unit/wshd/wshd_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { LISTEN_FD = 3, PATIENCE_MS = 5000 };

static void __attribute__((noreturn)) wshd_case_die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void wshd_case_pause(long ms)
{
	struct timespec time = {.tv_nsec = ms * 1000000};

	nanosleep(&time, NULL);
}

static int wshd_case_make_directory(void)
{
	static unsigned number;
	char path[64];
	int parent, fd;

	snprintf(path, sizeof(path), "%u", number++);
	parent = open(unit_directory(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || mkdirat(parent, path, 0700) < 0)
		wshd_case_die("make a directory");
	fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(parent);
	if (fd < 0 || mkdirat(fd, "run", 0700) < 0 || mkdirat(fd, "root", 0755) < 0)
		wshd_case_die("make a container's directory");
	return fd;
}

static void wshd_case_execute(int dir_fd, int listen_fd)
{
	const struct wshd_start start = {
		.id = "case", .listen_fd = LISTEN_FD, .fake_dir = "root", .subreaper = true};
	struct wshd_arguments arguments;
	struct warden_error err;
	char *environment[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The runner's output must not stay open: its reader waits until all have closed it. */
	for (int fd = 0; fd < LISTEN_FD; fd++)
		if (dup2(null, fd) < 0)
			_exit(126);
	if (wshd_arguments_fill(&arguments, &start, &err) < 0 || setsid() < 0 ||
	    fchdir(dir_fd) < 0 || dup2(listen_fd, LISTEN_FD) < 0 ||
	    fcntl(LISTEN_FD, F_SETFD, 0) < 0) /* also if it has that number already */
		_exit(126);
	execve(WSHD, arguments.argv, environment);
	_exit(127);
}

/* Cases run one after the other. */
static struct wshd_queue *wshd_case_make_queue(int client)
{
	static struct wshd_queue queue;
	static int fd;

	fd = client;
	wshd_queue_init(&queue, &fd);
	return &queue;
}

struct wshd_case wshd_case_begin(void)
{
	struct wshd_case wshd = {.dir_fd = wshd_case_make_directory()};
	struct warden_error err = {0};
	int listen_fd = wshd_listen(wshd.dir_fd, &err);

	if (listen_fd < 0)
		wshd_case_die(err.message);
	fflush(NULL);
	wshd.pid = fork();
	if (wshd.pid == 0)
		wshd_case_execute(wshd.dir_fd, listen_fd);
	close(listen_fd);
	wshd.client = wshd_case_connect(&wshd);
	wshd.queue = wshd_case_make_queue(wshd.client);
	unit_integer(wshd_send_watch(wshd.client, &err), 0);
	return wshd;
}

int wshd_case_connect(const struct wshd_case *wshd)
{
	struct warden_error err;
	int fd = wshd_connect(wshd->dir_fd, &err);

	if (fd < 0)
		wshd_case_die(err.message);
	return fd;
}

int wshd_case_connect_silently(const struct wshd_case *wshd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" WSHD_SOCKET,
		 wshd->dir_fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		wshd_case_die("connect");
	return fd;
}

bool wshd_case_list(int client, struct warden_restored *restored)
{
	struct warden_error err;
	uint32_t features = 0;

	*restored = (struct warden_restored){.size = sizeof(*restored)};
	return unit_integer(wshd_list_request(client, restored, &err), 0) &&
	       unit_integer(wshd_list_receive(client, PATIENCE_MS, restored, &features, &err), 1);
}

void wshd_case_end(struct wshd_case *wshd)
{
	struct warden_error err;
	int status = -1;
	pid_t ended = 0;

	wshd_send_end(wshd->queue, &err); /* fails if the case has ended wshd */
	wshd_queue_free(wshd->queue);
	for (int i = 0; i < PATIENCE_MS / 5 && ended == 0; i++) {
		ended = waitpid(wshd->pid, &status, WNOHANG);
		if (ended == 0)
			wshd_case_pause(5);
	}
	if (!unit_integer(ended, wshd->pid)) {
		kill(wshd->pid, SIGKILL);
		waitpid(wshd->pid, NULL, 0);
	}
	close(wshd->client);
	close(wshd->dir_fd);
}

static int wshd_case_make_script(const char *text)
{
	int fd = memfd_create("script", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		wshd_case_die("write a script");
	return fd;
}

struct job_output wshd_case_spawn_as(const struct wshd_case *wshd, struct warden_spawn *spawn,
				     const char *script)
{
	int out[2], err_pipe[2];
	struct wshd_group none;
	struct warden_error err;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err_pipe, O_CLOEXEC) < 0)
		wshd_case_die("pipe");
	spawn->script_fd = script ? wshd_case_make_script(script) : -1;
	spawn->stdout_read_fd = out[0];
	spawn->stdout_write_fd = out[1];
	spawn->stderr_read_fd = err_pipe[0];
	spawn->stderr_write_fd = err_pipe[1];
	wshd_group_init(&none);
	unit_integer(wshd_send_spawn(wshd->queue, spawn, &none, 0, &err), 0);
	if (script)
		close(spawn->script_fd);
	close(out[1]);
	close(err_pipe[1]);
	return (struct job_output){out[0], err_pipe[0]};
}

void wshd_case_no_rlimits(struct warden_rlimit *rlimits)
{
	for (int i = 0; i < WARDEN_RLIMITS; i++)
		rlimits[i] = (struct warden_rlimit){WARDEN_RLIMIT_INFINITY, false};
}

struct warden_spawn wshd_case_job(uint32_t id)
{
	struct warden_spawn spawn = {
		.size = sizeof(spawn), .job_id = id, .stdin_read_fd = -1, .stdin_write_fd = -1};

	return spawn;
}

struct job_output wshd_case_spawn(const struct wshd_case *wshd, uint32_t id, const char *script)
{
	struct warden_spawn spawn = wshd_case_job(id);

	return wshd_case_spawn_as(wshd, &spawn, script);
}

const char *wshd_case_read(int fd)
{
	static char text[65536];
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(fd);
	return text;
}

struct wshd_event wshd_case_next_event(int client)
{
	struct pollfd poll_fd = {.fd = client, .events = POLLIN};
	struct wshd_event event = {0};
	struct warden_error err = {0};
	int got = 0;

	for (int i = 0; i < 2 && got == 0; i++) {
		got = wshd_receive(client, &event, &err);
		/* A message that is no event may come first. */
		for (int j = 0; got == 0 && j < 3; j++) {
			poll(&poll_fd, 1, PATIENCE_MS);
			got = wshd_receive(client, &event, &err);
		}
	}
	if (got == 1)
		return event;
	unit_fail(got == 0 ? "no event from wshd" : err.message);
	return (struct wshd_event){0};
}

struct warden_job_end wshd_case_job_end(const struct wshd_case *wshd, uint32_t id)
{
	struct wshd_event event = wshd_case_next_event(wshd->client);

	unit_integer(event.type, WSHD_ENDED);
	unit_unsigned(event.job_id, id);
	return event.end;
}

static bool wshd_case_line_has(const char *pid, const char *file, const char *text)
{
	char path[64], line[4096];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return false;
	line[got] = '\0';
	for (ssize_t i = 0; i < got; i++)
		if (line[i] == '\0')
			line[i] = ' ';
	return strstr(line, text) != NULL;
}

/* Whether a process works below this program's directory, as wshd and its descendants do: other
 * tests may run at the same time. */
static bool wshd_case_is_own_process(const char *pid)
{
	char path[64], directory[PATH_MAX], ours[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%.20s/cwd", pid);
	length = readlink(path, directory, sizeof(directory) - 1);
	if (length < 0 || !realpath(unit_directory(), ours))
		return false;
	directory[length] = '\0';
	return strncmp(directory, ours, strlen(ours)) == 0;
}

/* Each case looks for arguments that no other case uses. */
bool wshd_case_has_process(const struct wshd_case *wshd, const char *argument)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	(void)wshd;
	if (!proc)
		wshd_case_die("/proc");
	while (!found && (entry = readdir(proc)))
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			wshd_case_line_has(entry->d_name, "cmdline", argument) &&
			wshd_case_is_own_process(entry->d_name);
	closedir(proc);
	return found;
}

bool wshd_case_await_process(const struct wshd_case *wshd, const char *argument, bool expected)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		if (wshd_case_has_process(wshd, argument) == expected)
			return true;
		wshd_case_pause(10);
	}
	return false;
}
