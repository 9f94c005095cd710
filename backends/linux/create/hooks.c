/* SPDX-License-Identifier: Apache-2.0 */
/* Runs hooks; see hooks.h. A hook is started by posix_spawn, which neither copies the daemon's
 * memory nor runs fork handlers of its libraries. It inherits no descriptors of the daemon. */
#include "backends/linux/create/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"

enum {
	HOOK_MS = 10000,    /* time limit of a hook */
	CONFIG_MAX = 8192,  /* the core writes no larger etc/config */
	VARIABLES_MAX = 64, /* more than etc/config has lines */
	OUTPUT_MAX = 640,   /* bytes kept of a hook's output */
};

static const char *const names[] = {
	[HOOK_PARENT_BEFORE_CLONE] = "parent_before_clone",
	[HOOK_PARENT_AFTER_CLONE] = "parent_after_clone",
	[HOOK_CHILD_BEFORE_PIVOT] = "child_before_pivot",
	[HOOK_CHILD_AFTER_PIVOT] = "child_after_pivot",
};

static const char *hooks_program(const struct warden_settings *settings, enum hook hook)
{
	switch (hook) {
	case HOOK_PARENT_BEFORE_CLONE:
		return settings->hooks->parent_before_clone;
	case HOOK_PARENT_AFTER_CLONE:
		return settings->hooks->parent_after_clone;
	case HOOK_CHILD_BEFORE_PIVOT:
		return settings->hooks->child_before_pivot;
	case HOOK_CHILD_AFTER_PIVOT:
		return settings->hooks->child_after_pivot;
	}
	return NULL;
}

bool hooks_has(const struct warden_settings *settings, enum hook hook)
{
	return hooks_program(settings, hook) != NULL;
}

bool hooks_any(const struct warden_settings *settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (hooks_has(settings, (enum hook)i))
			return true;
	return false;
}

/* The environment of a hook; owns the texts of its variables. */
struct hook_environment {
	char config[CONFIG_MAX], path[PATH_MAX + 32], pid[32];
	char *variables[VARIABLES_MAX + 1];
	size_t n;
};

static void hooks_add_variable(struct hook_environment *environment, char *variable)
{
	if (environment->n < VARIABLES_MAX)
		environment->variables[environment->n++] = variable;
}

/* The lines of etc/config are variables, NAME=VALUE. */
static int hooks_add_config(struct hook_environment *environment, int dir_fd,
			    struct warden_error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, "etc/config", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, environment->config, CONFIG_MAX);
	char *rest = NULL, *line;

	if (length < 0)
		return warden_error_errno(err, "read etc/config");
	if (length == CONFIG_MAX)
		return warden_error_set(err, "etc/config is longer than %d bytes", CONFIG_MAX - 1);
	environment->config[length] = '\0';
	for (line = strtok_r(environment->config, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		hooks_add_variable(environment, line);
	return 0;
}

static int hooks_make_environment(struct hook_environment *environment,
				  const struct warden_identity *identity, pid_t pid,
				  struct warden_error *err)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	environment->n = 0;
	hooks_add_variable(environment, path);
	snprintf(environment->path, sizeof(environment->path), "container_path=%s", identity->path);
	hooks_add_variable(environment, environment->path);
	snprintf(environment->pid, sizeof(environment->pid), "PID=%d", pid);
	if (pid > 0)
		hooks_add_variable(environment, environment->pid);
	if (hooks_add_config(environment, identity->dir_fd, err) < 0)
		return -1;
	environment->variables[environment->n] = NULL;
	return 0;
}

/* The hook leads its own session, so that the whole group can be killed; no signal is blocked or
 * ignored. Returns 0 or an errno, as hooks_set_files does. */
static int hooks_set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int number;

	sigemptyset(&none);
	sigfillset(&all);
	number = posix_spawnattr_setsigmask(attributes, &none);
	if (number == 0)
		number = posix_spawnattr_setsigdefault(attributes, &all);
	if (number != 0)
		return number;
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
}

static int hooks_set_files(posix_spawn_file_actions_t *files, int stderr_fd)
{
	int result = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (result == 0)
		result = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
	if (result == 0)
		result = posix_spawn_file_actions_adddup2(files, stderr_fd, 2);
	if (result == 0)
		result = posix_spawn_file_actions_addchdir_np(files, "/");
	return result;
}

