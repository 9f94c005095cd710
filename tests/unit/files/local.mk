# Unit tests of the copy engine.
if HAVE_CUNIT
check_LTLIBRARIES += tests/unit/libcopycase.la
tests_unit_libcopycase_la_SOURCES = tests/unit/files/copy_case.c tests/unit/files/copy_case.h
tests_unit_libcopycase_la_LIBADD = tests/unit/libunit.la backends/files/libfiles.la lib/libutil.la

COPY_TESTS = \
	tests/unit/files/test_copy \
	tests/unit/files/test_copy_ends \
	tests/unit/files/test_copy_fallback \
	tests/unit/files/test_copy_hostile \
	tests/unit/files/test_copy_identity \
	tests/unit/files/test_copy_kinds \
	tests/unit/files/test_copy_races \
	tests/unit/files/test_tar
check_PROGRAMS += $(COPY_TESTS)
TESTS += $(COPY_TESTS)

tests_unit_files_test_copy_SOURCES = tests/unit/files/test_copy.c
tests_unit_files_test_copy_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_copy_ends_SOURCES = tests/unit/files/test_copy_ends.c
tests_unit_files_test_copy_ends_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_copy_fallback_SOURCES = tests/unit/files/test_copy_fallback.c
tests_unit_files_test_copy_fallback_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
tests_unit_files_test_copy_fallback_LDADD = tests/unit/libcopycase.la $(SECCOMP_LIBS)
tests_unit_files_test_copy_hostile_SOURCES = tests/unit/files/test_copy_hostile.c
tests_unit_files_test_copy_hostile_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_copy_identity_SOURCES = tests/unit/files/test_copy_identity.c
tests_unit_files_test_copy_identity_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_copy_kinds_SOURCES = tests/unit/files/test_copy_kinds.c
tests_unit_files_test_copy_kinds_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_copy_races_SOURCES = tests/unit/files/test_copy_races.c
tests_unit_files_test_copy_races_LDADD = tests/unit/libcopycase.la
tests_unit_files_test_tar_SOURCES = tests/unit/files/test_tar.c
tests_unit_files_test_tar_LDADD = tests/unit/libunit.la backends/files/libfiles.la lib/libutil.la
endif
