# The configuration file and the systemd units, with the directories of this installation filled in.
EXTRA_DIST += etc/warden.conf.in etc/warden.service.in
CLEANFILES += etc/warden.conf etc/warden.service

# Made by make, not by configure, which does not expand the directories.
ETC_EDIT = $(MKDIR_P) etc && $(SED) -e 's|@backenddir[@]|$(backenddir)|' \
	-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' -e 's|@sbindir[@]|$(sbindir)|' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|'

etc/warden.conf: $(srcdir)/etc/warden.conf.in Makefile
	$(AM_V_GEN)$(ETC_EDIT) $(srcdir)/etc/warden.conf.in > $@
etc/warden.service: $(srcdir)/etc/warden.service.in Makefile
	$(AM_V_GEN)$(ETC_EDIT) $(srcdir)/etc/warden.service.in > $@

systemdsystemunit_DATA = etc/warden.service
dist_systemdsystemunit_DATA = etc/warden.socket

# A file that the administrator changed is kept, and the new one is installed as warden.conf.new.
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

# For Prometheus and Grafana.
dist_wardendata_DATA = etc/grafana-dashboard.json etc/prometheus-rules.yml

# Completion scripts for shells. `make generated` writes them and the manual page from the table of
# commands, and a test compares them.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = etc/completion/warden
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = etc/completion/_warden
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = etc/completion/warden.fish
generated: client/warden
	client/warden help --manual > $(srcdir)/doc/warden.1
	client/warden completion bash > $(srcdir)/etc/completion/warden
	client/warden completion zsh > $(srcdir)/etc/completion/_warden
	client/warden completion fish > $(srcdir)/etc/completion/warden.fish
.PHONY: generated
