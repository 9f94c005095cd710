# Unit tests of libwarden; libunit.la is made by config.mk.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/client/test_client
TESTS += tests/unit/client/test_client
tests_unit_client_test_client_SOURCES = tests/unit/client/test_client.c
tests_unit_client_test_client_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
tests_unit_client_test_client_LDADD = tests/unit/libunit.la client/libclient.la -lpthread

check_PROGRAMS += tests/unit/client/test_client_async
TESTS += tests/unit/client/test_client_async
tests_unit_client_test_client_async_SOURCES = tests/unit/client/test_client_async.c
tests_unit_client_test_client_async_LDADD = tests/unit/libunit.la client/libclient.la

check_PROGRAMS += tests/unit/client/test_client_resume
TESTS += tests/unit/client/test_client_resume
tests_unit_client_test_client_resume_SOURCES = tests/unit/client/test_client_resume.c
tests_unit_client_test_client_resume_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
tests_unit_client_test_client_resume_LDADD = tests/unit/libunit.la client/libclient.la -lpthread
endif
