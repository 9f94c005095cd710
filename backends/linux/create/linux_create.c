/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a container: the worker's list of steps, each with its undo. The set-up child runs its
 * own list meanwhile, in setup_child.c. */
#include "backends/linux/linux_operations.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/hooks.h"
#include "backends/linux/create/setup_worker.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/net.h"
#include "backends/linux/root/union.h"
#include "backends/linux/run/container_processes.h"
#include "backends/linux/run/linux_container.h"
#include "backends/linux/seccomp/seccomp.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/pid_record.h"
#include "lib/trace.h"

/* Enough for a set-up and its messages. */
#define THREAD_STACK ((size_t)512 * 1024)

struct linux_creation {
	struct linux_backend *backend;
	const struct warden_create *request;
	struct linux_container *container;
	struct setup_worker start;
	bool left; /* something could not be undone: the container must be destroyed */
};

/* How long an undo waits for what it ends, in milliseconds. */
enum { UNDO_MS = 5000 };

static int linux_create_find_profile(struct linux_creation *creation, struct warden_error *err)
{
	creation->container->profile =
		seccomp_find(creation->backend->seccomp, creation->request->identity->seccomp, err);
	return creation->container->profile ? 0 : -1;
}

/* Runs before anything is made. */
static int linux_create_run_first_hook(struct linux_creation *creation, struct warden_error *err)
{
	return hooks_run(creation->backend->host, HOOK_PARENT_BEFORE_CLONE,
			 creation->request->identity, 0, err);
}

/* Runs before files are made: if the limits of a previous container allow no files, overlay cannot
 * make its work directory and mounts read-only. */
static int linux_create_reset_quota(struct linux_creation *creation, struct warden_error *err)
{
	return disk_quota_reset(&creation->backend->quota, creation->request->identity, err);
}

static int linux_create_make_cgroup(struct linux_creation *creation, struct warden_error *err)
{
	return cgroup_make(creation->backend->cgroups, creation->container->id,
			   &creation->container->cgroup, err);
}

/* Dying processes leave the cgroup by themselves. */
static void linux_create_undo_cgroup(struct linux_creation *creation)
{
	const struct warden_host *host = creation->backend->host;
	struct warden_error err;

	if (!creation->container->cgroup)
		return;
	for (int tries = 0; tries < 100; tries++) {
		if (cgroup_remove(creation->container->cgroup, &err) == 0)
			return;
		if (err.number != EBUSY)
			break;
		container_processes_kill_all(creation->container);
		poll(NULL, 0, 10);
	}
	host->log(host, WARDEN_LOG_WARN, creation->container->id, "%s; will be retried",
		  err.message);
	creation->left = true;
}

static int linux_create_begin_setup(struct linux_creation *creation, struct warden_error *err)
{
	return setup_worker_begin(&creation->start, creation->container, creation->request, err);
}

static void linux_create_undo_setup(struct linux_creation *creation)
{
	creation->left |= !setup_worker_abandon(&creation->start);
}

/* Made here while the set-up child works. */
static int linux_create_link_command(struct linux_creation *creation, struct warden_error *err)
{
	const struct warden_host *host = creation->backend->host;

	return wshd_link_command(creation->request->identity->dir_fd,
				 host->option_string(host, "wshd"), err);
}

static int linux_create_await_init(struct linux_creation *creation, struct warden_error *err)
{
	if (setup_worker_await_init(&creation->start, creation->container, err) < 0)
		return -1;
	return cgroup_attach(creation->container->cgroup, creation->container->init_pid, err);
}

/* The exit of the first process ends all processes of its pid namespace. */
static void linux_create_undo_init(struct linux_creation *creation)
{
	struct pollfd ended = {.fd = creation->container->init_pidfd, .events = POLLIN};

	if (ended.fd < 0)
		return;
	pidfd_send_signal(ended.fd, SIGKILL, NULL, 0); /* ESRCH: it has exited */
	if (poll(&ended, 1, UNDO_MS) <= 0)
		creation->left = true;
}

static int linux_create_make_network(struct linux_creation *creation, struct warden_error *err)
{
	return net_make(creation->backend->net, creation->request->identity,
			creation->start.netns_fd, creation->start.rtnl_fd, err);
}

/* The one that removes the network and the one that waits for it each close an end. */
static void linux_create_on_net_removed(void *data)
{
	close((int)(intptr_t)data);
}

/* Waits until the network is removed: the core reuses the id and the addresses as soon as create
 * returns. */
