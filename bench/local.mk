# `make bench` prints a table. `BENCH_SECONDS=60 make bench` takes longer; `BENCH_COPIES=1 make bench` also copies
# gigabytes and compares with rsync; `BENCH_REMOVAL=10 make bench` only measures a container while 400,000 files
# of others are removed.
EXTRA_PROGRAMS = bench/bench
bench_bench_SOURCES = bench/bench.h bench/bench.c bench/calls.c bench/copies.c bench/bench_jobs.c bench/life.c bench/load.c \
	bench/memory.c bench/percentile.c bench/pipe.c bench/removal.c bench/shell.c bench/bench_table.c bench/uncollected.c
bench_bench_LDADD = client/libwarden.la -lm -lpthread
CLEANFILES += bench/bench
EXTRA_DIST += bench/run

.PHONY: bench
bench: all bench/bench
	bash $(srcdir)/bench/run $(abs_top_builddir) $(abs_top_srcdir)
include bench/copy.mk
include bench/rules.mk
