# Copies, tar streams and single files, a library of its own: it runs in short-lived processes.
noinst_LTLIBRARIES += backends/files/libfiles.la
backends_files_libfiles_la_SOURCES = \
	backends/files/copy.c \
	backends/files/copy.h \
	backends/files/copy_data.c \
	backends/files/copy_guard.c \
	backends/files/copy_identity.c \
	backends/files/copy_item.c \
	backends/files/copy_mode.c \
	backends/files/copy_path.c \
	backends/files/copy_place.c \
	backends/files/copy_private.h \
	backends/files/copy_report.c \
	backends/files/copy_walk.c \
	backends/files/directory_list.c \
	backends/files/file_ops.c \
	backends/files/file_ops.h \
	backends/files/file_transfer.c \
	backends/files/file_transfer.h \
	backends/files/file_transfer_child.c \
	backends/files/inotify_watch.c \
	backends/files/tar.h \
	backends/files/tar_entry.c \
	backends/files/tar_entry.h \
	backends/files/tar_format.h \
	backends/files/tar_read.c \
	backends/files/tar_sparse.c \
	backends/files/tar_sparse.h \
	backends/files/tar_write.c
backends_files_libfiles_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
