# `make bench` prints tables and writes BENCH_JSON (bench.json in the build tree). `BENCH_SECONDS=60 make bench` takes longer;
# `BENCH_ONLY="lives requests" BENCH_ROUNDS=20 make bench` measures these groups alone, in so many rounds, and
# `BENCH_STANDING="100 1000"` has so many containers stand beside the lives. `BENCH_COPIES=1 make bench` also copies
# gigabytes and compares with rsync; `BENCH_REMOVAL=10 make bench` only measures a container while 400,000 files
# of others are removed, `BENCH_ATTACKS=5 make bench` containers beside hostile ones, both in so many turns.
EXTRA_PROGRAMS = bench/bench bench/attack bench/true
bench_bench_SOURCES = \
	bench/attacks.c \
	bench/bench.c \
	bench/bench.h \
	bench/bench_jobs.c \
	bench/bench_table.c \
	bench/calls.c \
	bench/commands.c \
	bench/copies.c \
	bench/cpu.c \
	bench/goals.c \
	bench/life.c \
	bench/lives.c \
	bench/load.c \
	bench/memory.c \
	bench/output.c \
	bench/parallel.c \
	bench/percentile.c \
	bench/pipe.c \
	bench/removal.c \
	bench/results.c \
	bench/results.h \
	bench/rival.c \
	bench/rival.h \
	bench/share.c \
	bench/shell.c \
	bench/start.c \
	bench/subjects.c \
	bench/subjects.h \
	bench/uncollected.c \
	bench/units.c
bench_bench_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
bench_bench_LDADD = client/libwarden.la $(JANSSON_LIBS) -lm -lpthread
bench_attack_SOURCES = bench/attack.c
bench_attack_LDFLAGS = -all-static
bench_true_SOURCES = bench/true.c
bench_true_LDFLAGS = -all-static
bench_all = bench/bench bench/attack bench/true bench/floor
CLEANFILES += bench.json bench/bench bench/attack bench/true
EXTRA_DIST += bench/run

.PHONY: bench bench-programs
bench-programs: $(bench_all)
bench: all $(bench_all)
	bash $(srcdir)/bench/run $(abs_top_builddir) $(abs_top_srcdir)
include bench/copy.mk
include bench/rules.mk
include bench/floor.mk
