# Everything of the daemon's but main, so that unit tests can link it.
noinst_LTLIBRARIES += core/libcore.la
core_libcore_la_SOURCES =
core_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(CAP_CFLAGS) $(CONFIG_CFLAGS) $(JANSSON_CFLAGS) \
	$(MICROHTTPD_CFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)
core_libcore_la_LIBADD = lib/libutil.la proto/libwarden-proto.la $(CAP_LIBS) $(CONFIG_LIBS) $(JANSSON_LIBS) \
	$(LTDL_LIBS) $(UV_LIBS)

# The daemon as a whole: server, log, service manager, privileges.
core_libcore_la_SOURCES += \
	core/activation.c \
	core/audit.c \
	core/audit.h \
	core/activation.h \
	core/container_subjects.c \
	core/descriptors.c \
	core/descriptors.h \
	core/log.c \
	core/log_limit.c \
	core/log_limit.h \
	core/log.h \
	core/notify.c \
	core/notify.h \
	core/privilege.c \
	core/privilege.h \
	core/hung_work.c \
	core/hung_work.h \
	core/reload.c \
	core/reload.h \
	core/request_handlers.c \
	core/server.c \
	core/server.h \
	core/syslog.c \
	core/syslog.h \
	core/timer.c \
	core/workers.c \
	core/workers.h

# Loading of backends, and what they call.
core_libcore_la_SOURCES += \
	core/backend/backend_call.c \
	core/backend/backend_call.h \
	core/backend/backend_events.c \
	core/backend/backend_events.h \
	core/backend/backend_host.c \
	core/backend/backend_load.c \
	core/backend/backend_load.h \
	core/backend/backend_struct.h \
	core/backend/check_host.c \
	core/backend/check_host.h \
	core/backend/facts.c \
	core/backend/facts.h

# wardend --clean.
core_libcore_la_SOURCES += \
	core/clean/clean.c \
	core/clean/clean.h \
	core/clean/clean_depot.c \
	core/clean/clean_private.h \
	core/clean/clean_remove.c \
	core/clean/clean_report.c

# Settings.
core_libcore_la_SOURCES += \
	core/config/config.c \
	core/config/config.h \
	core/config/config_access.c \
	core/config/config_backend.c \
	core/config/config_files.c \
	core/config/config_keys.c \
	core/config/config_number.c \
	core/config/config_number.h \
	core/config/config_parse.c \
	core/config/config_pools.c \
	core/config/config_subids.c \
	core/config/config_reload.c \
	core/config/config_private.h \
	core/config/config_source.c \
	core/config/config_source.h \
	core/config/config_values.c \
	core/config/config_yaml.c

# Containers.
core_libcore_la_SOURCES += \
	core/container/container.c \
	core/container/container.h \
	core/container/container_destroy.c \
	core/container/container_info.c \
	core/container/container_info.h \
	core/container/container_save.c \
	core/container/container_stop.c \
	core/container/destroy_files.c \
	core/container/destroy_files.h \
	core/container/ending.c \
	core/container/container_subject.h \
	core/container/container_waiters.c \
	core/container/create_mounts.c \
	core/container/create_mounts.h \
	core/container/create_options.c \
	core/container/create_options.h \
	core/container/create_options_json.c \
	core/container/grace.c \
	core/container/client_rights.c \
	core/container/client_rights.h \
	core/container/prepared.c \
	core/container/prepared.h \
	core/container/prepared_room.c \
	core/container/prepared_room.h \
	core/container/prepared_source.c \
	core/container/prepared_source.h \
	core/container/image_defaults.c \
	core/container/image_defaults.h \
	core/container/registry.c \
	core/container/registry.h \
	core/container/ttl.c

# HTTP server and metrics.
core_libcore_la_SOURCES += \
	core/health/history.c \
	core/health/history.h \
	core/health/http.c \
	core/health/http.h \
	core/health/http_library.c \
	core/health/http_library.h \
	core/health/http_socket.c \
	core/health/metrics.c \
	core/health/metrics.h \
	core/health/metrics_head.c \
	core/health/metrics_head.h \
	core/health/metrics_page.c \
	core/health/metrics_page.h \
	core/health/process_figures.c \
	core/health/process_figures.h \
	core/health/scraper.c \
	core/health/scraper.h \
	core/health/status_facts.c \
	core/health/status_facts.h \
	core/health/ui.c \
	core/health/ui.h \
	core/health/ui_state.c \
	core/health/ui_state.h
nodist_core_libcore_la_SOURCES = core/health/ui_page.c
CLEANFILES += core/health/ui_page.c
EXTRA_DIST += core/health/ui.html

# The page as an array of bytes.
core/health/ui_page.c: $(srcdir)/core/health/ui.html
	$(AM_V_GEN)$(MKDIR_P) core/health; { echo '#include "core/health/ui.h"'; \
	echo 'const unsigned char ui_page[] = {'; \
	od -An -v -tx1 $(srcdir)/core/health/ui.html | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	echo '};'; echo 'const size_t ui_page_length = sizeof(ui_page);'; } >$@.tmp && mv $@.tmp $@

