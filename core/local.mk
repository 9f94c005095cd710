# The protocol's messages, generated; the client uses them too.
noinst_LTLIBRARIES += core/libwarden-proto.la
nodist_core_libwarden_proto_la_SOURCES = core/warden.pb-c.c core/warden.pb-c.h
core_libwarden_proto_la_CFLAGS = -std=gnu11 -fvisibility=hidden $(SANITIZER_CFLAGS) $(PROTOBUF_C_CFLAGS)
core_libwarden_proto_la_LIBADD = $(PROTOBUF_C_LIBS)
EXTRA_DIST += core/warden.proto
BUILT_SOURCES += core/warden.pb-c.h
CLEANFILES += core/warden.pb-c.c core/warden.pb-c.h

core/warden.pb-c.h: core/warden.pb-c.c
core/warden.pb-c.c: $(srcdir)/core/warden.proto
	$(AM_V_GEN)$(MKDIR_P) core && $(PROTOC_C) --proto_path=$(srcdir)/core --c_out=core $(srcdir)/core/warden.proto

# Everything of the daemon's but main, so that unit tests can link it.
noinst_LTLIBRARIES += core/libcore.la
core_libcore_la_SOURCES =
core_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(CAP_CFLAGS) $(CONFIG_CFLAGS) $(JANSSON_CFLAGS) \
	$(MICROHTTPD_CFLAGS) $(PROTOBUF_C_CFLAGS) $(UV_CFLAGS)
core_libcore_la_LIBADD = core/libwarden-proto.la $(CAP_LIBS) $(CONFIG_LIBS) $(JANSSON_LIBS) \
	$(LTDL_LIBS) $(UV_LIBS)

# Settings, log, pools, loading of the backend.
core_libcore_la_SOURCES += \
	core/address.c \
	core/address.h \
	core/check_host.c \
	core/check_host.h \
	core/config-files.c \
	core/config-internal.h \
	core/config-keys.c \
	core/config-klass.c \
	core/config-number.c \
	core/config-number.h \
	core/config-parse.c \
	core/config-pools.c \
	core/config-source.c \
	core/config-source.h \
	core/config-values.c \
	core/config.c \
	core/config.h \
	core/klass.c \
	core/klass.h \
	core/facts.c \
	core/facts.h \
	core/log.c \
	core/log.h \
	core/notify.c \
	core/notify.h \
	core/pool.c \
	core/pool.h \
	core/privilege.c \
	core/privilege.h \
	core/syslog.c \
	core/syslog.h \
	core/text.c \
	core/text.h \
	core/util.h

# The loop, requests, containers and their jobs.
core_libcore_la_SOURCES += \
	core/answer.c \
	core/clock.h \
	core/connection.c \
	core/connection.h \
	core/container.c \
	core/copy.c \
	core/copy.h \
	core/container.h \
	core/create_mounts.c \
	core/create_mounts.h \
	core/create_options.c \
	core/create_options.h \
	core/create_options_json.c \
	core/destroy.c \
	core/dispatch.c \
	core/environment.c \
	core/environment.h \
	core/events.c \
	core/download.c \
	core/download.h \
	core/events.h \
	core/frame.c \
	core/frame.h \
	core/grace.c \
	core/host.c \
	core/http.c \
	core/http.h \
	core/http_library.c \
	core/http_library.h \
	core/http_socket.c \
	core/hostname.c \
	core/hostname.h \
	core/idempotence.c \
	core/idempotence.h \
	core/identity.c \
	core/image.c \
	core/image.h \
	core/info.c \
	core/info.h \
	core/input.c \
	core/input.h \
	core/job.c \
	core/job.h \
	core/job_answer.c \
	core/job_answer.h \
	core/job_end.c \
	core/job_options.c \
	core/job_options.h \
	core/journal.c \
	core/journal.h \
	core/lease.c \
	core/lease.h \
	core/limits-change.c \
	core/limits-message.c \
	core/limits.c \
	core/limits.h \
	core/listener.c \
	core/metrics.c \
	core/metrics.h \
	core/metrics_head.c \
	core/metrics_head.h \
	core/metrics_page.c \
	core/metrics_page.h \
	core/log_lines.c \
	core/log_lines.h \
	core/message_text.h \
	core/pools.c \
	core/process_figures.c \
	core/process_figures.h \
	core/owner.c \
	core/ports.c \
	core/ports.h \
	core/recovery.c \
	core/registry.c \
	core/registry.h \
	core/remove.c \
	core/remove.h \
	core/request.h \
	core/requests/copy_in.c \
	core/requests/copy_out.c \
	core/requests/file_list.c \
	core/requests/file_read.c \
	core/requests/file_remove.c \
	core/requests/file_watch.c \
	core/requests/file_write.c \
	core/requests/tar_data.c \
	core/requests/tar_in.c \
	core/requests/tar_out.c \
	core/requests/create.c \
	core/requests/destroy.c \
	core/requests/echo.c \
	core/requests/events.c \
	core/requests/info.c \
	core/requests/job_control.c \
	core/requests/job_input.c \
	core/requests/jobs.c \
	core/requests/info_many.c \
	core/requests/limit.c \
	core/requests/limit_bandwidth.c \
	core/requests/limit_cpu.c \
	core/requests/limit_disk.c \
	core/requests/limit_memory.c \
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
	core/rules-change.c \
	core/rules-json.c \
	core/rules-message.c \
	core/rules.c \
	core/rules.h \
	core/scraper.c \
	core/scraper.h \
	core/server.c \
	core/server.h \
	core/snapshot.c \
	core/snapshot.h \
	core/start.c \
	core/start.h \
	core/stop.c \
	core/store.c \
	core/store.h \
	core/timer.c \
	core/transfer.c \
	core/transfer.h \
	core/ttl.c \
	core/upload.c \
	core/upload.h \
	core/varint.h \
	core/waiter.c \
	core/waiting.c

sbin_PROGRAMS += core/wardend
core_wardend_SOURCES = core/main.c
core_wardend_LDADD = core/libcore.la

# So that one target can be made in a fresh tree, too.
$(core_libcore_la_OBJECTS): core/warden.pb-c.h
