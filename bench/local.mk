# `make bench` prints tables and writes BENCH_JSON (bench.json in the build tree). `BENCH_SECONDS=60 make bench` takes longer;
# `BENCH_ONLY="lives requests" BENCH_ROUNDS=20 make bench` measures these groups alone, in so many rounds, and
# `BENCH_STANDING="100 1000"` has so many containers stand beside the lives. `BENCH_COPIES=1 make bench` also copies
# gigabytes and compares with rsync; `BENCH_REMOVAL=10 make bench` only measures a container while 400,000 files
# of others are removed, `BENCH_ATTACKS=5 make bench` containers beside hostile ones, both in so many turns.
EXTRA_PROGRAMS = bench/bench bench/attack bench/compare/true
bench_bench_SOURCES = \
	bench/attacks.c \
	bench/bench.c \
	bench/bench.h \
	bench/bench_jobs.c \
	bench/bench_table.c \
	bench/calls.c \
	bench/compare/commands.c \
	bench/copies.c \
	bench/compare/cpu.c \
	bench/compare/goals.c \
	bench/life.c \
	bench/compare/lives.c \
	bench/load.c \
	bench/memory.c \
	bench/compare/output.c \
	bench/compare/parallel.c \
	bench/percentile.c \
	bench/pipe.c \
	bench/removal.c \
	bench/compare/results.c \
	bench/compare/results.h \
	bench/compare/rival.c \
	bench/compare/rival.h \
	bench/compare/share.c \
	bench/shell.c \
	bench/start.c \
	bench/compare/subjects.c \
	bench/compare/subjects.h \
	bench/uncollected.c \
	bench/compare/units.c
bench_bench_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
bench_bench_LDADD = client/libwarden.la $(JANSSON_LIBS) -lm -lpthread
bench_attack_SOURCES = bench/attack.c
bench_attack_LDFLAGS = -all-static
bench_compare_true_SOURCES = bench/compare/true.c
bench_compare_true_LDFLAGS = -all-static
bench_all = bench/bench bench/attack bench/compare/true bench/compare/floor
CLEANFILES += bench.json bench/bench bench/attack bench/compare/true
EXTRA_DIST += bench/run bench/plot.py

.PHONY: bench bench-programs
bench-programs: $(bench_all)
bench: all $(bench_all)
	bash $(srcdir)/bench/run $(abs_top_builddir) $(abs_top_srcdir)
include bench/copy.mk
include bench/rules.mk
include bench/compare/floor.mk
