# The Python client. Its message classes are generated from the proto and checked in.
PYTHON_CLIENT = \
	contrib/python/warden/__init__.py \
	contrib/python/warden/messages.py \
	contrib/python/warden/resume.py \
	contrib/python/warden/py.typed \
	contrib/python/warden/wire.py
EXAMPLES = \
	contrib/c/many.c \
	contrib/c/run.c \
	contrib/python/examples/ci_step.py \
	contrib/python/examples/judge.py \
	contrib/python/examples/snippets.py
EXTRA_DIST += contrib/python/pyproject.toml contrib/python/wheel_backend.py scripts/generate-python $(PYTHON_CLIENT) $(EXAMPLES)
if HAVE_PYTHON
wardenpythondir = $(pythondir)/warden
wardenpython_DATA = $(PYTHON_CLIENT)
endif
examplesdir = $(docdir)/examples
examples_DATA = $(EXAMPLES)

# The template is not built here: it shows how a backend is built elsewhere, and a test does so.
templatedir = $(docdir)/template
template_DATA = \
	plugins/template/Makefile \
	plugins/template/README.md \
	plugins/template/template.c
EXTRA_DIST += $(template_DATA)
