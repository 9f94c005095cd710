# The helper of warden-rootfs that unpacks archives and images; not built without its libraries.
if UNPACK
pkglibexec_PROGRAMS += client/unpack/unpack
client_unpack_unpack_SOURCES = \
	client/unpack/defaults.c \
	client/unpack/digest.c \
	client/unpack/digest.h \
	client/unpack/docker.c \
	client/unpack/image.c \
	client/unpack/image.h \
	client/unpack/layer.c \
	client/unpack/layer.h \
	client/unpack/oci.c \
	client/unpack/place.c \
	client/unpack/place.h \
	client/unpack/progress.c \
	client/unpack/progress.h \
	client/unpack/source.c \
	client/unpack/source.h \
	client/unpack/unpack.c \
	client/unpack/unpack_tree.c \
	client/unpack/unpack_tree.h
client_unpack_unpack_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(JANSSON_CFLAGS) $(NETTLE_CFLAGS)
client_unpack_unpack_LDADD = lib/libutil.la $(ARCHIVE_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS)
endif
