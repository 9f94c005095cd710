# Unit tests of wshd and of the backends' parts that talk to it.
if HAVE_CUNIT
check_LTLIBRARIES += tests/unit/libwshdcase.la
tests_unit_libwshdcase_la_SOURCES = tests/unit/wshd/wshd_case.c tests/unit/wshd/wshd_case.h
tests_unit_libwshdcase_la_CPPFLAGS = $(AM_CPPFLAGS) -DWSHD='"$(abs_top_builddir)/wshd/wshd"'
tests_unit_libwshdcase_la_LIBADD = tests/unit/libunit.la backends/wshd/libwshdclient.la lib/libutil.la

WSHD_TESTS = tests/unit/wshd/test_fake tests/unit/wshd/test_wshd tests/unit/wshd/test_wshd_command \
	tests/unit/wshd/test_wshd_hostile tests/unit/wshd/test_wshd_limits tests/unit/wshd/test_wshd_queue \
	tests/unit/wshd/test_wshd_terminal
check_PROGRAMS += $(WSHD_TESTS)
TESTS += $(WSHD_TESTS)

tests_unit_wshd_test_fake_SOURCES = \
	tests/unit/wshd/backend_case.c \
	tests/unit/wshd/backend_case.h \
	tests/unit/wshd/test_fake.c
tests_unit_wshd_test_fake_CPPFLAGS = $(AM_CPPFLAGS) -DWSHD='"$(abs_top_builddir)/wshd/wshd"' \
	-DFAKE='"$(abs_top_builddir)/backends/fake/.libs/fake.so"'
tests_unit_wshd_test_fake_LDADD = tests/unit/libunit.la -lpthread
EXTRA_tests_unit_wshd_test_fake_DEPENDENCIES = wshd/wshd backends/fake/fake.la
tests_unit_wshd_test_wshd_SOURCES = tests/unit/wshd/test_wshd.c
tests_unit_wshd_test_wshd_LDADD = tests/unit/libwshdcase.la
EXTRA_tests_unit_wshd_test_wshd_DEPENDENCIES = wshd/wshd
tests_unit_wshd_test_wshd_command_SOURCES = tests/unit/wshd/test_wshd_command.c
tests_unit_wshd_test_wshd_command_LDADD = tests/unit/libwshdcase.la
EXTRA_tests_unit_wshd_test_wshd_command_DEPENDENCIES = wshd/wshd
tests_unit_wshd_test_wshd_hostile_SOURCES = tests/unit/wshd/test_wshd_hostile.c
tests_unit_wshd_test_wshd_hostile_LDADD = tests/unit/libwshdcase.la
EXTRA_tests_unit_wshd_test_wshd_hostile_DEPENDENCIES = wshd/wshd
tests_unit_wshd_test_wshd_limits_SOURCES = tests/unit/wshd/test_wshd_limits.c
tests_unit_wshd_test_wshd_limits_LDADD = tests/unit/libwshdcase.la
EXTRA_tests_unit_wshd_test_wshd_limits_DEPENDENCIES = wshd/wshd
tests_unit_wshd_test_wshd_queue_SOURCES = tests/unit/wshd/test_wshd_queue.c
tests_unit_wshd_test_wshd_queue_LDADD = tests/unit/libunit.la backends/wshd/libwshdclient.la lib/libutil.la
tests_unit_wshd_test_wshd_terminal_SOURCES = tests/unit/wshd/test_wshd_terminal.c
tests_unit_wshd_test_wshd_terminal_LDADD = tests/unit/libwshdcase.la
EXTRA_tests_unit_wshd_test_wshd_terminal_DEPENDENCIES = wshd/wshd
endif
