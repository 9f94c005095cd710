# The settings' file and the systemd unit, both with the directories of this installation in them.
EXTRA_DIST += etc/warden.conf.in etc/warden.service.in
CLEANFILES += etc/warden.conf etc/warden.service

# Made by make, not by configure: the directories are only known then.
ETC_EDIT = $(MKDIR_P) etc && $(SED) -e 's|@backenddir[@]|$(backenddir)|' \
	-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' -e 's|@sbindir[@]|$(sbindir)|' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|'

etc/warden.conf: $(srcdir)/etc/warden.conf.in Makefile
	$(AM_V_GEN)$(ETC_EDIT) $(srcdir)/etc/warden.conf.in > $@
etc/warden.service: $(srcdir)/etc/warden.service.in Makefile
	$(AM_V_GEN)$(ETC_EDIT) $(srcdir)/etc/warden.service.in > $@

systemdsystemunit_DATA = etc/warden.service

# What an administrator has changed stays: then the new file is put beside it.
noinst_DATA += etc/warden.conf
install-data-local: install-warden-conf
install-warden-conf: etc/warden.conf
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)/warden"
	file="$(DESTDIR)$(sysconfdir)/warden/warden.conf"; \
	if test -e "$$file" && ! cmp -s etc/warden.conf "$$file"; then file="$$file.new"; fi; \
	$(INSTALL_DATA) etc/warden.conf "$$file"
uninstall-local: uninstall-warden-conf
uninstall-warden-conf: etc/warden.conf
	file="$(DESTDIR)$(sysconfdir)/warden/warden.conf"; rm -f "$$file.new"; \
	if cmp -s etc/warden.conf "$$file"; then rm -f "$$file"; fi
.PHONY: install-warden-conf uninstall-warden-conf