static void linux_create_undo_network(struct linux_creation *creation)
{
	const struct warden_host *host = creation->backend->host;
	struct warden_error err;
	struct pollfd removed = {.events = POLLIN};
	int ends[2];

	/* The set-up child holds the network namespace. */
	creation->left |= !setup_worker_abandon(&creation->start);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		creation->left = true;
		return;
	}
	removed.fd = ends[0];
	if (net_remove(creation->backend->net, creation->request->identity,
		       linux_create_on_net_removed, (void *)(intptr_t)ends[1], &err) < 0) {
		host->log(host, WARDEN_LOG_WARN, creation->container->id, "%s; will be retried",
			  err.message);
		close(ends[1]);
		creation->left = true;
	} else if (poll(&removed, 1, UNDO_MS) <= 0) {
		creation->left = true;
	}
	close(ends[0]);
}

static int linux_create_add_firewall(struct linux_creation *creation, struct warden_error *err)
{
	return firewall_add(creation->backend->firewall, creation->request->identity, err);
}

static void linux_create_undo_firewall(struct linux_creation *creation)
{
	const struct warden_host *host = creation->backend->host;
	struct warden_error err;

	if (firewall_remove(creation->backend->firewall, creation->request->identity, &err) == 0)
		return;
	host->log(host, WARDEN_LOG_WARN, creation->container->id, "%s; will be retried",
		  err.message);
	creation->left = true;
}

/* Runs before wshd is executed: from then on the first process outlives the daemon. */
static int linux_create_write_record(struct linux_creation *creation, struct warden_error *err)
{
	const struct linux_container *container = creation->container;

	return pid_record_write(creation->request->identity->dir_fd, container->init_pid,
				container->init_pidfd, err);
}

/* The first process is in its cgroups, has its link, and waits. */
static int linux_create_run_clone_hook(struct linux_creation *creation, struct warden_error *err)
{
	return hooks_run(creation->backend->host, HOOK_PARENT_AFTER_CLONE,
			 creation->request->identity, creation->container->init_pid, err);
}

static void linux_create_undo_record(struct linux_creation *creation)
{
	pid_record_remove(creation->request->identity->dir_fd);
}

static int linux_create_await_mounts(struct linux_creation *creation, struct warden_error *err)
{
	const struct warden_create *request = creation->request;
	struct linux_container *container = creation->container;

	if (setup_worker_await_mounts(&creation->start, container, request, err) < 0)
		return -1;
	if (request->tmpfs_bytes > 0)
		return 0;
	return disk_quota_find_id(&creation->backend->quota, request->identity, &container->quota,
				  err);
}

static int linux_create_execute_wshd(struct linux_creation *creation, struct warden_error *err)
{
	struct linux_container *container = creation->container;
	struct stat program;

	if (setup_worker_execute(&creation->start, container, err) < 0)
		return -1;
	if (container_processes_program(container->init_pid, &container->program) < 0)
		return warden_error_errno(err, "stat the program of process %d",
					  container->init_pid);
	if (fstat(creation->backend->program_fd, &program) < 0)
		return warden_error_errno(err, "stat wshd");
	/* The first process is now in its cgroup namespace, whose root is the container's cgroup.
	 */
	if (creation->backend->host->settings->allow_nested_warden &&
	    cgroup_enter_leaf(container->cgroup, container->init_pid, err) < 0)
		return -1;
	if (program.st_dev != container->program.device ||
	    program.st_ino != container->program.inode)
		return warden_error_set(err, "the container's first process did not execute wshd");
	return 0;
}

static int linux_create_connect(struct linux_creation *creation, struct warden_error *err)
{
	if (linux_container_connect(creation->container, err) < 0 ||
	    wshd_send_watch(creation->container->wshd_fd, err) < 0)
		return -1;
	creation->container->features = WSHD_TAKES_FILTERS; /* it is of this release */
	return linux_container_watch(creation->container, err);
}

static void linux_create_undo_connect(struct linux_creation *creation)
{
	linux_container_unwatch(creation->container);
}

/* The steps of a create, in order. If one fails, all undos from that step back to the first run: an
 * undo must cope with a step that was half done. */
