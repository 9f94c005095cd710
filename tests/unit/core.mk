# Unit tests of the daemon's containers and their files.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test_remove
TESTS += tests/unit/test_remove

tests_unit_test_remove_SOURCES = tests/unit/test_remove.c
tests_unit_test_remove_LDADD = $(UNIT_LIBS)
endif
