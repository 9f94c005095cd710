/* SPDX-License-Identifier: Apache-2.0 */
/* See host_check.h. The order is that of the backend's setup. */
#include "backends/linux/host/host_check.h"

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/capabilities.h"
#include "backends/linux/create/wshd_memfd.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/net.h"
#include "backends/linux/seccomp/seccomp.h"
#include "lib/cleanup.h"

static int host_check_capabilities(const struct warden_host *host, struct warden_error *err)
{
	uint64_t ignored;

	return capabilities_read(host, &ignored, err);
}

static int host_check_program(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_close_ int fd = wshd_memfd_load(host, host->option_string(host, "wshd"), err);

	return fd < 0 ? -1 : 0;
}

static int host_check_seccomp(const struct warden_host *host, struct warden_error *err)
{
	struct seccomp *seccomp = NULL;
	int result = seccomp_setup(host, &seccomp, err);

	seccomp_free(seccomp);
	return result;
}

int host_check(const struct warden_host *host, struct warden_error *err)
{
	static int (*const checks[])(const struct warden_host *host, struct warden_error *err) = {
		host_check_capabilities,
		host_check_program,
		host_check_seccomp,
		cgroups_check,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](host, err) < 0)
			return -1;
	return 0;
}

int host_check_network(struct warden_error *err)
{
	return net_check(err) < 0 ? -1 : firewall_check(err);
}
