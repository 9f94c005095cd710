# `make bench` prints a table. `BENCH_SECONDS=60 make bench` takes longer; `BENCH_COPIES=1 make bench` also copies
# gigabytes and compares with rsync; `BENCH_REMOVAL=10 make bench` only measures a container while 400,000 files
# of others are removed, `BENCH_ATTACKS=5 make bench` containers beside hostile ones, both in so many turns.
EXTRA_PROGRAMS = bench/bench bench/attack
bench_bench_SOURCES = bench/bench.h bench/attacks.c bench/bench.c bench/calls.c bench/copies.c bench/bench_jobs.c bench/life.c bench/load.c \
	bench/memory.c bench/percentile.c bench/pipe.c bench/removal.c bench/shell.c bench/start.c bench/bench_table.c bench/uncollected.c
bench_attack_SOURCES = bench/attack.c
bench_attack_LDFLAGS = -all-static
bench_bench_LDADD = client/libwarden.la -lm -lpthread
CLEANFILES += bench/bench bench/attack
EXTRA_DIST += bench/run

.PHONY: bench
bench: all bench/bench bench/attack
	bash $(srcdir)/bench/run $(abs_top_builddir) $(abs_top_srcdir)
include bench/copy.mk
include bench/rules.mk
include bench/floor.mk
