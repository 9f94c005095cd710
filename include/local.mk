wardenincludedir = $(includedir)/warden
wardeninclude_HEADERS = include/warden/backend.h include/warden/error.h

# Files for authors of clients and backends.
wardendatadir = $(datadir)/warden

pkgconfig_DATA += include/warden-backend.pc
CLEANFILES += include/warden-backend.pc
EXTRA_DIST += include/warden-backend.pc.in

# Made by make, not by configure: the directories are only known then.
include/warden-backend.pc: $(srcdir)/include/warden-backend.pc.in Makefile
	$(AM_V_GEN)$(MKDIR_P) include && $(SED) \
		-e 's|@prefix[@]|$(prefix)|' -e 's|@includedir[@]|$(includedir)|' \
		-e 's|@backenddir[@]|$(backenddir)|' -e 's|@VERSION[@]|$(VERSION)|' \
		$(srcdir)/include/warden-backend.pc.in > $@
