/* SPDX-License-Identifier: Apache-2.0 */
/* A host, identities and child processes for tests; see linux_host.h. */
#include "tests/linux/linux_host.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* 10.254.0.0, the default. */
#define POOL_NETWORK 0x0afe0000u

#define CHILD_SECONDS 60

static const char *const nothing[] = {NULL};

struct warden_settings linux_settings = {
	.mtu = 1500,
	.user_namespace = true,
	.pool_networks = 16384,
	.connection_mark = 1u << 28,
	.max_connections = 1000,
	.depot_path = "/nonexistent",
	.allow_networks = nothing,
	.dns_servers = nothing,
};

int64_t linux_host_integer = 1280;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char logged[65536];
static size_t logged_length;

static void __attribute__((format(printf, 4, 5)))
linux_host_log(const struct warden_host *host, enum warden_log_level level, const char *id,
	       const char *format, ...)
{
	char line[2048];
	va_list args;

	(void)host;
	(void)level;
	(void)id;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	pthread_mutex_lock(&mutex);
	if (logged_length + strlen(line) + 2 < sizeof(logged))
		logged_length += (size_t)snprintf(logged + logged_length,
						  sizeof(logged) - logged_length, "%s\n", line);
	pthread_mutex_unlock(&mutex);
}

static int64_t linux_host_get_integer(const struct warden_host *host, const char *name)
{
	(void)host;
	(void)name;
	return linux_host_integer;
}

static const char *linux_host_get_string(const struct warden_host *host, const char *name)
{
	(void)host;
	(void)name;
	return "50%"; /* of memory bounds */
}

static void linux_host_wait(const struct warden_host *host, const char *id, const char *text)
{
	linux_host_log(host, WARDEN_LOG_WARN, id, "%s", text);
}

struct warden_host linux_host = {
	.size = sizeof(struct warden_host),
	.settings = &linux_settings,
	.log = linux_host_log,
	.option_integer = linux_host_get_integer,
	.option_string = linux_host_get_string,
	.waits_for = linux_host_wait,
};

bool linux_host_logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&mutex);
	found = strstr(logged, text);
	pthread_mutex_unlock(&mutex);
	return found;
}

void linux_host_forget(void)
{
	pthread_mutex_lock(&mutex);
	logged[0] = '\0';
	logged_length = 0;
	pthread_mutex_unlock(&mutex);
}

struct warden_identity linux_host_identity(unsigned number)
{
	static char ids[4096][12];
	uint32_t network = POOL_NETWORK + 4 * number;

	snprintf(ids[number], sizeof(ids[number]), "test%07u", number);
	return (struct warden_identity){
		.id = ids[number],
		.dir_fd = -1,
		.slot = number,
		.uid = 10000 + number,
		.network = {htonl(network)},
		.host_ip = {htonl(network + 1)},
		.container_ip = {htonl(network + 2)},
	};
}

void linux_host_require_root(void)
{
	if (geteuid() == 0)
		return;
	puts("skipped: needs root");
	exit(77);
}

/* Runs first in a child. */
static void linux_host_enter_child(int netns_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CHILD_SECONDS);
	if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) < 0)
		_exit(254);
}

int linux_host_run_in(int netns_fd, int (*run)(void *data), void *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		linux_host_enter_child(netns_fd);
		_exit(run(data));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

pid_t linux_host_start_in(int netns_fd, int (*run)(int ready_fd, void *data), void *data)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		linux_host_enter_child(netns_fd);
		_exit(run(ready[1], data));
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fprintf(stderr, "a child process of the test did not start\n");
	close(ready[0]);
	return pid;
}

void linux_host_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int64_t linux_host_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
