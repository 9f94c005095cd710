# Filled by what lies in this folder.
dist_man_MANS += doc/warden.1
dist_man_MANS += doc/warden-backend-test.1
dist_man_MANS += doc/warden-rootfs.1
dist_man_MANS += doc/warden-gc.8
dist_man_MANS += doc/warden.conf.5
dist_man_MANS += doc/wsh.1
dist_man_MANS += doc/wardend.8
EXTRA_DIST += doc/clients.md
EXTRA_DIST += doc/guarantees.md
EXTRA_DIST += doc/metrics.md
EXTRA_DIST += doc/operations.md
EXTRA_DIST += doc/performance.md
EXTRA_DIST += doc/performance/jobs.svg
EXTRA_DIST += doc/performance/life-cpu.svg
EXTRA_DIST += doc/performance/life.svg
EXTRA_DIST += doc/performance/lives.svg
EXTRA_DIST += doc/performance/requests.svg
EXTRA_DIST += doc/performance/standing.svg
EXTRA_DIST += doc/protocol.md
EXTRA_DIST += doc/python.md
EXTRA_DIST += doc/security.md
EXTRA_DIST += doc/ui.png

dist_doc_DATA += doc/clients.md doc/guarantees.md doc/metrics.md doc/operations.md doc/protocol.md \
	doc/python.md doc/security.md
