# Not built here: it shows how a backend is built elsewhere, and a test does so.
EXTRA_DIST += plugins/template/Makefile plugins/template/README.md plugins/template/template.c
