# Unit tests of the daemon's frames, containers and their files.
if HAVE_CUNIT
check_LTLIBRARIES += tests/unit/libcorecase.la
tests_unit_libcorecase_la_SOURCES = tests/unit/core_case.c tests/unit/core_case.h
tests_unit_libcorecase_la_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_libcorecase_la_LIBADD = $(UNIT_LIBS)
CORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)

CORE_TESTS = \
	tests/unit/test_create_options \
	tests/unit/test_frame \
	tests/unit/test_idempotence \
	tests/unit/test_job_options \
	tests/unit/test_ports \
	tests/unit/test_metrics \
	tests/unit/test_recovery \
	tests/unit/test_registry \
	tests/unit/test_remove \
	tests/unit/test_snapshot \
	tests/unit/test_store
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_unit_test_create_options_SOURCES = tests/unit/test_create_options.c
tests_unit_test_create_options_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_create_options_LDADD = $(UNIT_LIBS) $(JANSSON_LIBS)
tests_unit_test_idempotence_SOURCES = tests/unit/test_idempotence.c
tests_unit_test_idempotence_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_idempotence_LDADD = tests/unit/libcorecase.la $(JANSSON_LIBS)
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c
tests_unit_test_frame_LDADD = $(UNIT_LIBS)
tests_unit_test_job_options_SOURCES = tests/unit/test_job_options.c
tests_unit_test_job_options_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_job_options_LDADD = $(UNIT_LIBS)
tests_unit_test_ports_SOURCES = tests/unit/test_ports.c
tests_unit_test_ports_LDADD = $(UNIT_LIBS)
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c
tests_unit_test_metrics_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_metrics_LDADD = tests/unit/libcorecase.la
tests_unit_test_recovery_SOURCES = tests/unit/test_recovery.c
tests_unit_test_recovery_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_recovery_LDADD = tests/unit/libcorecase.la
tests_unit_test_registry_SOURCES = tests/unit/test_registry.c
tests_unit_test_registry_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_registry_LDADD = $(UNIT_LIBS)
tests_unit_test_remove_SOURCES = tests/unit/test_remove.c
tests_unit_test_remove_LDADD = $(UNIT_LIBS)
tests_unit_test_snapshot_SOURCES = tests/unit/test_snapshot.c
tests_unit_test_snapshot_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_snapshot_LDADD = tests/unit/libcorecase.la
tests_unit_test_store_SOURCES = tests/unit/test_store.c
tests_unit_test_store_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_test_store_LDADD = tests/unit/libcorecase.la
endif
