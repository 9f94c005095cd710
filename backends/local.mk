include backends/files/local.mk
include backends/wshd/local.mk
include backends/fake/local.mk
include backends/linux/local.mk

# How every module is linked: loadable, without a version, without an undefined function.
MODULE_LINK = $(AM_LDFLAGS) -module -avoid-version -shared -no-undefined $(FAULT_LDFLAGS)
if !SANITIZERS
MODULE_LINK += -Wl,-z,defs
endif
