# libwarden, a convenience library until it is published: then the name loses its `noinst`, the header
# goes to wardeninclude_HEADERS and a .pc file joins the other one.
noinst_LTLIBRARIES += client/libwarden.la
client_libwarden_la_SOURCES = include/warden/client.h \
	client/client.c client/field.c client/frame.c client/frame.h client/message.c client/message.h \
	client/message-set.c client/socket.c client/socket.h client/types.c
client_libwarden_la_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
client_libwarden_la_LIBADD = core/libwarden-proto.la

bin_PROGRAMS += client/warden
client_warden_SOURCES = client/command.h client/commands.c client/warden.c \
	client/arguments.c client/call.c client/exec.c client/help.c client/jobs.c client/json.c \
	client/list.c client/near.c client/options.c client/print.c client/quote.c client/script.c \
	client/shell.c client/text.c
client_warden_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
client_warden_LDADD = client/libwarden.la $(JANSSON_LIBS) -lm

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
$(client_libwarden_la_OBJECTS): core/warden.pb-c.h

EXTRA_DIST += quickstart packages.txt scripts/daemon.sh scripts/install-packages