static const struct linux_create_step {
	const char *name; /* in a trace */
	int (*run)(struct linux_creation *creation, struct warden_error *err);
	void (*undo)(struct linux_creation *creation);
	bool names_by_id; /* what it makes is named by the id: EEXIST means that the id is taken */
} steps[] = {
	{"find_profile", linux_create_find_profile, NULL, false},
	{"run_first_hook", linux_create_run_first_hook, NULL, false},
	{"reset_quota", linux_create_reset_quota, NULL, false},
	{"make_cgroup", linux_create_make_cgroup, linux_create_undo_cgroup, true},
	{"begin_setup", linux_create_begin_setup, linux_create_undo_setup, false},
	{"link_command", linux_create_link_command, NULL, false},
	{"await_init", linux_create_await_init, linux_create_undo_init, false},
	{"make_network", linux_create_make_network, linux_create_undo_network, true},
	{"add_firewall", linux_create_add_firewall, linux_create_undo_firewall, false},
	{"write_record", linux_create_write_record, linux_create_undo_record, false},
	{"run_clone_hook", linux_create_run_clone_hook, NULL, false},
	{"await_mounts", linux_create_await_mounts, NULL, false},
	{"execute_wshd", linux_create_execute_wshd, NULL, false},
	{"connect", linux_create_connect, linux_create_undo_connect, false},
};

static int linux_create_run_steps(struct linux_creation *creation, struct trace *trace,
				  struct warden_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int result = steps[i].run(creation, err);

		trace_step(trace, "create", steps[i].name, creation->container->id);
		if (result == 0)
			continue;
		setup_worker_explain(&creation->start, err);
		if (!steps[i].names_by_id && err->number == EEXIST)
			err->number = 0; /* for instance, a file in a client's bind mount */
		for (i++; i > 0; i--)
			if (steps[i - 1].undo)
				steps[i - 1].undo(creation);
		return -1;
	}
	return 0;
}

static int linux_create_container(struct linux_backend *backend, const struct warden_create *create,
				  void **container, struct warden_error *err)
{
	struct linux_creation creation = {.backend = backend, .request = create};
	struct warden_error reason;
	struct trace *trace;
	int result;

	creation.start = (struct setup_worker){-1, -1, -1, -1};
	creation.container = linux_container_new(backend, create->identity, err);
	if (!creation.container)
		return -1;
	trace = trace_new(backend->host->settings->trace);
	result = linux_create_run_steps(&creation, trace, err);
	setup_worker_close(&creation.start);
	if (trace)
		backend->host->log(backend->host, WARDEN_LOG_INFO, creation.container->id,
				   "create in the backend: %s", trace_text(trace));
	trace_free(trace);
	if (result < 0 && !creation.left) {
		linux_container_free(creation.container);
		return -1;
	}
	*container = creation.container;
	if (result < 0 && linux_container_watch(creation.container, &reason) < 0)
		backend->host->log(backend->host, WARDEN_LOG_WARN, creation.container->id, "%s",
				   reason.message);
	return result;
}

/* A create on its own thread: it runs hooks or copies files. */
struct linux_create_call {
	struct linux_backend *backend;
	const struct warden_create *create;
};

static void *linux_create_thread(void *data)
{
	struct linux_create_call *call = data;
	const struct warden_host *host = call->backend->host;
	const struct warden_create *create = call->create;
	struct warden_error err;
	void *container = NULL;
	char id[32];

	snprintf(id, sizeof(id), "%s", create->identity->id);
	if (linux_create_container(call->backend, create, &container, &err) == 0 || !container)
		host->created(host, id, container, &err);
	else
		host->create_failed(host, id, container, &err);
	free(call);
	return NULL;
}

/* Starts a thread for the create, so that slow hooks and copies do not block one of the few
 * workers. Returns 1: host->created reports the result. */
static int linux_create_start_thread(struct linux_backend *backend,
				     const struct warden_create *create, struct warden_error *err)
{
	struct linux_create_call *call = malloc(sizeof(*call));
	pthread_attr_t attributes;
	pthread_t thread;
	int number;

	if (!call)
		return warden_error_errno(err, "allocate a create");
	*call = (struct linux_create_call){backend, create};
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	number = pthread_create(&thread, &attributes, linux_create_thread, call);
	pthread_attr_destroy(&attributes);
	if (number == 0)
		return WARDEN_CREATE_PENDING;
	free(call);
	errno = number;
	return warden_error_errno(err, "start a thread for a create");
}

int linux_create(void *data, const struct warden_create *create, void **container,
		 struct warden_error *err)
{
	struct linux_backend *backend = data;

	if (hooks_any(backend->host->settings) || backend->union_kind == UNION_BIND)
		return linux_create_start_thread(backend, create, err);
	return linux_create_container(backend, create, container, err);
}
