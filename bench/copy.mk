# `make bench-copy` compares the copy engine with rsync in BENCH_COPY_DIRECTORY.
EXTRA_PROGRAMS += bench/copy_bench
bench_copy_bench_SOURCES = bench/copy_bench.c
bench_copy_bench_LDADD = backends/files/libfiles.la lib/libutil.la
CLEANFILES += bench/copy_bench
BENCH_COPY_DIRECTORY = .

.PHONY: bench-copy
bench-copy: bench/copy_bench
	bench/copy_bench "$(BENCH_COPY_DIRECTORY)"
