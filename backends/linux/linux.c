/* SPDX-License-Identifier: Apache-2.0 */
/* The entry point of the linux backend: its options, set-up and teardown, and the table of its
 * operations. Each operation is in the file of its name. */
#include <stdlib.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/capabilities.h"
#include "backends/linux/create/linux_spawner.h"
#include "backends/linux/create/wshd_memfd.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/host/core_limit.h"
#include "backends/linux/host/host_probe.h"
#include "backends/linux/host/oom_score.h"
#include "backends/linux/linux.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/root/resolv_conf.h"
#include "backends/linux/root/union.h"
#include "backends/linux/run/cleanup_thread.h"
#include "backends/linux/seccomp/seccomp.h"
#include "lib/cleanup.h"
#include "lib/watcher.h"

/* A page. */
#define SHM_LEAST 4096

#define OPTION_WSHD      "wshd"
#define OPTION_TERMINALS "terminal_limit"
#define OPTION_SHM       "shm_limit"

/* What each capability is for. The spawner has all of them, and hooks regain them by their exec;
 * the daemon keeps those of the first list once the spawner is forked. */
#define DAEMON_CAPABILITIES(each)                                                                  \
	each(CAP_SYS_ADMIN)         /* control groups, quotas, network namespaces of containers */ \
		each(CAP_NET_ADMIN) /* links, the firewall */                                      \
		each(CAP_SYS_RESOURCE)    /* project quotas, limits */                             \
		each(CAP_SYS_PTRACE)      /* /proc/PID/root of containers, for transfers */        \
		each(CAP_KILL)            /* processes of every user */                            \
		each(CAP_DAC_OVERRIDE)    /* files of every owner, to remove them */               \
		each(CAP_FOWNER)          /* likewise, in sticky directories */                    \
		each(CAP_LINUX_IMMUTABLE) /* likewise, with the flags of chattr(1) */              \
		each(CAP_CHOWN)    /* the socket's group, groups of delegated control groups */    \
		each(CAP_SETUID)   /* id maps; files read with a client's rights */                \
		each(CAP_SETGID)   /* likewise */                                                  \
		each(CAP_SYS_NICE) /* cpus of containers and jobs; nice values below 0 */          \
		each(CAP_NET_BIND_SERVICE) /* a health_check_server.port below 1024 */
#define SPAWNER_CAPABILITIES(each)                                                                 \
	each(CAP_SETFCAP)            /* id maps with the host's root, for mapped mounts */         \
		each(CAP_SETPCAP)    /* bounding sets */                                           \
		each(CAP_FSETID)     /* modes of copies */                                         \
		each(CAP_MKNOD)      /* /dev of containers */                                      \
		each(CAP_SYS_CHROOT) /* mount namespaces; root without a user namespace */         \
		each(CAP_NET_RAW)    /* root without a user namespace */
#define OR_CAPABILITY(name) | CAPABILITY(name)

static const struct warden_option options[] = {
	{
		.name = OPTION_WSHD,
		.type = WARDEN_OPTION_STRING,
		.text = PKGLIBEXECDIR "/wshd",
		.meaning = "the program that is process 1 of a container",
	},
	{
		.name = OPTION_TERMINALS,
		.type = WARDEN_OPTION_INTEGER,
		.min = 1,
		.max = 4096,
		.number = 256,
		.meaning = "the most terminals (pts) of a container, of the host's 4,096 in all",
	},
	SECCOMP_OPTIONS,
	{
		.name = OPTION_SHM,
		.type = WARDEN_OPTION_INTEGER,
		.min = 0,
		.max = INT64_MAX,
		.number = 0,
		.meaning =
			"the size of /dev/shm, if create does not say it, and of System V shared "
			"memory, each in bytes; 0: a quarter of memory_bound",
		.unit = WARDEN_UNIT_BYTES,
	},
	DISK_QUOTA_OPTION,
	CAPABILITIES_OPTION,
	UNION_OPTION,
	CGROUP_OPTION,
	CGROUP_BOUND_OPTIONS,
};

static void linux_teardown(void *data)
{
	struct linux_backend *backend = data;

	/* The order matters: the watcher hands containers to the cleanup thread, which uses the
	 * network and the firewall. */
	if (backend->cleanup)
		cleanup_thread_drain(backend->cleanup);
	if (backend->watcher)
		watcher_free(backend->watcher);
	cleanup_thread_stop(backend->cleanup);
	if (backend->firewall)
		firewall_free(backend->firewall);
	if (backend->net)
		net_free(backend->net);
	host_claim_release(&backend->claim);
	linux_spawner_stop(backend->spawner);
	if (backend->cgroups)
		cgroups_free(backend->cgroups);
	disk_quota_free(&backend->quota);
	seccomp_free(backend->seccomp);
	if (backend->program_fd >= 0)
		close(backend->program_fd);
	free(backend);
}

static int linux_load_program(struct linux_backend *backend, struct warden_error *err)
{
	const struct warden_host *host = backend->host;

	backend->lang = getenv("LANG");
	backend->terminals = host->option_integer(host, OPTION_TERMINALS);
	if (capabilities_read(host, &backend->capabilities, err) < 0)
		return -1;
	backend->program_fd = wshd_memfd_load(host, host->option_string(host, OPTION_WSHD), err);
	return backend->program_fd < 0 ? -1 : 0;
}

/* Helpers inherit both. */
static int linux_set_inherited(struct linux_backend *backend, struct warden_error *err)
{
	(void)err;
	core_limit_raise();
	backend->oom_score = oom_score_protect();
	return 0;
}

