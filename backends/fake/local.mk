backend_LTLIBRARIES += backends/fake/fake.la
backends_fake_fake_la_SOURCES = \
	backends/fake/fake.c \
	backends/fake/fake.h \
	backends/fake/fake_clean.c \
	backends/fake/fake_container.c \
	backends/fake/fake_create.c \
	backends/fake/fake_destroy.c \
	backends/fake/fake_fault.c \
	backends/fake/fake_info.c \
	backends/fake/fake_init.c \
	backends/fake/fake_job.c \
	backends/fake/fake_limits.c \
	backends/fake/fake_restore.c \
	backends/fake/fake_transfer.c \
	backends/fake/fake_user.c
backends_fake_fake_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
backends_fake_fake_la_LDFLAGS = $(MODULE_LINK)
backends_fake_fake_la_LIBADD = backends/wshd/libwshdclient.la backends/files/libfiles.la lib/libutil.la \
	$(FAULT_LIBS) -lpthread
