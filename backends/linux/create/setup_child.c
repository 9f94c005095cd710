/* SPDX-License-Identifier: Apache-2.0 */
/* The set-up child: a process that the spawner forks for one container. It makes the container's
 * namespaces, mounts and files and starts its first process. Its messages are in setup.h. */
#include "backends/linux/create/setup.h"

#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/linux/create/hooks.h"
#include "backends/linux/create/init.h"
#include "backends/linux/create/nested.h"
#include "backends/linux/host/oom_score.h"
#include "backends/linux/root/accounts.h"
#include "backends/linux/root/bind_mount.h"
#include "backends/linux/root/dev.h"
#include "backends/linux/root/layers.h"
#include "backends/linux/root/root_files.h"
#include "backends/linux/root/root_mounts.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/trace.h"

void setup_note(struct setup *setup, const struct warden_error *note)
{
	struct setup_reply reply = {.event = SETUP_NOTE, .error = *note};

	/* If the worker is gone the next wait for its reply fails. */
	fd_message_send(setup->socket, &reply, sizeof(reply), NULL, 0);
}

void setup_progress(void *data)
{
	const struct setup_reply reply = {.event = SETUP_PROGRESS};
	struct setup *setup = data;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	if (now.tv_sec == setup->told)
		return;
	setup->told = now.tv_sec;
	/* If the worker is gone the next wait for its reply fails. */
	fd_message_send(setup->socket, &reply, sizeof(reply), NULL, 0);
}

/* The worker kills a set-up that hangs by this pidfd. */
static int setup_child_report_begin(struct setup *setup, struct warden_error *err)
{
	const struct setup_reply reply = {.event = SETUP_BEGUN};
	_cleanup_close_ int pidfd = pidfd_open(getpid(), 0);

	if (pidfd < 0)
		return warden_error_errno(err, "open the set-up child");
	if (fd_message_send(setup->socket, &reply, sizeof(reply), &pidfd, 1) < 0)
		return warden_error_errno(err, "report the set-up child");
	return 0;
}

/* False and errno. */
static bool setup_child_receive(const struct setup *setup, void *data, size_t size)
{
	ssize_t got = fd_message_receive(setup->socket, data, size, NULL, 0);

	if (got >= 0 && (size_t)got != size)
		errno = got == 0 ? ECONNRESET : EPROTO; /* the worker has ended, or sent less */
	return got >= 0 && (size_t)got == size;
}

static int setup_child_receive_layers(struct setup *setup, struct warden_error *err)
{
	size_t n = setup->parameters.n_layers;

	setup->layers = calloc(n + 1, sizeof(*setup->layers));
	if (!setup->layers)
		return warden_error_errno(err, "allocate %zu layers", n);
	for (size_t i = 0; i < n; i++)
		if (!setup_child_receive(setup, &setup->layers[i], sizeof(setup->layers[i])))
			return warden_error_errno(err, "receive layer %zu", i);
	return 0;
}

static int setup_child_receive_text(struct setup *setup, size_t length, char **text,
				    struct warden_error *err)
{
	if (length == 0)
		return 0;
	*text = calloc(1, length + 1);
	if (!*text || !setup_child_receive(setup, *text, length))
		return warden_error_errno(err, "receive a text of %zu bytes", length);
	return 0;
}

static int setup_child_receive_binds(struct setup *setup, struct warden_error *err)
{
	size_t n = setup->parameters.n_binds;

	setup->binds = calloc(n + 1, sizeof(*setup->binds));
	setup->bind_sources = calloc(n + 1, sizeof(*setup->bind_sources));
	if (!setup->binds || !setup->bind_sources)
		return warden_error_errno(err, "allocate %zu bind mounts", n);
	for (size_t i = 0; i < n; i++)
		if (!setup_child_receive(setup, &setup->binds[i], sizeof(setup->binds[i])))
			return warden_error_errno(err, "receive bind mount %zu", i);
	return 0;
}

static int setup_child_receive_request(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;

	if (!setup_child_receive(setup, &setup->parameters, sizeof(setup->parameters)))
		return warden_error_errno(err, "receive the request for a set-up");
	if (setup_child_receive_layers(setup, err) < 0 ||
	    setup_child_receive_text(setup, p->hosts_length, &setup->hosts, err) < 0 ||
	    setup_child_receive_text(setup, p->resolv_length, &setup->resolv, err) < 0 ||
	    setup_child_receive_text(setup, p->working_dir_length, &setup->working_dir, err) < 0)
		return -1;
	return setup_child_receive_binds(setup, err);
}

/* The socket is in the container's directory, which only root of the host can reach. A socket
 * inside the container could not tell host root from container root. */
static int setup_child_listen(struct setup *setup, struct warden_error *err)
{
	umask(0177);
	setup->listen_fd = wshd_listen(setup->directory_fd, err);
	umask(0); /* other files get exactly the requested mode */
	return setup->listen_fd < 0 ? -1 : 0;
}

