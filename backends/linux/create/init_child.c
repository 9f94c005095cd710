/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process before it executes wshd; see init.h. It has all capabilities in its
 * user namespace, shares the set-up child's mount namespace until it makes its own, and exits when
 * the set-up child does. */
#include "backends/linux/create/init.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/linux/create/nested.h"
#include "backends/linux/host/oom_score.h"
#include "backends/linux/seccomp/seccomp.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"

/* Descriptor of wshd's socket: the first after the standard descriptors. */
#define LISTEN_FD (STDERR_FILENO + 1)
#define SCORE_FD  (LISTEN_FD + 1) /* that of its oom_score_adj */

/* Inherited by all jobs: containers must leave the host usable. */
#define INIT_NICE 10

/* Bytes of messages in a queue (the kernel's msgmnb), and the most queues. */
#define QUEUE_BYTES 16384
#define QUEUES      4096

/* A few MiB of semaphores (SEMMSL, SEMMNS, SEMOPM, SEMMNI). */
#define SEMAPHORES "32000 65536 500 4096"

void init_child_fail(int socket, const struct warden_error *err)
{
	struct init_message message = {.event = INIT_FAILED, .error = *err};

	fd_message_send(socket, &message, sizeof(message), NULL, 0); /* no other way to report */
	_exit(1);
}

static int init_child_write_sysctl(int proc, const char *path, const char *text,
				   struct warden_error *err)
{
	_cleanup_close_ int fd = openat(proc, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return warden_error_errno(err, "write %s to the container's %s", text, path);
	return 0;
}

/* Bounds what outlives the processes that made it: killing them frees none of it. */
static void init_child_bound_ipc(const struct setup *setup, int proc)
{
	uint64_t bytes = setup->backend->shm_bytes, most = bytes / 2 / QUEUE_BYTES;
	struct warden_error refused;
	char pages[24], queues[24];

	snprintf(pages, sizeof(pages), "%" PRIu64, bytes / 4096);
	snprintf(queues, sizeof(queues), "%" PRIu64, most < QUEUES ? most : QUEUES);
	/* Before Linux 5.19 root of a user namespace may not; then the bound of memory holds. */
	(void)init_child_write_sysctl(proc, "sys/kernel/shmall", pages, &refused);
	(void)init_child_write_sysctl(proc, "sys/kernel/msgmni", queues, &refused);
	(void)init_child_write_sysctl(proc, "sys/kernel/sem", SEMAPHORES, &refused);
}

/* Forbids user namespaces in the container: a process in a new one has all capabilities, whatever
 * the bounding set. */
static int init_child_write_sysctls(const struct setup *setup, int proc, struct warden_error *err)
{
	init_child_bound_ipc(setup, proc);
	return init_child_write_sysctl(proc, "sys/user/max_user_namespaces", "0", err);
}

/* Serves the set-up child's messages until INIT_EXECUTE, and returns its descriptor. */
static int init_child_await_execute(const struct setup *setup)
{
	struct init_message message;
	struct warden_error err;
	int socket = setup->init_far_fd;

	for (;;) {
		int fd = -1;

		if (fd_message_receive(socket, &message, sizeof(message), &fd, 1) !=
		    sizeof(message))
			_exit(1); /* the set-up child has exited */
		if (message.event == INIT_EXECUTE)
			return fd;
		_cleanup_close_ int proc = fd;

		if (init_child_write_sysctls(setup, proc, &err) < 0)
			init_child_fail(socket, &err);
		message.event = INIT_PREPARED;
		if (fd_message_send(socket, &message, sizeof(message), NULL, 0) < 0)
			_exit(1);
	}
}

/* The new mount namespace belongs to the container's user namespace, so all its mounts are locked.
 * The working directory becomes the container's root; it no longer refers to the host. */
static int init_child_leave_host(const struct setup *setup, struct warden_error *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP) < 0)
		return warden_error_errno(err, "make the container's mount and cgroup namespaces");
	if (chdir("/") < 0)
		return warden_error_errno(err, "change to the container's root");
	if (sethostname(setup->parameters.hostname, strlen(setup->parameters.hostname)) < 0)
		return warden_error_errno(err, "set the host name");
	if (setsid() < 0)
		return warden_error_errno(err, "make a session");
	return 0;
}

/* The daemon's session keyring is inherited: its keys would be readable inside, and shared by all
 * containers. */
static int init_child_leave_session_keyring(struct warden_error *err)
{
	/* EPERM: a filter refuses the call to the daemon, and so to the container. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
	    errno != EPERM)
		return warden_error_errno(err, "make a session keyring");
	return 0;
}

/* All are blocked from before exec on: a stop that is as early must not lose WSHD_STOP_MARK, which
 * process 1 would discard. */
static void init_child_set_signals(void)
{
	sigset_t all;

	/* Ignored signals would stay ignored after exec. SIGKILL and SIGSTOP cannot be set and need
	 * not be. */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Duplicates `fd` close-on-exec, above the descriptors that wshd expects. */
static int init_child_move_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, SCORE_FD + 1);
}

/* Sets up the descriptors of wshd: /dev/null of the container as standard descriptors, wshd's
 * socket and `score`; all others are closed by exec. Sets `program` and `socket` to duplicates
 * outside that range. */
static int init_child_arrange_fds(const struct setup *setup, int score, int *program, int *socket,
				  struct warden_error *err)
{
	int listening = init_child_move_fd(setup->listen_fd), own = init_child_move_fd(score);
	int null = open("/dev/null", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	*program = init_child_move_fd(setup->backend->program_fd);
	*socket = init_child_move_fd(setup->init_far_fd);
	if (null < 0 || listening < 0 || own < 0 || *program < 0 || *socket < 0)
		return warden_error_errno(err, "open the descriptors for wshd");
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return warden_error_errno(err, "set up standard descriptor %d", fd);
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return warden_error_errno(err, "set close-on-exec on descriptors");
	if (dup2(listening, LISTEN_FD) < 0 || dup2(own, SCORE_FD) < 0)
		return warden_error_errno(err, "set up the descriptors of wshd");
	return 0;
}

void init_child_run(const struct setup *setup)
{
	const struct wshd_start start = {
		.id = setup->parameters.id,
		.listen_fd = LISTEN_FD,
		.score_fd = SCORE_FD,
		.job_score = oom_score_of_jobs(setup->backend->oom_score),
		.uid = setup->parameters.uid,
		.bounding = setup->backend->capabilities |
			    (setup->parameters.nested ? nested_capabilities() : 0),
		.no_new_privs = setup->parameters.no_new_privs,
		.nice = INIT_NICE,
		.lang = setup->backend->lang,
	};
	struct wshd_arguments arguments;
	char *environment[] = {NULL};
	int program, score, socket = setup->init_far_fd;
	struct warden_error err;

	score = init_child_await_execute(setup);
	init_child_set_signals();
	if (init_child_leave_host(setup, &err) < 0 || init_child_leave_session_keyring(&err) < 0 ||
	    init_child_arrange_fds(setup, score, &program, &socket, &err) < 0 ||
	    wshd_arguments_fill(&arguments, &start, &err) < 0)
		init_child_fail(socket, &err);
	/* Last, as all before it may need more than wshd may. */
	if (seccomp_load_wshd(setup->backend->seccomp, &err) < 0)
		init_child_fail(socket, &err);
	fexecve(program, arguments.argv, environment);
	warden_error_errno(&err, "execute wshd");
	init_child_fail(socket, &err);
}
