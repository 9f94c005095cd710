# The copy engine, a library of its own: it runs in short-lived processes.
noinst_LTLIBRARIES += backends/common/libcopy.la
backends_common_libcopy_la_SOURCES = \
	backends/common/copy.c \
	backends/common/copy.h \
	backends/common/copy_data.c \
	backends/common/copy_guard.c \
	backends/common/copy_identity.c \
	backends/common/copy_item.c \
	backends/common/copy_mode.c \
	backends/common/copy_path.c \
	backends/common/copy_place.c \
	backends/common/copy_private.h \
	backends/common/copy_report.c \
	backends/common/copy_walk.c \
	backends/common/file.c \
	backends/common/file.h \
	backends/common/file_list.c \
	backends/common/file_watch.c \
	backends/common/tar.h \
	backends/common/tar_entry.c \
	backends/common/tar_entry.h \
	backends/common/tar_format.h \
	backends/common/tar_read.c \
	backends/common/tar_write.c \
	backends/common/util.h \
	core/remove.c \
	core/remove.h \
	core/varint.h
