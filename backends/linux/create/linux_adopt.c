/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a prepared container the names that a client asks for. Nothing has run in it, so that its
 * files are those of its layers and of the set-up. */
#include "backends/linux/linux_operations.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/create/setup.h"
#include "backends/linux/create/setup_texts.h"
#include "backends/linux/create/user_namespace.h"
#include "backends/linux/root/root_files.h"
#include "backends/linux/run/linux_container.h"
#include "lib/cleanup.h"

static int linux_adopt_set_hostname(const struct linux_container *container, int uts_fd,
				    const char *name, struct warden_error *err)
{
	if (setns(uts_fd, CLONE_NEWUTS) < 0)
		return warden_error_errno(err, "enter the UTS namespace of %s", container->id);
	if (sethostname(name, strlen(name)) < 0)
		return warden_error_errno(err, "set the host name of %s", container->id);
	return 0;
}

/* As root of the container, as the set-up child writes: its files are within the disk quota. */
static int linux_adopt_update(struct setup *setup, bool named, struct warden_error *err)
{
	const uint32_t base = setup->parameters.base;

	if (user_act_as(base, base, true, err) < 0 || user_obey_quota(true, err) < 0)
		return -1;
	return root_files_update(setup, named, err);
}

static int linux_adopt_write_files(const struct linux_container *container, int root_fd,
				   const struct warden_create *create, struct warden_error *err)
{
	const struct warden_identity *identity = create->identity;
	_cleanup_free_ struct setup *setup = calloc(1, sizeof(*setup));
	bool named = create->hostname || create->n_hosts > 0;
	struct setup_texts texts = {.hosts = NULL};
	int result = -1;

	if (!setup)
		return warden_error_errno(err, "allocate the names of %s", container->id);
	setup->backend = container->backend;
	setup->socket = -1; /* what there is to note was noted when it was made */
	setup->root_fd = root_fd;
	setup->parameters.base = container->base;
	setup->parameters.host_ip = identity->host_ip;
	setup->parameters.container_ip = identity->container_ip;
	snprintf(setup->parameters.id, sizeof(setup->parameters.id), "%s", identity->id);
	snprintf(setup->parameters.hostname, sizeof(setup->parameters.hostname), "%s",
		 create->hostname ? create->hostname : identity->id);
	snprintf(setup->parameters.rootfs, sizeof(setup->parameters.rootfs), "%s",
		 create->rootfs_path);
	if (setup_texts_make(&texts, create, err) == 0) {
		setup->hosts = texts.hosts;
		setup->resolv = texts.resolv_length > 0 ? texts.resolv : NULL;
		setup->parameters.resolv_length = texts.resolv_length;
		result = linux_adopt_update(setup, named, err);
	}
	setup_texts_free(&texts);
	return result;
}

/* The arguments of the thread, and its result. */
struct linux_adopt_call {
	struct linux_container *container;
	const struct warden_create *create;
	struct warden_error *err;
	int result;
};

/* The thread enters the container's UTS namespace and takes its ids, and ends with them. */
static void *linux_adopt_thread(void *data)
{
	struct linux_adopt_call *call = data;
	const struct warden_create *create = call->create;
	_cleanup_close_ int root_fd = take_fd(&call->container->root_fd);
	_cleanup_close_ int uts_fd = take_fd(&call->container->uts_fd);

	if (!create->hostname ||
	    linux_adopt_set_hostname(call->container, uts_fd, create->hostname, call->err) == 0)
		call->result = linux_adopt_write_files(call->container, root_fd, create, call->err);
	return NULL;
}

int linux_adopt(void *data, const struct warden_create *create, struct warden_error *err)
{
	struct linux_adopt_call call = {data, create, err, -1};
	pthread_t thread;

	if (linux_container_has_ended(call.container))
		return warden_error_set(err, "the first process of %s has ended",
					call.container->id);
	errno = pthread_create(&thread, NULL, linux_adopt_thread, &call);
	if (errno != 0)
		return warden_error_errno(err, "start a thread for %s", call.container->id);
	pthread_join(thread, NULL); /* fails only for a thread that is none */
	return call.result;
}
