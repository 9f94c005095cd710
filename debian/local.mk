# The Debian packages; ./check --stage package builds, checks and installs them.
EXTRA_DIST += \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/libwarden-dev.install \
	debian/libwarden1.install \
	debian/libwarden1.symbols \
	debian/python3-warden.install \
	debian/warden.dirs \
	debian/warden.install \
	debian/warden.lintian-overrides \
	debian/warden.postinst \
	debian/warden.postrm \
	debian/warden.prerm \
	debian/warden.socket.conf \
	debian/rules \
	debian/source/format
