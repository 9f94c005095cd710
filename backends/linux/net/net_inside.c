/* SPDX-License-Identifier: Apache-2.0 */
/* Network set-up that must run in the container's network namespace, and writing of settings below
 * /proc/sys/net for both sides. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <unistd.h>

#include "backends/linux/net/net.h"
#include "backends/linux/net/net_sysctl.h"
#include "backends/linux/net/netlink.h"
#include "lib/cleanup.h"

int net_sysctl_write(int dir_fd, const char *path, const char *text, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return warden_error_errno(err, "write %s to setting %s", text, path);
	return 0;
}

/* For links that come later. The setting of an existing link, and of all, the kernel restarts as
 * long as anybody holds its lock of links; so the loopback link loses its address instead. */
static int net_inside_disable_ipv6(int proc_fd, struct warden_error *err)
{
	if (faccessat(proc_fd, "sys/net/ipv6", F_OK, 0) < 0)
		return 0; /* the kernel has no IPv6 */
	return net_sysctl_write(proc_fd, "sys/net/ipv6/conf/default/disable_ipv6", "1", err);
}

int net_configure_inside(int proc_fd, gid_t first_gid, struct warden_error *err)
{
	char range[32];

	if (net_inside_disable_ipv6(proc_fd, err) < 0)
		return -1;
	snprintf(range, sizeof(range), "%u %u", first_gid, first_gid + 65535);
	return net_sysctl_write(proc_fd, "sys/net/ipv4/ping_group_range", range, err);
}

int net_open_inside(int *rtnl_fd, struct warden_error *err)
{
	*rtnl_fd = netlink_open(NETLINK_ROUTE, err);
	return *rtnl_fd < 0 ? -1 : 0;
}
