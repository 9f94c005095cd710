# `make bench-rules`, as root: whether a container's rules cost the others anything.
EXTRA_PROGRAMS += bench/rules_bench
bench_rules_bench_SOURCES = \
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
	bench/rules_bench.c \
	tests/linux/linux_host.c \
	tests/linux/linux_host.h
bench_rules_bench_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(MNL_CFLAGS) $(NFTNL_CFLAGS)
bench_rules_bench_LDADD = $(MNL_LIBS) $(NFTNL_LIBS) -lpthread
CLEANFILES += bench/rules_bench

.PHONY: bench-rules
bench-rules: bench/rules_bench
	bench/rules_bench
