# Unit tests of settings, log, pools, loading of the backend; and what all unit programs share.
if HAVE_CUNIT
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = tests/unit/unit.c tests/unit/unit.h
tests_unit_libunit_la_CPPFLAGS = $(AM_CPPFLAGS) $(CUNIT_CFLAGS)
tests_unit_libunit_la_LIBADD = $(CUNIT_LIBS)

UNIT_LIBS = tests/unit/libunit.la core/libcore.la

CONFIG_TESTS = \
	tests/unit/lib/test_address \
	tests/unit/core/test_config \
	tests/unit/core/test_config_backend \
	tests/unit/core/test_config_numbers \
	tests/unit/core/test_backend_load \
	tests/unit/core/test_log \
	tests/unit/core/test_notify \
	tests/unit/core/test_pool \
	tests/unit/core/test_privilege \
	tests/unit/lib/test_text \
	tests/unit/lib/test_units \
	tests/unit/lib/test_inside \
	tests/unit/lib/test_trusted_path
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)

tests_unit_lib_test_address_SOURCES = tests/unit/lib/test_address.c
tests_unit_lib_test_address_LDADD = $(UNIT_LIBS)
tests_unit_core_test_config_SOURCES = tests/unit/core/test_config.c
tests_unit_core_test_config_CPPFLAGS = $(AM_CPPFLAGS) $(CONFIG_CFLAGS) -DSOURCE_DIRECTORY='"$(abs_top_srcdir)"'
tests_unit_core_test_config_LDADD = $(UNIT_LIBS)
tests_unit_core_test_config_backend_SOURCES = tests/unit/core/test_config_backend.c
tests_unit_core_test_config_backend_CPPFLAGS = $(AM_CPPFLAGS) $(CONFIG_CFLAGS)
tests_unit_core_test_config_backend_LDADD = $(UNIT_LIBS)
tests_unit_core_test_config_numbers_SOURCES = tests/unit/core/test_config_numbers.c
tests_unit_core_test_config_numbers_LDADD = $(UNIT_LIBS)
tests_unit_core_test_backend_load_SOURCES = tests/unit/core/test_backend_load.c
tests_unit_core_test_backend_load_CPPFLAGS = $(AM_CPPFLAGS) -DMODULE_DIRECTORY='"$(abs_top_builddir)/tests/unit/modules/.libs"'
tests_unit_core_test_backend_load_LDADD = $(UNIT_LIBS)
EXTRA_tests_unit_core_test_backend_load_DEPENDENCIES = $(TEST_MODULES)
tests_unit_core_test_log_SOURCES = tests/unit/core/test_log.c
tests_unit_core_test_log_LDADD = $(UNIT_LIBS) -lpthread
tests_unit_core_test_notify_SOURCES = tests/unit/core/test_notify.c
tests_unit_core_test_notify_LDADD = $(UNIT_LIBS)
tests_unit_core_test_pool_SOURCES = tests/unit/core/test_pool.c
tests_unit_core_test_pool_LDADD = $(UNIT_LIBS)
tests_unit_core_test_privilege_SOURCES = tests/unit/core/test_privilege.c
tests_unit_core_test_privilege_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_text_SOURCES = tests/unit/lib/test_text.c
tests_unit_lib_test_text_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_units_SOURCES = tests/unit/lib/test_units.c
tests_unit_lib_test_units_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_inside_SOURCES = tests/unit/lib/test_inside.c
tests_unit_lib_test_inside_LDADD = $(UNIT_LIBS)
tests_unit_lib_test_trusted_path_SOURCES = tests/unit/lib/test_trusted_path.c
tests_unit_lib_test_trusted_path_LDADD = $(UNIT_LIBS)

# One good module and its faulty siblings.
TEST_MODULES = \
	tests/unit/modules/bad_option.la \
	tests/unit/modules/good.la \
	tests/unit/modules/missing_operation.la \
	tests/unit/modules/newer.la \
	tests/unit/modules/no_cancel.la \
	tests/unit/modules/no_name.la \
	tests/unit/modules/no_symbol.la \
	tests/unit/modules/older.la \
	tests/unit/modules/reserved_name.la \
	tests/unit/modules/tiny.la \
	tests/unit/modules/undefined_function.la \
	tests/unit/modules/wrong_abi.la
check_LTLIBRARIES += $(TEST_MODULES)

# libtool makes a shared object that is not installed only if it is given a directory for it.
TEST_MODULE_LINK = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

tests_unit_modules_good_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_good_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_bad_option_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_bad_option_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_BAD_OPTION
tests_unit_modules_bad_option_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_missing_operation_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_missing_operation_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_SPAWN=NULL
tests_unit_modules_missing_operation_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_no_name_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_no_name_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_NAME=NULL
tests_unit_modules_no_name_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_no_symbol_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_no_symbol_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_SYMBOL=something_else
tests_unit_modules_no_symbol_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_reserved_name_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_reserved_name_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_NAME='"server"'
tests_unit_modules_reserved_name_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_tiny_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_tiny_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_SIZE=8
tests_unit_modules_tiny_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_undefined_function_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_undefined_function_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_UNDEFINED_FUNCTION
tests_unit_modules_undefined_function_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_wrong_abi_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_wrong_abi_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_ABI=999
tests_unit_modules_wrong_abi_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_newer_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_newer_la_CPPFLAGS = $(AM_CPPFLAGS) '-DWITH_SIZE=(sizeof(struct warden_container_klass)+64)'
tests_unit_modules_newer_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_older_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_older_la_CPPFLAGS = $(AM_CPPFLAGS) '-DWITH_SIZE=offsetof(struct warden_container_klass,detach)'
tests_unit_modules_older_la_LDFLAGS = $(TEST_MODULE_LINK)
tests_unit_modules_no_cancel_la_SOURCES = tests/unit/modules/module.c
tests_unit_modules_no_cancel_la_CPPFLAGS = $(AM_CPPFLAGS) -DWITH_TRANSFER
tests_unit_modules_no_cancel_la_LDFLAGS = $(TEST_MODULE_LINK)
endif
