# What the kernel alone costs: the objects of a container without a daemon; see floor.c.
EXTRA_PROGRAMS += bench/compare/floor
bench_compare_floor_SOURCES = \
	bench/compare/floor.c \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h
bench_compare_floor_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(MNL_CFLAGS) $(NFTNL_CFLAGS)
bench_compare_floor_LDADD = backends/linux/liblinux.la backends/wshd/libwshdclient.la \
	backends/files/libfiles.la lib/libutil.la -lpthread
CLEANFILES += bench/compare/floor
