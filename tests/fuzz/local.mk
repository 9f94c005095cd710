# Fuzz targets: with clang and --enable-fuzzing programs of libFuzzer, else programs that run the files of their
# corpus once. tests/fuzz/run runs the former.
EXTRA_DIST += tests/fuzz/run
dist-hook: dist-corpus
dist-corpus:
	cp -pR $(srcdir)/tests/fuzz/corpus "$(distdir)/tests/fuzz"
.PHONY: dist-corpus fuzz-targets

FUZZ_TARGETS = \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_daemon \
	tests/fuzz/fuzz_frames \
	tests/fuzz/fuzz_messages \
	tests/fuzz/fuzz_seccomp \
	tests/fuzz/fuzz_snapshot \
	tests/fuzz/fuzz_tar \
	tests/fuzz/fuzz_tar_entry \
	tests/fuzz/fuzz_wshd \
	tests/fuzz/fuzz_wshd_client
if UNPACK
FUZZ_TARGETS += tests/fuzz/fuzz_image tests/fuzz/fuzz_layer
endif
check_PROGRAMS += $(FUZZ_TARGETS)
fuzz-targets: $(BUILT_SOURCES) $(FUZZ_TARGETS)

check_LTLIBRARIES += tests/fuzz/libfuzz.la
tests_fuzz_libfuzz_la_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
tests_fuzz_libfuzz_la_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus"'
if FUZZING
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(FUZZ_TARGETS)
tests_fuzz_libfuzz_la_SOURCES += tests/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
endif

FUZZ_CORE_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS) $(JANSSON_CFLAGS)
FUZZ_CORE = tests/fuzz/libfuzz.la core/libcore.la $(JANSSON_LIBS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_config_LDADD = $(FUZZ_CORE)

tests_fuzz_fuzz_daemon_SOURCES = tests/fuzz/fuzz_daemon.c
tests_fuzz_fuzz_daemon_CPPFLAGS = $(FUZZ_CORE_CPPFLAGS)
tests_fuzz_fuzz_daemon_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_daemon_LDADD = $(FUZZ_CORE)

tests_fuzz_fuzz_frames_SOURCES = tests/fuzz/fuzz_frames.c
tests_fuzz_fuzz_frames_CPPFLAGS = $(FUZZ_CORE_CPPFLAGS)
tests_fuzz_fuzz_frames_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_frames_LDADD = $(FUZZ_CORE)

tests_fuzz_fuzz_messages_SOURCES = tests/fuzz/fuzz_messages.c
tests_fuzz_fuzz_messages_CPPFLAGS = $(FUZZ_CORE_CPPFLAGS)
tests_fuzz_fuzz_messages_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_messages_LDADD = $(FUZZ_CORE)

tests_fuzz_fuzz_seccomp_SOURCES = tests/fuzz/fuzz_seccomp.c
tests_fuzz_fuzz_seccomp_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(SECCOMP_CFLAGS)
tests_fuzz_fuzz_seccomp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_seccomp_LDADD = tests/fuzz/libfuzz.la backends/linux/liblinux.la backends/wshd/libwshdclient.la \
	backends/files/libfiles.la lib/libutil.la

tests_fuzz_fuzz_snapshot_SOURCES = tests/fuzz/fuzz_snapshot.c
tests_fuzz_fuzz_snapshot_CPPFLAGS = $(FUZZ_CORE_CPPFLAGS)
tests_fuzz_fuzz_snapshot_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_snapshot_LDADD = $(FUZZ_CORE)

FUZZ_FILES = tests/fuzz/libfuzz.la backends/files/libfiles.la lib/libutil.la
tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c
tests_fuzz_fuzz_tar_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_tar_LDADD = $(FUZZ_FILES)

tests_fuzz_fuzz_tar_entry_SOURCES = tests/fuzz/fuzz_tar_entry.c
tests_fuzz_fuzz_tar_entry_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_tar_entry_LDADD = $(FUZZ_FILES)

tests_fuzz_fuzz_wshd_client_SOURCES = tests/fuzz/fuzz_packet.c tests/fuzz/fuzz_packet.h tests/fuzz/fuzz_wshd_client.c
tests_fuzz_fuzz_wshd_client_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_wshd_client_LDADD = tests/fuzz/libfuzz.la backends/wshd/libwshdclient.la lib/libutil.la

# wshd has its own compiler; here its sources are compiled as the rest.
tests_fuzz_fuzz_wshd_SOURCES = \
	tests/fuzz/fuzz_packet.c \
	tests/fuzz/fuzz_packet.h \
	tests/fuzz/fuzz_wshd.c \
	proto/packet.c \
	wshd/call_filter.c \
	wshd/job_score.c \
	wshd/job_table.c \
	wshd/wshd_connections.c
tests_fuzz_fuzz_wshd_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_fuzz_fuzz_wshd_LDFLAGS = $(FUZZ_LINK) -Wl,--wrap=fork,--wrap=kill,--wrap=socketpair
tests_fuzz_fuzz_wshd_LDADD = tests/fuzz/libfuzz.la lib/libutil.la

if UNPACK
FUZZ_UNPACK_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(JANSSON_CFLAGS) $(NETTLE_CFLAGS)
FUZZ_UNPACK = tests/fuzz/libfuzz.la lib/libutil.la $(ARCHIVE_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS)
FUZZ_UNPACK_C = \
	client/unpack/layer.c \
	client/unpack/place.c \
	client/unpack/progress.c \
	client/unpack/source.c \
	client/unpack/unpack_tree.c

tests_fuzz_fuzz_image_SOURCES = \
	$(FUZZ_UNPACK_C) \
	client/unpack/defaults.c \
	client/unpack/digest.c \
	client/unpack/docker.c \
	client/unpack/image.c \
	client/unpack/oci.c \
	tests/fuzz/fuzz_image.c
tests_fuzz_fuzz_image_CPPFLAGS = $(FUZZ_UNPACK_CPPFLAGS)
tests_fuzz_fuzz_image_LDFLAGS = $(FUZZ_LINK) -Wl,--wrap=digest_check_bytes,--wrap=digest_check_file
tests_fuzz_fuzz_image_LDADD = $(FUZZ_UNPACK)

tests_fuzz_fuzz_layer_SOURCES = $(FUZZ_UNPACK_C) tests/fuzz/fuzz_layer.c
tests_fuzz_fuzz_layer_CPPFLAGS = $(FUZZ_UNPACK_CPPFLAGS)
tests_fuzz_fuzz_layer_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_layer_LDADD = $(FUZZ_UNPACK)
endif
