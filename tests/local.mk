# Unit programs have fragments of their own; the functional cases of the fake backend are one test to
# make, `tests/run` runs all of them (see README.md).
TESTS += tests/functional.sh
EXTRA_DIST += .ci/run .clang-format scripts/compile-commands .clang-tidy .cppcheck-suppressions \
	tests/functional.sh tests/run tests/lib tests/functional tests/vm
# `check` is a target's name too, and make would take the file for it; in tests/linux there are objects.
dist-hook: dist-tests
dist-tests:
	cp -p $(srcdir)/check "$(distdir)/check"
	cp -p $(srcdir)/tests/linux/*.py $(srcdir)/tests/linux/probe.c "$(distdir)/tests/linux"
	find "$(distdir)" -name __pycache__ -prune -exec rm -rf {} +
.PHONY: dist-tests check-functional
check-functional: all
	$(srcdir)/tests/run --build .
include tests/linux/local.mk
EXTRA_DIST += tests/lsan.supp
AM_TESTS_ENVIRONMENT = \
	LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0; \
	export LSAN_OPTIONS;
include tests/unit/core/config.mk
include tests/unit/client/local.mk
include tests/unit/files/local.mk
include tests/unit/core/local.mk
include tests/unit/wshd/local.mk
