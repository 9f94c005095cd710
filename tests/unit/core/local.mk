# Unit tests of the daemon's frames, containers and their files.
if HAVE_CUNIT
check_LTLIBRARIES += tests/unit/libcorecase.la
tests_unit_libcorecase_la_SOURCES = tests/unit/core/core_case.c tests/unit/core/core_case.h
tests_unit_libcorecase_la_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_libcorecase_la_LIBADD = $(UNIT_LIBS)
CORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)

CORE_TESTS = \
	tests/unit/wire/test_access \
	tests/unit/wire/test_audit \
	tests/unit/wire/test_file_sender \
	tests/unit/core/test_create_options \
	tests/unit/core/test_frame \
	tests/unit/core/test_history \
	tests/unit/core/test_idempotence \
	tests/unit/core/test_job_log \
	tests/unit/core/test_job_options \
	tests/unit/core/test_ports \
	tests/unit/core/test_metrics \
	tests/unit/core/test_recovery \
	tests/unit/core/test_registry \
	tests/unit/lib/test_pid_record \
	tests/unit/lib/test_remove_tree \
	tests/unit/core/test_snapshot \
	tests/unit/core/test_output_store \
	tests/unit/core/test_transfer_reports
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_unit_wire_test_access_SOURCES = tests/unit/wire/test_access.c
tests_unit_wire_test_access_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_wire_test_access_LDADD = $(UNIT_LIBS)
tests_unit_wire_test_audit_SOURCES = tests/unit/wire/test_audit.c
tests_unit_wire_test_audit_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_wire_test_audit_LDADD = $(UNIT_LIBS)
tests_unit_wire_test_file_sender_SOURCES = tests/unit/wire/test_file_sender.c
tests_unit_wire_test_file_sender_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_wire_test_file_sender_LDADD = $(UNIT_LIBS)
tests_unit_core_test_create_options_SOURCES = tests/unit/core/test_create_options.c
tests_unit_core_test_create_options_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_core_test_create_options_LDADD = $(UNIT_LIBS) $(JANSSON_LIBS)
tests_unit_core_test_job_log_SOURCES = tests/unit/core/test_job_log.c
tests_unit_core_test_job_log_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_core_test_job_log_LDADD = tests/unit/libcorecase.la $(JANSSON_LIBS)

tests_unit_core_test_idempotence_SOURCES = tests/unit/core/test_idempotence.c
tests_unit_core_test_idempotence_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_core_test_idempotence_LDADD = tests/unit/libcorecase.la $(JANSSON_LIBS)
tests_unit_core_test_frame_SOURCES = tests/unit/core/test_frame.c
tests_unit_core_test_frame_LDADD = $(UNIT_LIBS)
tests_unit_core_test_history_SOURCES = tests/unit/core/test_history.c
tests_unit_core_test_history_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_core_test_history_LDADD = tests/unit/libcorecase.la $(JANSSON_LIBS)
tests_unit_core_test_job_options_SOURCES = tests/unit/core/test_job_options.c
tests_unit_core_test_job_options_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_job_options_LDADD = $(UNIT_LIBS)
tests_unit_core_test_ports_SOURCES = tests/unit/core/test_ports.c
tests_unit_core_test_ports_LDADD = $(UNIT_LIBS)
tests_unit_core_test_metrics_SOURCES = tests/unit/core/test_metrics.c
tests_unit_core_test_metrics_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_metrics_LDADD = tests/unit/libcorecase.la
tests_unit_core_test_recovery_SOURCES = tests/unit/core/test_recovery.c
tests_unit_core_test_recovery_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_recovery_LDADD = tests/unit/libcorecase.la
tests_unit_core_test_registry_SOURCES = tests/unit/core/test_registry.c
tests_unit_core_test_registry_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_registry_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_pid_record_SOURCES = tests/unit/lib/test_pid_record.c
tests_unit_lib_test_pid_record_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_remove_tree_SOURCES = tests/unit/lib/test_remove_tree.c
tests_unit_lib_test_remove_tree_LDADD = $(UNIT_LIBS)
tests_unit_core_test_snapshot_SOURCES = tests/unit/core/test_snapshot.c
tests_unit_core_test_snapshot_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_snapshot_LDADD = tests/unit/libcorecase.la
tests_unit_core_test_output_store_SOURCES = tests/unit/core/test_output_store.c
tests_unit_core_test_output_store_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_output_store_LDADD = tests/unit/libcorecase.la
tests_unit_core_test_transfer_reports_SOURCES = tests/unit/core/test_transfer_reports.c
tests_unit_core_test_transfer_reports_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_unit_core_test_transfer_reports_LDADD = $(UNIT_LIBS)
endif
