# A backend's side of the wire to wshd.
noinst_LTLIBRARIES += backends/wshd/libwshdclient.la
backends_wshd_libwshdclient_la_SOURCES = \
	backends/wshd/wshd_arguments.c \
	backends/wshd/wshd_client.c \
	backends/wshd/wshd_client.h \
	backends/wshd/wshd_link.c \
	backends/wshd/wshd_queue.c \
	backends/wshd/wshd_queue.h \
	backends/wshd/wshd_spawn.c \
	proto/packet.c \
	proto/packet.h \
	proto/wshd_protocol.h
backends_wshd_libwshdclient_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