# Jobs and their output.
core_libcore_la_SOURCES += \
	core/job/cpu_lease.c \
	core/job/cpu_lease.h \
	core/job/job.c \
	core/job/job.h \
	core/job/job_answer.c \
	core/job/job_answer.h \
	core/job/job_deadline.c \
	core/job/job_end.c \
	core/job/job_options.c \
	core/job/job_options.h \
	core/job/job_start.c \
	core/job/job_start.h \
	core/job/job_stdin.c \
	core/job/job_stdin.h \
	core/job/job_waiter.c \
	core/job/output_store.c \
	core/job/output_store.h \
	core/job/output_syslog.c \
	core/job/output_syslog.h

# Limits.
core_libcore_la_SOURCES += \
	core/limits/limits.c \
	core/limits/limits.h \
	core/limits/limits_change.c \
	core/limits/limits_message.c

# Pools of networks, uids and ports.
core_libcore_la_SOURCES += \
	core/pools/pool.c \
	core/pools/pool.h \
	core/pools/pools.c \
	core/pools/ports.c \
	core/pools/ports.h

# A file a request.
core_libcore_la_SOURCES += \
	core/requests/copy_in.c \
	core/requests/copy_out.c \
	core/requests/create.c \
	core/requests/create_adopt.c \
	core/requests/create_room.c \
	core/requests/creation.h \
	core/requests/destroy.c \
	core/requests/echo.c \
	core/requests/events.c \
	core/requests/file_list.c \
	core/requests/file_read.c \
	core/requests/file_remove.c \
	core/requests/file_watch.c \
	core/requests/file_write.c \
	core/requests/info.c \
	core/requests/info_many.c \
	core/requests/job_control.c \
	core/requests/job_input.c \
	core/requests/jobs.c \
	core/requests/limit.c \
	core/requests/limit_disk.c \
	core/requests/limit_resources.c \
	core/requests/link.c \
	core/requests/list.c \
	core/requests/net_in.c \
	core/requests/net_list.c \
	core/requests/net_out.c \
	core/requests/net_remove.c \
	core/requests/net_replace.c \
	core/requests/pause.c \
	core/requests/ping.c \
	core/requests/spawn.c \
	core/requests/spawn_pair.c \
	core/requests/status.c \
	core/requests/stop.c \
	core/requests/tar_data.c \
	core/requests/tar_in.c \
	core/requests/tar_out.c

# Network rules.
core_libcore_la_SOURCES += \
	core/rules/rules.c \
	core/rules/rules.h \
	core/rules/rules_change.c \
	core/rules/rules_json.c \
	core/rules/rules_message.c

# State on disk.
core_libcore_la_SOURCES += \
	core/state/depot_lock.c \
	core/state/depot_lock.h \
	core/state/depot_spread.c \
	core/state/depot_spread.h \
	core/state/idempotence.c \
	core/state/idempotence.h \
	core/state/identity.c \
	core/state/job_json.c \
	core/state/job_json.h \
	core/state/job_log.c \
	core/state/job_log.h \
	core/state/journal.c \
	core/state/journal.h \
	core/state/json_bytes.c \
	core/state/json_bytes.h \
	core/state/recovery.c \
	core/state/recovery.h \
	core/state/recovery_ask.c \
	core/state/recovery_load.c \
	core/state/set_aside.c \
	core/state/set_aside.h \
	core/state/snapshot.c \
	core/state/snapshot.h \
	core/state/state_file.c \
	core/state/state_file.h

# Files in and out.
core_libcore_la_SOURCES += \
	core/transfer/copy_request.c \
	core/transfer/copy_request.h \
	core/transfer/download.c \
	core/transfer/download.h \
	core/transfer/transfer.c \
	core/transfer/transfer.h \
	core/transfer/transfer_reports.c \
	core/transfer/transfer_reports.h \
	core/transfer/upload.c \
	core/transfer/upload.h

# Connections, frames, dispatch.
core_libcore_la_SOURCES += \
	core/wire/access.c \
	core/wire/access.h \
	core/wire/access_review.c \
	core/wire/client_account.c \
	core/wire/client_account.h \
	core/wire/answer.c \
	core/wire/connection.c \
	core/wire/connection.h \
	core/wire/dispatch.c \
	core/wire/file_sender.c \
	core/wire/file_sender.h \
	core/wire/frame.c \
	core/wire/frame.h \
	core/wire/listener.c \
	core/wire/message_text.h \
	core/wire/request.h \
	core/wire/request_text.c

sbin_PROGRAMS += core/wardend
core_wardend_SOURCES = core/main.c
core_wardend_LDADD = core/libcore.la $(FAULT_CORE_LIBS)
core_wardend_LDFLAGS = $(AM_LDFLAGS) $(FAULT_LDFLAGS)

# warden-gc is another name of the daemon.
install-exec-local: install-sbinPROGRAMS
	cd $(DESTDIR)$(sbindir) && ln -sf wardend warden-gc
uninstall-local: uninstall-warden-gc
uninstall-warden-gc:
	rm -f $(DESTDIR)$(sbindir)/warden-gc
.PHONY: uninstall-warden-gc

# So that one target can be made in a fresh tree, too.
$(core_libcore_la_OBJECTS): proto/warden.pb-c.h
