# The messages of the daemon's protocol, generated, and the list of requests; the client uses both
# too.
noinst_LTLIBRARIES += proto/libwarden-proto.la
proto_libwarden_proto_la_SOURCES = proto/requests.h
nodist_proto_libwarden_proto_la_SOURCES = proto/warden.pb-c.c proto/warden.pb-c.h
proto_libwarden_proto_la_CFLAGS = -std=gnu11 -fvisibility=hidden $(SANITIZER_CFLAGS) $(PROTOBUF_C_CFLAGS)
proto_libwarden_proto_la_LIBADD = $(PROTOBUF_C_LIBS)
wardendata_DATA += proto/warden.proto
EXTRA_DIST += proto/warden.proto
BUILT_SOURCES += proto/warden.pb-c.h
CLEANFILES += proto/warden.pb-c.c proto/warden.pb-c.h

proto/warden.pb-c.h: proto/warden.pb-c.c
proto/warden.pb-c.c: $(srcdir)/proto/warden.proto
	$(AM_V_GEN)$(MKDIR_P) proto && $(PROTOC_C) --proto_path=$(srcdir)/proto --c_out=proto $(srcdir)/proto/warden.proto
