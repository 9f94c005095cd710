# Control groups, network and firewall of the linux backend by themselves, as root.
if HAVE_CUNIT
check_PROGRAMS += tests/linux/test_cgroup tests/linux/test_net tests/linux/test_spoof tests/linux/test_firewall
TESTS += tests/linux/test_cgroup tests/linux/test_net tests/linux/test_spoof tests/linux/test_firewall

LINUX_TEST_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(CUNIT_CFLAGS)
LINUX_TEST_LIBS = tests/unit/libunit.la $(MNL_LIBS) $(NFTNL_LIBS) $(CUNIT_LIBS) -lpthread

tests_linux_test_cgroup_SOURCES = \
	backends/linux/cgroup.c \
	backends/linux/cgroup_file.c \
	backends/linux/cgroup_find.c \
	backends/linux/cgroup_io.c \
	backends/linux/cgroup_late.c \
	backends/linux/cgroup_stat.c \
	backends/linux/cgroup_tree.c \
	backends/linux/cgroup_v1.c \
	backends/linux/cgroup_v2.c \
	backends/linux/cgroup_warm.c \
	backends/linux/devices.c \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h \
	tests/linux/test_cgroup.c
tests_linux_test_cgroup_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_cgroup_LDADD = $(LINUX_TEST_LIBS)

LINUX_WORLD_FILES = \
	backends/linux/conntrack.c \
	backends/linux/firewall.c \
	backends/linux/firewall_elements.c \
	backends/linux/firewall_legacy.c \
	backends/linux/firewall_others.c \
	backends/linux/firewall_ranges.c \
	backends/linux/firewall_rules.c \
	backends/linux/firewall_shards.c \
	backends/linux/firewall_table.c \
	backends/linux/firewall_watch.c \
	backends/linux/net.c \
	backends/linux/net_inside.c \
	backends/linux/net_link.c \
	backends/linux/net_remove.c \
	backends/linux/netlink.c \
	backends/linux/nft.c \
	backends/linux/nft_rule.c \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h \
	tests/linux/world.c \
	tests/linux/world.h

tests_linux_test_net_SOURCES = $(LINUX_WORLD_FILES) tests/linux/test_net.c
tests_linux_test_net_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_net_LDADD = $(LINUX_TEST_LIBS)

tests_linux_test_spoof_SOURCES = $(LINUX_WORLD_FILES) tests/linux/test_spoof.c
tests_linux_test_spoof_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_spoof_LDADD = $(LINUX_TEST_LIBS)

# Needs no root.
check_PROGRAMS += tests/unit/test_firewall_rules
TESTS += tests/unit/test_firewall_rules
tests_unit_test_firewall_rules_SOURCES = \
	backends/linux/firewall_rules.c \
	tests/unit/test_firewall_rules.c
tests_unit_test_firewall_rules_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_unit_test_firewall_rules_LDADD = $(LINUX_TEST_LIBS)

tests_linux_test_firewall_SOURCES = $(LINUX_WORLD_FILES) tests/linux/test_firewall.c
tests_linux_test_firewall_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_firewall_LDADD = $(LINUX_TEST_LIBS)
endif