/* Returns the pid, or -1 with errno. */
static pid_t hooks_spawn(const char *program, char **variables, int stderr_fd)
{
	char *arguments[] = {(char *)program, NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t files;
	pid_t pid = -1;
	int number;

	/* These cannot fail in any Linux C library. */
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_init(&files);
	number = hooks_set_attributes(&attributes);
	if (number == 0)
		number = hooks_set_files(&files, stderr_fd);
	if (number == 0)
		number = posix_spawn(&pid, program, &files, &attributes, arguments, variables);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	errno = number;
	return number == 0 ? pid : -1;
}

/* The beginning of what a hook writes to its standard error. */
struct hook_output {
	char text[OUTPUT_MAX + 1];
	size_t length;
};

/* Reads once and discards what exceeds the buffer. Returns false at end of file or on an error. */
static bool hooks_read_output(struct hook_output *output, int fd)
{
	char rest[4096];
	bool full = output->length == OUTPUT_MAX;
	ssize_t got = read(fd, full ? rest : output->text + output->length,
			   full ? sizeof(rest) : OUTPUT_MAX - output->length);

	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	if (!full)
		output->length += (size_t)got;
	return true;
}

/* Turns the output into one line without control characters. */
static const char *hooks_output_line(struct hook_output *output)
{
	while (output->length > 0 && (unsigned char)output->text[output->length - 1] <= ' ')
		output->length--;
	for (size_t i = 0; i < output->length; i++)
		if ((unsigned char)output->text[i] < ' ' || (unsigned char)output->text[i] > '~')
			output->text[i] = output->text[i] == '\n' ? ' ' : '?';
	output->text[output->length] = '\0';
	return output->text;
}

static int64_t hooks_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the exit of the process itself, as its background children may keep the pipe open.
 * Returns 0, or -1 if it exceeds the time limit. */
static int hooks_await_end(int pidfd, int pipe_fd, struct hook_output *output)
{
	int64_t end = hooks_now_ms() + HOOK_MS;
	bool open = true;

	for (;;) {
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
				       {.fd = open ? pipe_fd : -1, .events = POLLIN}};
		int64_t left = end - hooks_now_ms();

		if (left <= 0)
			return -1;
		if (poll(fds, ARRAY_SIZE(fds), (int)left) < 0 && errno != EINTR)
			return -1;
		if (fds[1].revents)
			open = hooks_read_output(output, pipe_fd);
		if (fds[0].revents)
			break;
	}
	for (int i = 0; i < 64 && output->length < OUTPUT_MAX && open; i++) {
		size_t before = output->length;

		open = hooks_read_output(output, pipe_fd);
		if (output->length == before)
			break;
	}
	return 0;
}

static int hooks_check_status(const char *what, int status, struct hook_output *output,
			      struct warden_error *err)
{
	const char *line = hooks_output_line(output), *colon = *line ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return warden_error_set(err, "%s exited with status %d%s%s", what,
					WEXITSTATUS(status), colon, line);
	return warden_error_set(err, "%s was ended by signal %d%s%s", what, WTERMSIG(status), colon,
				line);
}

/* Waits for the exit and checks the status. */
static int hooks_reap(const char *what, pid_t pid, int pipe_fd, struct warden_error *err)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct hook_output output = {.length = 0};
	int status = 0;
	bool late = pidfd < 0 || hooks_await_end(pidfd, pipe_fd, &output) < 0;

	if (late) /* the group of the hook: not waited for yet, so its id is still valid */
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (late) {
		const char *line = hooks_output_line(&output);

		return warden_error_set(err, "%s took more than %d s%s%s", what, HOOK_MS / 1000,
					*line ? ": " : "", line);
	}
	return hooks_check_status(what, status, &output, err);
}

int hooks_run(const struct warden_host *host, enum hook hook,
	      const struct warden_identity *identity, pid_t pid, struct warden_error *err)
{
	const char *program = hooks_program(host->settings, hook);
	_cleanup_close_ int near = -1, far = -1;
	struct hook_environment environment;
	char what[320];
	int ends[2];
	pid_t child;

	if (!program)
		return 0;
	snprintf(what, sizeof(what), "hook %s (%.256s)", names[hook], program);
	if (hooks_make_environment(&environment, identity, pid, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return warden_error_errno(err, "make a pipe for %s", what);
	near = ends[0];
	far = ends[1];
	if (fcntl(near, F_SETFL, O_NONBLOCK) < 0)
		return warden_error_errno(err, "set up a pipe for %s", what);
	child = hooks_spawn(program, environment.variables, far);
	if (child < 0)
		return warden_error_errno(err, "start %s", what);
	close(take_fd(&far));
	return hooks_reap(what, child, near, err);
}
