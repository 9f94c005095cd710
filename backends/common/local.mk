# What the backends share; goes into each module.
noinst_LTLIBRARIES += backends/common/libcommon.la
backends_common_libcommon_la_SOURCES = \
	backends/common/fork.c \
	backends/common/fork.h \
	backends/common/message.c \
	backends/common/message.h \
	backends/common/transfer.c \
	backends/common/transfer.h \
	backends/common/transfer_child.c \
	backends/common/util.h \
	backends/common/watcher.c \
	backends/common/watcher.h \
	backends/common/wshd_arguments.c \
	backends/common/wshd_client.c \
	backends/common/wshd_client.h \
	backends/common/wshd_spawn.c \
	wshd/message.c \
	wshd/message.h
backends_common_libcommon_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
backends_common_libcommon_la_LIBADD = -lpthread

include backends/common/copy.mk
