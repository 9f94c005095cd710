/* SPDX-License-Identifier: Apache-2.0 */
/* The fake backend's interface to the daemon: its options, set-up and operations. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "lib/cleanup.h"

static const struct warden_option options[] = {
	{
		.name = "wshd",
		.type = WARDEN_OPTION_STRING,
		.text = PKGLIBEXECDIR "/wshd",
		.meaning = "the program that starts the jobs of a container",
	},
	{
		.name = "fail",
		.type = WARDEN_OPTION_STRINGS,
		/* The requests that a backend serves. */
		.text = "create spawn run link stream stop destroy info net_in net_out copy_in "
			"copy_out limit_memory limit_disk limit_bandwidth limit_cpu tar_in tar_out "
			"file_read file_write file_list file_remove limit pause resume file_watch",
		.meaning = "requests that fail, by their names (create, net_in ...)",
	},
	{
		.name = "delay_ms",
		.type = WARDEN_OPTION_INTEGER,
		.min = 0,
		.max = 60000,
		.meaning = "how long each request is delayed, in milliseconds",
		.unit = WARDEN_UNIT_MILLISECONDS,
	},
};

static void fake_teardown(void *data)
{
	struct fake_backend *backend = data;

	watcher_free(backend->watcher);
	spawner_stop(&backend->spawner);
	/* Their wshd ends by itself. */
	while (backend->leaving) {
		struct fake_container *container = backend->leaving;

		backend->leaving = container->next;
		container->pid_watch = container->wshd_watch = container->timer_watch = NULL;
		fake_container_free(container);
	}
	pthread_mutex_destroy(&backend->mutex);
	free(backend->wshd);
	free(backend);
}

static int fake_check_wshd(const char *path, struct warden_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EACCES;
	else if (access(path, X_OK) == 0)
		return 0;
	return warden_error_errno(err, "fake.wshd: execute %s", path);
}

static int fake_find_wshd(struct fake_backend *backend, struct warden_error *err)
{
	const char *path = backend->host->option_string(backend->host, "wshd");

	if (fake_check_wshd(path, err) < 0)
		return -1;
	/* wshd is started from another directory. */
	backend->wshd = realpath(path, NULL);
	return backend->wshd ? 0 : warden_error_errno(err, "fake.wshd: find %s", path);
}

static int fake_setup(const struct warden_host *host, void **data, struct warden_error *err)
{
	struct fake_backend *backend = calloc(1, sizeof(*backend));

	if (!backend)
		return warden_error_errno(err, "set up the fake backend");
	backend->host = host;
	if (fake_find_wshd(backend, err) < 0 || fake_transfer_start_spawner(backend, err) < 0) {
		free(backend->wshd);
		free(backend);
		return -1;
	}
	backend->watcher = watcher_new(err);
	if (!backend->watcher) {
		spawner_stop(&backend->spawner);
		free(backend->wshd);
		free(backend);
		return -1;
	}
	pthread_mutex_init(&backend->mutex, NULL);
	*data = backend;
	return 0;
}

static void fake_detach(void *data)
{
	struct fake_container *container = data;

	file_transfers_wait(&container->transfers);
	wshd_queue_catch_up(&container->queue);
	fake_container_unwatch(container);
	fake_container_free(container);
}

static int fake_describe(void *data, const struct warden_host *host, warden_fact_function tell,
			 void *told, struct warden_error *err)
{
	const char *path = host->option_string(host, "wshd");
	bool runs = fake_check_wshd(path, err) == 0;

	(void)data; /* the facts do not depend on a set-up backend */
	tell(told, &(struct warden_fact){.size = sizeof(struct warden_fact),
					 .name = "isolation",
					 .value = "none: jobs run as the daemon's user",
					 .good = true});
	tell(told, &(struct warden_fact){.size = sizeof(struct warden_fact),
					 .name = "wshd",
					 .value = path,
					 .good = runs,
					 .effect = runs ? NULL : "no container can be made",
					 .remedy = runs ? NULL : "install it, or set fake.wshd"});
	return runs ? 0 : -1;
}

/* The core checks and stores them; the fake backend does not enforce them. */
static int fake_set_rules(void *data, const struct warden_rules *rules, struct warden_error *err)
{
	(void)data;
	(void)rules;
	(void)err;
	return 0;
}

const struct warden_container_klass warden_container_klass = {
	.size = sizeof(struct warden_container_klass),
	.abi = WARDEN_BACKEND_ABI,
	.name = "fake",
	.description = "no isolation, no root: for tests of programs that use warden",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.option_size = sizeof(options[0]),
	.host_network = true,
	.capabilities = WARDEN_CAPABILITIES_NONE,
	.setup = fake_setup,
	.teardown = fake_teardown,
	.admit = fake_fault_admit,
	.create = fake_create,
	.adopt = fake_adopt,
	.restore = fake_restore,
	.spawn = fake_spawn,
	.job_signal = fake_job_signal,
	.job_close_input = fake_job_close_input,
	.job_resize = fake_job_resize,
	.job_forget = fake_job_forget,
	.stop = fake_stop,
	.destroy = fake_destroy,
	.detach = fake_detach,
	.transfer = fake_transfer,
	.transfer_cancel = fake_transfer_cancel,
	.set_rules = fake_set_rules,
	.set_limits = fake_set_limits,
	.pause = fake_pause,
	.info = fake_info,
	.reconnect = fake_reconnect,
	.describe = fake_describe,
	.clean = fake_clean,
};
