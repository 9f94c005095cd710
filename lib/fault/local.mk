# Fault injection: linked only with --enable-fault-injection, see lib/fault/fault.h.
EXTRA_DIST += $(FAULT_WSHD_C) lib/fault/fault.h lib/fault/fault_calls.h lib/fault/fault_core.c
FAULT_WSHD_C = \
	lib/fault/fault.c \
	lib/fault/fault_libc.c \
	lib/fault/fault_special.c

FAULT_LIBS =
FAULT_CORE_LIBS =
FAULT_WSHD =
if FAULT_INJECTION
FAULT_LIBS += lib/fault/libfault.la
FAULT_CORE_LIBS += lib/fault/libfaultcore.la lib/fault/libfault.la
FAULT_WSHD += $(FAULT_WSHD_C)
noinst_LTLIBRARIES += lib/fault/libfault.la lib/fault/libfaultcore.la
lib_fault_libfault_la_SOURCES = $(FAULT_WSHD_C) lib/fault/fault.h lib/fault/fault_calls.h
lib_fault_libfault_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
lib_fault_libfault_la_LIBADD = -ldl
lib_fault_libfaultcore_la_SOURCES = lib/fault/fault_core.c
lib_fault_libfaultcore_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS) $(UV_CFLAGS)
endif

# What tests/faults needs.
.PHONY: fault-programs
fault-programs: $(BUILT_SOURCES) core/wardend wshd/wshd wshd/wsh $(backend_LTLIBRARIES)
