backend_LTLIBRARIES += backends/fake/fake.la

backends_fake_fake_la_SOURCES = \
	backends/fake/container.c \
	backends/fake/create.c \
	backends/fake/destroy.c \
	backends/fake/fake.h \
	backends/fake/fault.c \
	backends/fake/info.c \
	backends/fake/init.c \
	backends/fake/job.c \
	backends/fake/klass.c \
	backends/fake/limits.c \
	backends/fake/restore.c \
	backends/fake/spawner.c \
	backends/fake/transfer.c \
	backends/fake/user.c \
	wshd/processes.c

backends_fake_fake_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
backends_fake_fake_la_LDFLAGS = $(MODULE_LINK)
backends_fake_fake_la_LIBADD = backends/common/libcommon.la backends/common/libcopy.la -lpthread
