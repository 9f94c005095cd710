# A library of its own, so that unit tests reach its parts.
noinst_LTLIBRARIES += backends/linux/liblinux.la
backends_linux_liblinux_la_SOURCES = \
	backends/linux/linux.c \
	backends/linux/linux.h \
	backends/linux/linux_operations.h \
	$(LINUX_CGROUP) \
	$(LINUX_CLEAN) \
	$(LINUX_CREATE) \
	$(LINUX_FIREWALL) \
	$(LINUX_HOST) \
	$(LINUX_NET) \
	$(LINUX_ROOT) \
	$(LINUX_RUN) \
	$(LINUX_SECCOMP)
backends_linux_liblinux_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(CAP_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(SECCOMP_CFLAGS) $(JANSSON_CFLAGS)
backends_linux_liblinux_la_LIBADD = $(MNL_LIBS) $(NFTNL_LIBS) $(CAP_LIBS) $(SECCOMP_LIBS) $(JANSSON_LIBS) -lpthread

backend_LTLIBRARIES += backends/linux/linux.la
backends_linux_linux_la_SOURCES =
backends_linux_linux_la_LDFLAGS = $(MODULE_LINK) -export-symbols-regex "^warden_container_klass$$"
backends_linux_linux_la_LIBADD = backends/linux/liblinux.la backends/wshd/libwshdclient.la \
	backends/files/libfiles.la lib/libutil.la $(FAULT_LIBS)

# Control groups.
LINUX_CGROUP = \
	backends/linux/cgroup/cgroup.c \
	backends/linux/cgroup/cgroup.h \
	backends/linux/cgroup/cgroup_bound.c \
	backends/linux/cgroup/cgroup_clean.c \
	backends/linux/cgroup/cgroup_cpu.c \
	backends/linux/cgroup/cgroup_describe.c \
	backends/linux/cgroup/cgroup_devices.c \
	backends/linux/cgroup/cgroup_file.c \
	backends/linux/cgroup/cgroup_find.c \
	backends/linux/cgroup/cgroup_freezer.c \
	backends/linux/cgroup/cgroup_io.c \
	backends/linux/cgroup/cgroup_job.c \
	backends/linux/cgroup/cgroup_job.h \
	backends/linux/cgroup/cgroup_late.c \
	backends/linux/cgroup/cgroup_memory.c \
	backends/linux/cgroup/cgroup_oom.c \
	backends/linux/cgroup/cgroup_private.h \
	backends/linux/cgroup/cgroup_stat.c \
	backends/linux/cgroup/cgroup_tree.c \
	backends/linux/cgroup/cgroup_v1.c \
	backends/linux/cgroup/cgroup_v2.c \
	backends/linux/cgroup/cgroup_warm.c

# What is left of containers without a directory.
LINUX_CLEAN = \
	backends/linux/clean/clean_subject.c \
	backends/linux/clean/clean_subject.h \
	backends/linux/clean/linux_clean.c

# Creation of a container: worker, spawner, set-up child, hooks.
LINUX_CREATE = \
	backends/linux/create/capabilities.c \
	backends/linux/create/capabilities.h \
	backends/linux/create/hooks.c \
	backends/linux/create/hooks.h \
	backends/linux/create/init.c \
	backends/linux/create/init.h \
	backends/linux/create/init_child.c \
	backends/linux/create/linux_adopt.c \
	backends/linux/create/linux_create.c \
	backends/linux/create/setup_texts.c \
	backends/linux/create/setup_texts.h \
	backends/linux/create/linux_spawner.c \
	backends/linux/create/linux_spawner.h \
	backends/linux/create/nested.c \
	backends/linux/create/nested.h \
	backends/linux/create/setup.h \
	backends/linux/create/setup_child.c \
	backends/linux/create/setup_worker.c \
	backends/linux/create/setup_worker.h \
	backends/linux/create/user_namespace.c \
	backends/linux/create/user_namespace.h \
	backends/linux/create/wshd_memfd.c \
	backends/linux/create/wshd_memfd.h

# The table of nftables.
LINUX_FIREWALL = \
	backends/linux/firewall/firewall.c \
	backends/linux/firewall/firewall.h \
	backends/linux/firewall/firewall_clean.c \
	backends/linux/firewall/firewall_elements.c \
	backends/linux/firewall/firewall_features.c \
	backends/linux/firewall/firewall_foreign.c \
	backends/linux/firewall/firewall_guard.c \
	backends/linux/firewall/firewall_holder.c \
	backends/linux/firewall/firewall_holder.h \
	backends/linux/firewall/firewall_holder_client.c \
	backends/linux/firewall/firewall_holder_others.c \
	backends/linux/firewall/firewall_holder_private.h \
	backends/linux/firewall/firewall_legacy.c \
	backends/linux/firewall/firewall_members.c \
	backends/linux/firewall/firewall_openings.c \
	backends/linux/firewall/firewall_private.h \
	backends/linux/firewall/firewall_ranges.c \
	backends/linux/firewall/firewall_rules.c \
	backends/linux/firewall/firewall_rules.h \
	backends/linux/firewall/firewall_shape.c \
	backends/linux/firewall/firewall_shards.c \
	backends/linux/firewall/firewall_table.c \
	backends/linux/firewall/firewall_watch.c \
	backends/linux/firewall/nft.c \
	backends/linux/firewall/nft.h \
	backends/linux/firewall/nft_private.h \
	backends/linux/firewall/nft_rule.c

# What the host offers: probes and the report for operators.
LINUX_HOST = \
	backends/linux/host/depot_mark.c \
	backends/linux/host/depot_mark.h \
	backends/linux/host/host_check.c \
	backends/linux/host/host_check.h \
	backends/linux/host/host_claim.c \
	backends/linux/host/host_claim.h \
	backends/linux/host/host_confinement.c \
	backends/linux/host/host_confinement.h \
	backends/linux/host/host_probe.c \
	backends/linux/host/host_probe.h \
	backends/linux/host/host_report.c \
	backends/linux/host/host_report.h \
	backends/linux/host/core_limit.c \
	backends/linux/host/core_limit.h \
	backends/linux/host/oom_score.c \
	backends/linux/host/oom_score.h

# Links, addresses, bandwidth.
LINUX_NET = \
	backends/linux/net/conntrack.c \
	backends/linux/net/conntrack.h \
	backends/linux/net/link_filter.c \
	backends/linux/net/link_filter.h \
	backends/linux/net/link_removal.c \
	backends/linux/net/net.c \
	backends/linux/net/net.h \
	backends/linux/net/net_bandwidth.c \
	backends/linux/net/net_clean.c \
	backends/linux/net/net_forwarding.c \
	backends/linux/net/net_inside.c \
	backends/linux/net/net_link.c \
	backends/linux/net/net_link.h \
	backends/linux/net/net_private.h \
	backends/linux/net/net_filter.c \
	backends/linux/net/net_sysctl.h \
	backends/linux/net/net_tc.c \
	backends/linux/net/net_tc.h \
	backends/linux/net/netlink.c \
	backends/linux/net/netlink.h

# Mounts and files of a container's root.
LINUX_ROOT = \
	backends/linux/root/accounts.c \
	backends/linux/root/accounts.h \
	backends/linux/root/bind_mount.c \
	backends/linux/root/bind_mount.h \
	backends/linux/root/dev.c \
	backends/linux/root/dev.h \
	backends/linux/root/layers.c \
	backends/linux/root/layers.h \
	backends/linux/root/mount_api.c \
	backends/linux/root/mount_api.h \
	backends/linux/root/proc_mounts.c \
	backends/linux/root/resolv_conf.c \
	backends/linux/root/resolv_conf.h \
	backends/linux/root/root_files.c \
	backends/linux/root/root_files.h \
	backends/linux/root/root_mounts.c \
	backends/linux/root/root_mounts.h \
	backends/linux/root/tree_copy.c \
	backends/linux/root/tree_copy.h \
	backends/linux/root/union.c \
	backends/linux/root/union.h

# Operations on a running container, and its end.
LINUX_RUN = \
	backends/linux/run/cleanup_thread.c \
	backends/linux/run/cleanup_thread.h \
	backends/linux/run/container_processes.c \
	backends/linux/run/container_processes.h \
	backends/linux/run/disk_quota.c \
	backends/linux/run/disk_quota.h \
	backends/linux/run/linux_container.c \
	backends/linux/run/linux_container.h \
	backends/linux/run/linux_destroy.c \
	backends/linux/run/linux_info.c \
	backends/linux/run/linux_job.c \
	backends/linux/run/linux_job.h \
	backends/linux/run/linux_limits.c \
	backends/linux/run/linux_pause.c \
	backends/linux/run/linux_restore.c \
	backends/linux/run/linux_rules.c \
	backends/linux/run/linux_stop.c \
	backends/linux/run/linux_stop.h \
	backends/linux/run/linux_transfer.c \
	backends/linux/run/linux_transfer.h \
	backends/linux/run/oom_watch.c \
	backends/linux/run/oom_watch.h

# System call filters.
LINUX_SECCOMP = \
	backends/linux/seccomp/seccomp.c \
	backends/linux/seccomp/seccomp.h \
	backends/linux/seccomp/seccomp_builtin.c \
	backends/linux/seccomp/seccomp_builtin.h \
	backends/linux/seccomp/seccomp_oci.c \
	backends/linux/seccomp/seccomp_oci.h \
	backends/linux/seccomp/seccomp_program.c \
	backends/linux/seccomp/seccomp_program.h \
	backends/linux/seccomp/seccomp_ranges.c \
	backends/linux/seccomp/seccomp_ranges.h
