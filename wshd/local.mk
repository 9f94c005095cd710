# wshd and wsh are static and small: built by a compiler of their own (WSHD_CC), so by rules of our own, each in one
# go. Sanitizers do not work in a static program; they are tested through their sockets.
WSHD_COMPILE = $(WSHD_CC) $(WSHD_CPPFLAGS) -D_GNU_SOURCE -I$(top_srcdir) -std=gnu11 -Os $(WARN_CFLAGS) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-static -s -Wl,--gc-sections -Wl,-z,noexecstack

WSHD_H = \
	wshd/account.h \
	wshd/budget.h \
	wshd/client.h \
	wshd/command.h \
	wshd/cpus.h \
	wshd/first.h \
	wshd/job.h \
	wshd/keeper.h \
	wshd/launch.h \
	wshd/limits.h \
	wshd/message.h \
	wshd/options.h \
	wshd/privileges.h \
	wshd/processes.h \
	wshd/protocol.h \
	wshd/relay.h \
	wshd/session.h \
	wshd/stop.h \
	wshd/terminal.h \
	wshd/title.h \
	wshd/wsh.h \
	wshd/wshd.h

WSHD_C = \
	wshd/account.c \
	wshd/budget.c \
	wshd/client.c \
	wshd/command.c \
	wshd/cpus.c \
	wshd/first.c \
	wshd/job.c \
	wshd/keeper.c \
	wshd/launch.c \
	wshd/limits.c \
	wshd/main.c \
	wshd/message.c \
	wshd/options.c \
	wshd/privileges.c \
	wshd/processes.c \
	wshd/relay.c \
	wshd/session.c \
	wshd/stop.c \
	wshd/terminal.c \
	wshd/title.c

WSH_C = \
	wshd/message.c \
	wshd/relay.c \
	wshd/wsh.c \
	wshd/wsh_connection.c \
	wshd/wsh_terminal.c

wshd/wshd: $(WSHD_C) $(WSHD_H) Makefile
	$(AM_V_CC)$(MKDIR_P) wshd && $(WSHD_COMPILE) -o $@ `for f in $(WSHD_C); do echo $(srcdir)/$$f; done`

wshd/wsh: $(WSH_C) $(WSHD_H) Makefile
	$(AM_V_CC)$(MKDIR_P) wshd && $(WSHD_COMPILE) -o $@ `for f in $(WSH_C); do echo $(srcdir)/$$f; done`

pkglibexec_SCRIPTS += wshd/wshd
bin_SCRIPTS += wshd/wsh
CLEANFILES += wshd/wshd wshd/wsh
EXTRA_DIST += $(WSHD_H) $(WSHD_C) $(WSH_C)
