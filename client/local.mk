# libwarden. Its objects are a convenience library, so that unit tests can call functions that it does not export.
noinst_LTLIBRARIES += client/libclient.la
client_libclient_la_SOURCES = \
	client/lib/client.c \
	client/lib/client_async.c \
	client/lib/client_frame.c \
	client/lib/client_frame.h \
	client/lib/client_interrupt.c \
	client/lib/client_private.h \
	client/lib/client_resume.c \
	client/lib/client_socket.c \
	client/lib/client_socket.h \
	client/lib/client_submitted.c \
	client/lib/message.c \
	client/lib/message.h \
	client/lib/message_field.c \
	client/lib/message_set.c \
	client/lib/message_types.c
client_libclient_la_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
client_libclient_la_LIBADD = proto/libwarden-proto.la

# The ABI, as in libwarden.map: current and age grow with new functions of client.h; if one is removed or
# changed age becomes 0.
lib_LTLIBRARIES += client/libwarden.la
client_libwarden_la_SOURCES =
client_libwarden_la_LIBADD = client/libclient.la
client_libwarden_la_LDFLAGS = $(AM_LDFLAGS) -version-info 2:0:1 \
	-Wl,--version-script=$(srcdir)/client/lib/libwarden.map
client_libwarden_la_DEPENDENCIES = client/libclient.la $(srcdir)/client/lib/libwarden.map
# Updates the linker's cache, so that the command finds the library; in a staged installation the packager does.
install-exec-hook:
	test -n "$(DESTDIR)" || ldconfig 2>/dev/null || :
wardeninclude_HEADERS += include/warden/client.h
pkgconfig_DATA += client/libwarden.pc
CLEANFILES += client/libwarden.pc
EXTRA_DIST += client/lib/libwarden.map client/lib/libwarden.pc.in

# Made by make, not by configure, because only make knows the directories.
client/libwarden.pc: $(srcdir)/client/lib/libwarden.pc.in Makefile
	$(AM_V_GEN)$(MKDIR_P) client && $(SED) \
		-e 's|@prefix[@]|$(prefix)|' -e 's|@includedir[@]|$(includedir)|' \
		-e 's|@libdir[@]|$(libdir)|' -e 's|@VERSION[@]|$(VERSION)|' \
		$(srcdir)/client/lib/libwarden.pc.in > $@

bin_PROGRAMS += client/warden
client_warden_SOURCES = \
	client/cli/arguments.c \
	client/cli/cli.h \
	client/cli/command_table.c \
	client/cli/complete.c \
	client/cli/completion.c \
	client/cli/habits.c \
	client/cli/help.c \
	client/cli/line.c \
	client/cli/manual.c \
	client/cli/near.c \
	client/cli/option_table.c \
	client/cli/options.c \
	client/cli/prompt.c \
	client/cli/repl.c \
	client/cli/repl.h \
	client/cli/script.c \
	client/cli/values.c \
	client/cli/warden.c \
	client/cli/commands/call.c \
	client/cli/commands/cmd_containers.c \
	client/cli/commands/cmd_copy.c \
	client/cli/commands/cmd_create.c \
	client/cli/commands/cmd_docker.c \
	client/cli/commands/cmd_doctor.c \
	client/cli/commands/cmd_each.c \
	client/cli/commands/cmd_exec.c \
	client/cli/commands/cmd_files.c \
	client/cli/commands/cmd_jobs.c \
	client/cli/commands/cmd_logs.c \
	client/cli/commands/cmd_shell.c \
	client/cli/commands/cmd_top.c \
	client/cli/commands/job_streams.c \
	client/cli/output/format.c \
	client/cli/output/json.c \
	client/cli/output/print.c \
	client/cli/output/print_lists.c \
	client/cli/output/print_text.c \
	client/cli/output/table.c
client_warden_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(EDIT_CFLAGS) $(SMARTCOLS_CFLAGS)
client_warden_LDADD = client/libclient.la lib/libutil.la $(JANSSON_LIBS) $(PROTOBUF_C_LIBS) -lm

include client/unpack/local.mk

# The installed script has the path of its helper.
bin_SCRIPTS += client/unpack/warden-rootfs
CLEANFILES += client/unpack/warden-rootfs
EXTRA_DIST += client/unpack/warden-rootfs.in
client/unpack/warden-rootfs: client/unpack/warden-rootfs.in Makefile
	$(AM_V_GEN)$(MKDIR_P) client/unpack && \
		$(SED) 's|@pkglibexecdir@|$(pkglibexecdir)|' $(srcdir)/client/unpack/warden-rootfs.in >$@.new && \
		chmod +x $@.new && mv $@.new $@

# So that a single target can be built in a fresh tree.
$(client_libclient_la_OBJECTS): proto/warden.pb-c.h

EXTRA_DIST += quickstart packages.txt scripts/build.sh scripts/daemon.sh scripts/install-packages
