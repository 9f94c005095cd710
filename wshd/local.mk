# wshd and wsh are static and small. They have their own compiler (WSHD_CC) and their own rules, one command each.
# Sanitizers do not work in a static program; tests reach both programs through their sockets.
WSHD_COMPILE = $(WSHD_CC) $(WSHD_CPPFLAGS) -D_GNU_SOURCE -I$(top_srcdir) -std=gnu11 -Os $(WARN_CFLAGS) $(WERROR_CFLAGS) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-static $(WSHD_STRIP) -Wl,--gc-sections -Wl,-z,noexecstack

# A build with fault injection says where a call came from.
if FAULT_INJECTION
WSHD_STRIP =
else
WSHD_STRIP = -s
endif

WSHD_H = \
	lib/process_tree.h \
	proto/packet.h \
	proto/wshd_protocol.h \
	wshd/call_filter.h \
	wshd/job_score.h \
	wshd/job_table.h \
	wshd/keeper/account.h \
	wshd/keeper/cpu_list.h \
	wshd/keeper/job_command.h \
	wshd/keeper/job_process.h \
	wshd/keeper/job_program.h \
	wshd/keeper/job_terminal.h \
	wshd/keeper/keeper.h \
	wshd/keeper/keeper_launch.h \
	wshd/keeper/program_file.h \
	wshd/keeper/rlimits.h \
	wshd/keeper/time_budget.h \
	wshd/privileges.h \
	wshd/process_title.h \
	wshd/pty.h \
	wshd/relay.h \
	wshd/shell/wsh.h \
	wshd/wshd.h \
	wshd/wshd_connections.h \
	wshd/wshd_options.h \
	wshd/wshd_stop.h

WSHD_C = \
	lib/process_tree.c \
	proto/packet.c \
	wshd/call_filter.c \
	wshd/job_score.c \
	wshd/job_table.c \
	wshd/keeper/account.c \
	wshd/keeper/cpu_list.c \
	wshd/keeper/job_command.c \
	wshd/keeper/job_process.c \
	wshd/keeper/job_program.c \
	wshd/keeper/job_terminal.c \
	wshd/keeper/keeper.c \
	wshd/keeper/keeper_launch.c \
	wshd/keeper/program_file.c \
	wshd/keeper/rlimits.c \
	wshd/keeper/time_budget.c \
	wshd/privileges.c \
	wshd/process_title.c \
	wshd/pty.c \
	wshd/relay.c \
	wshd/wshd.c \
	wshd/wshd_connections.c \
	wshd/wshd_options.c \
	wshd/wshd_stop.c

WSH_C = \
	proto/packet.c \
	wshd/relay.c \
	wshd/shell/wsh.c \
	wshd/shell/wsh_connection.c \
	wshd/shell/wsh_terminal.c

wshd/wshd: $(WSHD_C) $(WSHD_H) $(FAULT_WSHD) Makefile
	$(AM_V_CC)$(MKDIR_P) wshd && $(WSHD_COMPILE) -DFAULT_MODULE='"wshd"' $(FAULT_LDFLAGS) -o $@ \
		`for f in $(WSHD_C) $(FAULT_WSHD); do echo $(srcdir)/$$f; done`

wshd/wsh: $(WSH_C) $(WSHD_H) Makefile
	$(AM_V_CC)$(MKDIR_P) wshd && $(WSHD_COMPILE) -o $@ `for f in $(WSH_C); do echo $(srcdir)/$$f; done`

pkglibexec_SCRIPTS += wshd/wshd
bin_SCRIPTS += wshd/wsh
CLEANFILES += wshd/wshd wshd/wsh
EXTRA_DIST += $(WSHD_H) $(WSHD_C) $(WSH_C)