static int setup_child_report_init(struct setup *setup, struct warden_error *err)
{
	const struct setup_reply reply = {.event = SETUP_STARTED, .pid = setup->init_pid};
	int fds[STARTED_FDS];

	fds[STARTED_PIDFD] = setup->init_pidfd;
	fds[STARTED_NETNS] = setup->netns_fd;
	fds[STARTED_RTNL] = setup->rtnl_fd;
	if (fd_message_send(setup->socket, &reply, sizeof(reply), fds, STARTED_FDS) < 0)
		return warden_error_errno(err, "report the first process");
	return 0;
}

/* Asks the worker to run the hook on the host, and waits for its `go`. */
static int setup_child_run_hook(struct setup *setup, enum hook hook, struct warden_error *err)
{
	const struct setup_reply reply = {.event = SETUP_HOOK, .hook = (int)hook};
	char go;

	if (!hooks_has(setup->backend->host->settings, hook))
		return 0;
	if (fd_message_send(setup->socket, &reply, sizeof(reply), NULL, 0) < 0 ||
	    !setup_child_receive(setup, &go, sizeof(go)))
		return warden_error_errno(err, "wait for a hook");
	return 0;
}

static int setup_child_run_hook_before_pivot(struct setup *setup, struct warden_error *err)
{
	return setup_child_run_hook(setup, HOOK_CHILD_BEFORE_PIVOT, err);
}

static int setup_child_run_hook_after_pivot(struct setup *setup, struct warden_error *err)
{
	return setup_child_run_hook(setup, HOOK_CHILD_AFTER_PIVOT, err);
}

/* Waits until the worker has made cgroups and links and recorded the pid of the first process. */
static int setup_child_await_worker(struct setup *setup, struct warden_error *err)
{
	const struct setup_reply reply = {.event = SETUP_READY};
	int fds[READY_FDS];
	char go;

	fds[READY_ROOT] = setup->root_fd;
	fds[READY_UTS] = setup->uts_fd;
	if (fd_message_send(setup->socket, &reply, sizeof(reply), fds,
			    setup->parameters.prepares ? READY_FDS : 0) < 0 ||
	    !setup_child_receive(setup, &go, sizeof(go)))
		return warden_error_errno(err, "wait for the worker");
	return 0;
}

/* The first process inherits it, and later all of the container. */
static int setup_child_set_oom_score(struct setup *setup, struct warden_error *err)
{
	return oom_score_set(setup->backend->oom_score, err);
}

/* The steps of a set-up, in order. They need no undo: the exit of the set-up child ends the first
 * process and with it all namespaces. The worker removes files. */
static const struct setup_step {
	const char *name; /* in a trace */
	int (*run)(struct setup *setup, struct warden_error *err);
} steps[] = {
	{"report_begin", setup_child_report_begin},
	{"receive_request", setup_child_receive_request},
	{"root_mounts_private", root_mounts_private},
	{"listen", setup_child_listen},
	{"set_oom_score", setup_child_set_oom_score},
	{"init_start", init_start},
	{"proc_mounts_make", proc_mounts_make},
	{"init_configure_network", init_configure_network},
	{"report_init", setup_child_report_init},
	{"layers_open", layers_open},
	{"bind_mount_open_sources", bind_mount_open_sources},
	{"accounts_find", accounts_find},
	{"root_mounts_make", root_mounts_make},
	{"accounts_write", accounts_write},
	{"root_files_write", root_files_write},
	{"bind_mount_attach", bind_mount_attach},
	{"nested_attach", nested_attach},
	{"root_files_make_working_dir", root_files_make_working_dir},
	{"dev_make", dev_make},
	{"init_prepare", init_prepare},
	{"proc_mounts_attach", proc_mounts_attach},
	{"dev_attach_parts", dev_attach_parts},
	{"run_hook_before_pivot", setup_child_run_hook_before_pivot},
	{"root_mounts_pivot", root_mounts_pivot},
	{"run_hook_after_pivot", setup_child_run_hook_after_pivot},
	{"await_worker", setup_child_await_worker},
	{"init_execute", init_execute},
};

static void setup_child_report_trace(struct setup *setup, struct trace *trace)
{
	struct setup_reply reply = {.event = SETUP_TRACE};

	warden_error_set(&reply.error, "%s", trace_text(trace));
	/* If the worker is gone nobody asks for it. */
	fd_message_send(setup->socket, &reply, sizeof(reply), NULL, 0);
}

void setup_child_run(const struct linux_backend *backend, int socket, int directory_fd,
		     int cgroup_fd)
{
	static struct setup setup;
	struct setup_reply reply = {.event = SETUP_DONE};
	struct trace *trace = trace_new(backend->host->settings->trace);

	setup = (struct setup){
		.backend = backend,
		.socket = socket,
		.directory_fd = directory_fd,
		.cgroup_fd = cgroup_fd,
		.namespace_fd = -1,
		.uts_fd = -1,
	};
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int result = steps[i].run(&setup, &reply.error);

		trace_step(trace, "set-up", steps[i].name, setup.parameters.id);
		if (result < 0) {
			reply.event = SETUP_FAILED;
			break;
		}
		setup_progress(&setup);
	}
	if (trace)
		setup_child_report_trace(&setup, trace);
	fd_message_send(socket, &reply, sizeof(reply), NULL, 0); /* no other way to report */
	_exit(reply.event != SETUP_DONE);
}
