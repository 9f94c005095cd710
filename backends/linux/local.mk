backend_LTLIBRARIES += backends/linux/linux.la

# Control groups, network, firewall.
backends_linux_linux_la_SOURCES = \
	backends/linux/cgroup.c \
	backends/linux/cgroup.h \
	backends/linux/cgroup_cpu.c \
	backends/linux/cgroup_describe.c \
	backends/linux/cgroup_file.c \
	backends/linux/cgroup_find.c \
	backends/linux/cgroup_freezer.c \
	backends/linux/cgroup_io.c \
	backends/linux/cgroup_job.c \
	backends/linux/cgroup_job.h \
	backends/linux/cgroup_late.c \
	backends/linux/cgroup_memory.c \
	backends/linux/cgroup_oom.c \
	backends/linux/cgroup_private.h \
	backends/linux/cgroup_stat.c \
	backends/linux/cgroup_tree.c \
	backends/linux/cgroup_v1.c \
	backends/linux/cgroup_v2.c \
	backends/linux/cgroup_warm.c \
	backends/linux/conntrack.c \
	backends/linux/conntrack.h \
	backends/linux/devices.c \
	backends/linux/firewall.c \
	backends/linux/firewall.h \
	backends/linux/firewall_elements.c \
	backends/linux/firewall_legacy.c \
	backends/linux/firewall_others.c \
	backends/linux/firewall_private.h \
	backends/linux/firewall_ranges.c \
	backends/linux/firewall_rules.c \
	backends/linux/firewall_rules.h \
	backends/linux/firewall_shards.c \
	backends/linux/firewall_table.c \
	backends/linux/firewall_watch.c \
	backends/linux/net.c \
	backends/linux/net.h \
	backends/linux/net_bandwidth.c \
	backends/linux/net_inside.c \
	backends/linux/net_link.c \
	backends/linux/net_link.h \
	backends/linux/net_private.h \
	backends/linux/net_remove.c \
	backends/linux/net_sysctl.h \
	backends/linux/net_tc.c \
	backends/linux/net_tc.h \
	backends/linux/netlink.c \
	backends/linux/netlink.h \
	backends/linux/nft.c \
	backends/linux/nft.h \
	backends/linux/nft_private.h \
	backends/linux/nft_rule.c

# What makes a container: spawner, mounts, init.
backends_linux_linux_la_SOURCES += \
	backends/linux/accounts.c \
	backends/linux/accounts.h \
	backends/linux/bind.c \
	backends/linux/bind.h \
	backends/linux/container.c \
	backends/linux/container.h \
	backends/linux/create.c \
	backends/linux/destroy.c \
	backends/linux/describe.c \
	backends/linux/describe.h \
	backends/linux/dev.c \
	backends/linux/dev.h \
	backends/linux/files.c \
	backends/linux/files.h \
	backends/linux/hooks.c \
	backends/linux/hooks.h \
	backends/linux/info.c \
	backends/linux/init.c \
	backends/linux/init.h \
	backends/linux/init_child.c \
	backends/linux/job.c \
	backends/linux/job.h \
	backends/linux/klass.c \
	backends/linux/limits.c \
	backends/linux/layers.c \
	backends/linux/layers.h \
	backends/linux/linux.h \
	backends/linux/mnt.c \
	backends/linux/mnt.h \
	backends/linux/mnt_kernel.c \
	backends/linux/nested.c \
	backends/linux/nested.h \
	backends/linux/mount_api.c \
	backends/linux/mount_api.h \
	backends/linux/oom.c \
	backends/linux/oom.h \
	backends/linux/operations.h \
	backends/linux/pause.c \
	backends/linux/probe.c \
	backends/linux/probe.h \
	backends/linux/processes.c \
	backends/linux/processes.h \
	backends/linux/program.c \
	backends/linux/program.h \
	backends/linux/quota.c \
	backends/linux/quota.h \
	backends/linux/record.c \
	backends/linux/record.h \
	backends/linux/remover.c \
	backends/linux/remover.h \
	backends/linux/resolv.c \
	backends/linux/resolv.h \
	backends/linux/restore.c \
	backends/linux/rules.c \
	backends/linux/setup.h \
	backends/linux/setup_child.c \
	backends/linux/spawner.c \
	backends/linux/spawner.h \
	backends/linux/start.c \
	backends/linux/start.h \
	backends/linux/stop.c \
	backends/linux/stop.h \
	backends/linux/transfer.c \
	backends/linux/transfer.h \
	backends/linux/tree.c \
	backends/linux/tree.h \
	backends/linux/union.c \
	backends/linux/union.h \
	backends/linux/user.c \
	backends/linux/user.h

backends_linux_linux_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(CAP_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
backends_linux_linux_la_LDFLAGS = $(MODULE_LINK)
backends_linux_linux_la_LIBADD = backends/common/libcommon.la backends/common/libcopy.la $(MNL_LIBS) $(NFTNL_LIBS) $(CAP_LIBS) -lpthread
