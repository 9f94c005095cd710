# `make bench-rules`, as root: how the rules of a container affect the other containers.
EXTRA_PROGRAMS += bench/rules_bench
bench_rules_bench_SOURCES = \
	bench/rules_bench.c \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h
bench_rules_bench_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(MNL_CFLAGS) $(NFTNL_CFLAGS)
bench_rules_bench_LDADD = backends/linux/liblinux.la backends/wshd/libwshdclient.la \
	backends/files/libfiles.la lib/libutil.la
CLEANFILES += bench/rules_bench

.PHONY: bench-rules
bench-rules: bench/rules_bench
	bench/rules_bench
