# Functions that every part uses and that do not depend on warden.
noinst_LTLIBRARIES += lib/libutil.la
lib_libutil_la_SOURCES = \
	lib/address.c \
	lib/address.h \
	lib/cleanup.h \
	lib/clock.h \
	lib/environment.c \
	lib/environment.h \
	lib/fd_message.c \
	lib/fd_message.h \
	lib/fork.c \
	lib/fork.h \
	lib/hostname.c \
	lib/hostname.h \
	lib/inside.c \
	lib/inside.h \
	lib/name_set.c \
	lib/name_set.h \
	lib/owner.c \
	lib/owner.h \
	lib/patient.c \
	lib/patient.h \
	lib/pid_record.c \
	lib/pid_record.h \
	lib/probe.h \
	lib/process_tree.c \
	lib/process_tree.h \
	lib/remove_tree.c \
	lib/remove_tree.h \
	lib/shared_library.c \
	lib/shared_library.h \
	lib/spawner.c \
	lib/spawner.h \
	lib/start_status.h \
	lib/text.c \
	lib/text.h \
	lib/trace.c \
	lib/trace.h \
	lib/transient.h \
	lib/trusted_path.c \
	lib/trusted_path.h \
	lib/units.c \
	lib/units.h \
	lib/varint.h \
	lib/watcher.c \
	lib/watcher.h \
	lib/write_whole.h
lib_libutil_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
lib_libutil_la_LIBADD = -lpthread