/* Before the spawner is forked, which has wshd's filter. */
static int linux_setup_seccomp(struct linux_backend *backend, struct warden_error *err)
{
	return seccomp_setup(backend->host, &backend->seccomp, err);
}

/* May move the daemon to another cgroup, so it runs before any process is forked. */
static int linux_setup_cgroups(struct linux_backend *backend, struct warden_error *err)
{
	if (cgroups_setup(backend->host, &backend->cgroups, err) < 0)
		return -1;
	backend->shm_bytes = (uint64_t)backend->host->option_integer(backend->host, OPTION_SHM);
	if (backend->shm_bytes == 0)
		backend->shm_bytes = cgroups_bound(backend->cgroups) / 4;
	if (backend->shm_bytes < SHM_LEAST)
		backend->shm_bytes = SHM_LEAST;
	return 0;
}

static void linux_warn_nested(const struct warden_host *host)
{
	if (host->settings->allow_nested_warden)
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "server.allow_nested_warden: new containers have no user namespace and "
			  "no masks: root in them is root of this host");
}

static int linux_probe_host(struct linux_backend *backend, struct warden_error *err)
{
	linux_warn_nested(backend->host);
	if (host_probe(backend->host, &backend->union_kind, err) < 0)
		return -1;
	if (backend->union_kind != UNION_OVERLAY)
		backend->host->log(backend->host, WARDEN_LOG_WARN, NULL,
				   "roots of containers are made by %s%s",
				   union_name((enum union_kind)backend->union_kind),
				   backend->union_kind == UNION_BIND
					   ? " mounts: each create copies the directories that are "
					     "written to"
					   : "");
	return 0;
}

static int linux_setup_quota(struct linux_backend *backend, struct warden_error *err)
{
	return disk_quota_setup(backend->host, &backend->quota, err);
}

static int linux_start_spawner(struct linux_backend *backend, struct warden_error *err)
{
	return linux_spawner_start(backend, &backend->spawner, err);
}

/* Threads that are started later inherit it. */
static int linux_drop_capabilities(struct linux_backend *backend, struct warden_error *err)
{
	(void)backend;
	if (capabilities_keep(0 DAEMON_CAPABILITIES(OR_CAPABILITY)) < 0)
		return warden_error_errno(err, "drop the capabilities of the spawner");
	return 0;
}

/* Starts the first threads; the spawner is forked before. */
static int linux_setup_network(struct linux_backend *backend, struct warden_error *err)
{
	if (host_claim_take(&backend->claim, backend->host, err) < 0 ||
	    net_setup(backend->host, &backend->net, err) < 0)
		return -1;
	return firewall_setup(backend->host, backend->spawner, &backend->firewall, err);
}

static int linux_start_threads(struct linux_backend *backend, struct warden_error *err)
{
	backend->watcher = watcher_new(err);
	if (!backend->watcher ||
	    linux_spawner_watch(backend->spawner, backend->watcher, backend->host, err) < 0 ||
	    host_claim_watch(&backend->claim, backend->watcher, err) < 0 ||
	    firewall_watch_holder(backend->firewall, backend->spawner, backend->watcher, err) < 0)
		return -1;
	return cleanup_thread_start(backend, &backend->cleanup, err);
}

static int (*const starts[])(struct linux_backend *backend, struct warden_error *err) = {
	linux_load_program,  linux_probe_host,    linux_setup_quota,   linux_setup_seccomp,
	linux_setup_cgroups, linux_set_inherited, linux_start_spawner, linux_drop_capabilities,
	linux_setup_network, linux_start_threads,
};

static int linux_setup(const struct warden_host *host, void **result, struct warden_error *err)
{
	struct linux_backend *backend = calloc(1, sizeof(*backend));

	if (!backend)
		return warden_error_errno(err, "make the backend");
	backend->host = host;
	backend->program_fd = -1;
	backend->quota.fd = -1;
	backend->claim.fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (starts[i](backend, err) < 0) {
			linux_teardown(backend);
			return -1;
		}
	resolv_conf_check(host);
	*result = backend;
	return 0;
}

__attribute__((visibility("default")))
const struct warden_container_klass warden_container_klass = {
	.size = sizeof(struct warden_container_klass),
	.abi = WARDEN_BACKEND_ABI,
	.name = "linux",
	.description = "containers of the Linux kernel: namespaces, control groups, overlay",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.option_size = sizeof(options[0]),
	.needs_rootfs = true,
	.capabilities = 0 DAEMON_CAPABILITIES(OR_CAPABILITY) SPAWNER_CAPABILITIES(OR_CAPABILITY),
	.setup = linux_setup,
	.teardown = linux_teardown,
	.create = linux_create,
	.restore = linux_restore,
	.spawn = linux_spawn,
	.job_signal = linux_job_signal,
	.job_close_input = linux_job_close_input,
	.job_resize = linux_job_resize,
	.job_forget = linux_job_forget,
	.stop = linux_stop,
	.destroy = linux_destroy,
	.detach = linux_detach,
	.transfer = linux_transfer,
	.transfer_cancel = linux_transfer_cancel,
	.set_rules = linux_set_rules,
	.set_limits = linux_set_limits,
	.pause = linux_pause,
	.info = linux_info,
	.describe = linux_describe,
	.reconnect = linux_reconnect,
	.clean = linux_clean,
	.allow_networks = linux_allow_networks,
	.adopt = linux_adopt,
};
