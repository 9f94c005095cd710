# Unit programs have fragments of their own; the functional cases of the fake backend are one test to
# make, `tests/run` runs all of them (see README.md).
TESTS += tests/functional.sh
EXTRA_DIST += .ci/run .clang-format scripts/compile-commands scripts/security-table .clang-tidy .cppcheck-suppressions \
	tests/functional.sh tests/run tests/lib tests/functional tests/escape tests/faults tests/load \
	tests/vm
# `check` is a target's name too, and make would take the file for it; in tests/linux there are objects.
dist-hook: dist-tests
dist-tests:
	cp -p $(srcdir)/check "$(distdir)/check"
	cp -p $(srcdir)/tests/linux/*.py $(srcdir)/tests/linux/probe.c $(srcdir)/tests/linux/attempts.h "$(distdir)/tests/linux"
	find "$(distdir)" -name __pycache__ -prune -exec rm -rf {} +
.PHONY: dist-tests check-functional
check-functional: all
	$(srcdir)/tests/run --build .
# The test kit for backends of third parties: the command, and below its directory the part of tests/ and the
# Python client that it needs, in the places of this tree.
kitdir = $(wardendatadir)/backend-test
KIT_FILES = \
	contrib/python/warden/__init__.py \
	contrib/python/warden/messages.py \
	contrib/python/warden/resume.py \
	contrib/python/warden/wire.py \
	tests/lsan.supp \
	tests/lib/build.py \
	tests/lib/case.py \
	tests/lib/command.py \
	tests/lib/daemon.py \
	tests/lib/expect.py \
	tests/lib/hosts.py \
	tests/lib/images.py \
	tests/lib/kernel.py \
	tests/lib/leaks.py \
	tests/lib/module.py \
	tests/lib/prometheus.py \
	tests/lib/rootfs.py \
	tests/lib/runner.py \
	tests/lib/web.py \
	tests/lib/wire.py \
	tests/lib/world.py \
	tests/functional/wire/test_client_bounds.py \
	tests/functional/wire/test_concurrency.py \
	tests/functional/wire/test_events.py \
	tests/functional/wire/test_framing.py \
	tests/functional/wire/test_handles.py \
	tests/functional/wire/test_hostile_clients.py \
	tests/functional/wire/test_pipelining.py \
	tests/functional/wire/test_waiters.py \
	tests/functional/container/test_create.py \
	tests/functional/container/test_create_options.py \
	tests/functional/container/test_destroy.py \
	tests/functional/container/test_destroy_stuck.py \
	tests/functional/container/test_grace_time.py \
	tests/functional/container/test_info.py \
	tests/functional/container/test_info_many.py \
	tests/functional/container/test_limits.py \
	tests/functional/container/test_list.py \
	tests/functional/container/test_pause.py \
	tests/functional/container/test_rules.py \
	tests/functional/container/test_states.py \
	tests/functional/container/test_stop.py \
	tests/functional/job/test_backpressure.py \
	tests/functional/job/test_ends.py \
	tests/functional/job/test_job_command.py \
	tests/functional/job/test_job_group.py \
	tests/functional/job/test_job_input.py \
	tests/functional/job/test_job_output.py \
	tests/functional/job/test_job_requests.py \
	tests/functional/job/test_job_terminal.py \
	tests/functional/job/test_jobs.py \
	tests/functional/job/test_output.py \
	tests/functional/job/test_rlimits.py \
	tests/functional/files/test_copies.py \
	tests/functional/files/test_copy_swaps.py \
	tests/functional/files/test_file_watch.py \
	tests/functional/files/test_files.py \
	tests/functional/files/test_tar.py
nobase_kit_DATA = $(KIT_FILES)
nobase_kit_SCRIPTS = tests/run
bin_SCRIPTS += tests/warden-backend-test
CLEANFILES += tests/warden-backend-test
EXTRA_DIST += tests/warden-backend-test.in
tests/warden-backend-test: tests/warden-backend-test.in Makefile
	$(AM_V_GEN)$(MKDIR_P) tests && \
		$(SED) -e 's|@bindir[@]|$(bindir)|' -e 's|@sbindir[@]|$(sbindir)|' \
			-e 's|@backenddir[@]|$(backenddir)|' -e 's|@kitdir[@]|$(kitdir)|' \
			$(srcdir)/tests/warden-backend-test.in >$@.new && \
		chmod +x $@.new && mv $@.new $@

include tests/linux/local.mk
EXTRA_DIST += tests/lsan.supp
EXTRA_DIST += tests/upgrade/run tests/upgrade/test_upgrade.py tests/package/run tests/package/inside
AM_TESTS_ENVIRONMENT = \
	LSAN_OPTIONS=suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0; \
	export LSAN_OPTIONS;
include tests/unit/core/config.mk
include tests/unit/client/local.mk
include tests/unit/files/local.mk
include tests/unit/core/local.mk
include tests/unit/wshd/local.mk
include tests/fuzz/local.mk
