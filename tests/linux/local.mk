# Control groups, network and firewall of the linux backend by themselves, as root.
if HAVE_CUNIT
check_PROGRAMS += tests/linux/test_cgroup tests/linux/test_net tests/linux/test_spoof tests/linux/test_firewall
TESTS += tests/linux/test_cgroup tests/linux/test_net tests/linux/test_spoof tests/linux/test_firewall

LINUX_TEST_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(CUNIT_CFLAGS)
LINUX_TEST_LIBS = tests/unit/libunit.la backends/linux/liblinux.la \
	backends/wshd/libwshdclient.la backends/files/libfiles.la lib/libutil.la $(CUNIT_LIBS)

tests_linux_test_cgroup_SOURCES = \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h \
	tests/linux/test_cgroup.c
tests_linux_test_cgroup_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_cgroup_LDADD = $(LINUX_TEST_LIBS)

LINUX_WORLD = \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h \
	tests/linux/world.c \
	tests/linux/world.h

tests_linux_test_net_SOURCES = $(LINUX_WORLD) tests/linux/test_net.c
tests_linux_test_net_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_net_LDADD = $(LINUX_TEST_LIBS)

tests_linux_test_spoof_SOURCES = $(LINUX_WORLD) tests/linux/test_spoof.c
tests_linux_test_spoof_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_spoof_LDADD = $(LINUX_TEST_LIBS)

# Needs no root.
check_PROGRAMS += tests/linux/test_firewall_rules
TESTS += tests/linux/test_firewall_rules
tests_linux_test_firewall_rules_SOURCES = tests/linux/test_firewall_rules.c
tests_linux_test_firewall_rules_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_firewall_rules_LDADD = $(LINUX_TEST_LIBS)

tests_linux_test_firewall_SOURCES = $(LINUX_WORLD) tests/linux/test_firewall.c
tests_linux_test_firewall_CPPFLAGS = $(LINUX_TEST_CPPFLAGS)
tests_linux_test_firewall_LDADD = $(LINUX_TEST_LIBS)
endif
