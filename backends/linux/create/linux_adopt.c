/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a prepared container the names that a client asks for. Nothing has run in it, so that its
 * files are those of its layers and of the set-up. */
#include "backends/linux/linux_operations.h"

#include <fcntl.h>
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

/* The thread is in the container's UTS namespace meanwhile. */
static int linux_adopt_set_hostname(const struct linux_container *container, int uts_fd,
				    const char *name, struct warden_error *err)
{
	_cleanup_close_ int own = open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);
	int result = 0;

	if (own < 0)
		return warden_error_errno(err, "open the host's UTS namespace");
	if (setns(uts_fd, CLONE_NEWUTS) < 0)
		return warden_error_errno(err, "enter the UTS namespace of %s", container->id);
	if (sethostname(name, strlen(name)) < 0)
		result = warden_error_errno(err, "set the host name of %s", container->id);
	if (setns(own, CLONE_NEWUTS) < 0)
		abort(); /* the thread would go on with the container's name */
	return result;
}

/* As root of the container, as the set-up child writes: its files are within the disk quota. */
static int linux_adopt_update(struct setup *setup, bool named, struct warden_error *err)
{
	const uint32_t base = setup->parameters.base;
	struct warden_error reason;
	int result = -1;

	if (user_act_as(base, base, true, err) == 0 && user_obey_quota(true, err) == 0)
		result = root_files_update(setup, named, err);
	if (user_obey_quota(false, &reason) < 0 || user_act_as(0, 0, true, &reason) < 0)
		abort(); /* the thread would go on with the container's rights */
	return result;
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

int linux_adopt(void *data, const struct warden_create *create, struct warden_error *err)
{
	struct linux_container *container = data;
	_cleanup_close_ int root_fd = take_fd(&container->root_fd);
	_cleanup_close_ int uts_fd = take_fd(&container->uts_fd);

	if (linux_container_has_ended(container))
		return warden_error_set(err, "the first process of %s has ended", container->id);
	if (create->hostname &&
	    linux_adopt_set_hostname(container, uts_fd, create->hostname, err) < 0)
		return -1;
	return linux_adopt_write_files(container, root_fd, create, err);
}
