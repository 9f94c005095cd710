/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a fake container: a directory for its jobs, and wshd. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/inside.h"

static int fake_create_connect(struct fake_container *container, struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;

	pthread_mutex_lock(locked);
	container->wshd_fd = wshd_connect(container->dir_fd, err);
	if (container->wshd_fd < 0 || wshd_send_watch(container->wshd_fd, err) < 0)
		return -1;
	return fake_container_watch(container, err);
}

/* Undoes a failed create. wshd has no job yet, so killing it is enough. */
static void fake_create_undo(struct fake_container *container)
{
	fake_container_unwatch(container);
	if (container->pid != 0)
		fake_init_kill(container);
	fake_container_free(container);
}

/* The root, also under the name that it has in other backends. */
static int fake_create_make_files(const struct fake_container *container, struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;

	if (mkdirat(container->dir_fd, "root", 0755) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make root of container %s", container->id);
	if (mkdirat(container->dir_fd, "tmp", 0700) < 0 ||
	    symlinkat("../root", container->dir_fd, "tmp/rootfs") < 0)
		return warden_error_errno(err, "make tmp/rootfs of container %s", container->id);
	return wshd_link_command(container->dir_fd, host->option_string(host, "wshd"), err);
}

/* Makes the image's working directory. A job says why it cannot enter it, so a failure is a line of
 * the log. */
static void fake_create_make_working_dir(const struct fake_container *container,
					 const struct warden_create *create)
{
	const struct inside_maker maker = {.make = inside_make_directory};
	const struct warden_host *host = container->backend->host;
	_cleanup_close_ int root = -1, fd = -1;

	if (!create->working_dir)
		return;
	root = openat(container->dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = root < 0 ? -1
		      : inside_open_or_make(root, create->working_dir, RESOLVE_IN_ROOT, &maker);
	if (fd < 0)
		host->log(host, WARDEN_LOG_INFO, create->identity->id,
			  "the image's working_dir %.256s is not made: %s", create->working_dir,
			  strerror(errno));
}

int fake_create(void *data, const struct warden_create *create, void **made,
		struct warden_error *err)
{
	const struct warden_identity *identity = create->identity;
	struct fake_container *container;

	if (fake_user_check_profile(identity->seccomp, err) < 0)
		return -1;
	container = fake_container_new(data, identity, err);
	if (!container)
		return -1;
	container->no_new_privs = create->no_new_privs;
	if (fake_create_make_files(container, err) == 0 && fake_init_start(container, err) == 0 &&
	    fake_create_connect(container, err) == 0) {
		fake_create_make_working_dir(container, create);
		*made = container;
		return 0;
	}
	fake_create_undo(container);
	unlinkat(identity->dir_fd, "root", AT_REMOVEDIR); /* missing or empty */
	return -1;
}

/* It has no host name and no files in /etc of its own. */
int fake_adopt(void *data, const struct warden_create *create, struct warden_error *err)
{
	const struct fake_container *container = data;
	struct pollfd end = {.fd = container->pidfd, .events = POLLIN};

	(void)create;
	if (poll(&end, 1, 0) > 0)
		return warden_error_set(err, "wshd of %s has ended", container->id);
	return 0;
}
