# libwarden. Its parts are a library of their own, so that unit tests reach what it does not export.
noinst_LTLIBRARIES += client/libclient.la
client_libclient_la_SOURCES = client/async.c client/client.c client/field.c client/frame.c client/frame.h \
	client/message.c client/message.h client/message-set.c client/private.h client/socket.c \
	client/socket.h client/types.c
client_libclient_la_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
client_libclient_la_LIBADD = core/libwarden-proto.la

# The ABI's number, as in libwarden.map: raised when something of client.h goes or changes.
lib_LTLIBRARIES += client/libwarden.la
client_libwarden_la_SOURCES =
client_libwarden_la_LIBADD = client/libclient.la
client_libwarden_la_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 \
	-Wl,--version-script=$(srcdir)/client/libwarden.map
client_libwarden_la_DEPENDENCIES = client/libclient.la $(srcdir)/client/libwarden.map
# So that the command finds it where the linker does not look by itself; in a staged installation that is
# the packager's.
install-exec-hook:
	test -n "$(DESTDIR)" || ldconfig 2>/dev/null || :
wardeninclude_HEADERS += include/warden/client.h
pkgconfig_DATA += client/libwarden.pc
CLEANFILES += client/libwarden.pc
EXTRA_DIST += client/libwarden.map client/libwarden.pc.in

# Made by make, not by configure: the directories are only known then.
client/libwarden.pc: $(srcdir)/client/libwarden.pc.in Makefile
	$(AM_V_GEN)$(MKDIR_P) client && $(SED) \
		-e 's|@prefix[@]|$(prefix)|' -e 's|@includedir[@]|$(includedir)|' \
		-e 's|@libdir[@]|$(libdir)|' -e 's|@VERSION[@]|$(VERSION)|' \
		$(srcdir)/client/libwarden.pc.in > $@

bin_PROGRAMS += client/warden
client_warden_SOURCES = client/command.h client/repl.h client/warden.c \
	client/commands.c client/fields.c client/arguments.c client/options.c client/values.c \
	client/script.c client/near.c client/help.c client/manual.c client/complete.c \
	client/completion.c client/line.c client/prompt.c client/repl.c \
	client/call.c client/containers.c client/copy.c client/doctor.c client/exec.c client/files.c \
	client/jobs.c client/session.c client/shell.c client/top.c \
	client/format.c client/json.c client/print.c client/print_more.c client/table.c client/text.c
client_warden_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(EDIT_CFLAGS)
client_warden_LDADD = client/libwarden.la $(JANSSON_LIBS) $(EDIT_LIBS) -lm

include client/unpack/local.mk

# Installed, it knows where its helper is.
bin_SCRIPTS += client/unpack/warden-rootfs
CLEANFILES += client/unpack/warden-rootfs
EXTRA_DIST += client/warden-rootfs
client/unpack/warden-rootfs: client/warden-rootfs Makefile
	$(AM_V_GEN)$(MKDIR_P) client/unpack && \
		$(SED) 's|@pkglibexecdir@|$(pkglibexecdir)|' $(srcdir)/client/warden-rootfs >$@.new && \
		chmod +x $@.new && mv $@.new $@

# So that one target can be made in a fresh tree, too.
$(client_libclient_la_OBJECTS): core/warden.pb-c.h

EXTRA_DIST += quickstart packages.txt scripts/daemon.sh scripts/install-packages
