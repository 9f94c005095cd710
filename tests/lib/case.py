# SPDX-License-Identifier: Apache-2.0
"""Marks functions as cases and finds them."""

import fnmatch
import importlib.util
import os
import sys
from dataclasses import dataclass, field

BOTH = ("fake", "linux")
# The backend of a third party: cases that any backend passes run for it.
MODULE = "module"
# Subjects of the folders below tests/functional that test no backend, or wshd.
_NO_MODULE_SUBJECTS = ("rootfs", "rootfs_archives", "wsh")


@dataclass(frozen=True)
class Properties:
    """What a case needs from the runner. The function itself gets a World."""

    backends: tuple = BOTH
    config: dict = field(default_factory=dict)  # added to the settings of World
    daemon: bool = True  # False: the case starts a daemon itself, or needs none
    limit: float = 30  # seconds
    slow: bool = False  # started first, so that it does not prolong the run
    long: bool = False  # runs only if --long is given or a pattern names it
    alone: bool = False  # runs without other cases, as it measures
    leaves: str = ""  # passes only if the leak check finds something with this word
    skip: str = ""  # the reason why it is always skipped
    module: bool = True  # False: it is about fake and linux, not about every backend
    needs: str = ""  # an optional operation without which a backend cannot pass it; see module.py

    def backends_of(self, subject):
        """The backends for which a case of this subject runs."""
        for_all = self.backends == BOTH and self.module and "fake" not in self.config
        return (*self.backends, MODULE) if for_all and subject not in _NO_MODULE_SUBJECTS else self.backends


def case(function=None, **properties):
    """Marks a function as a case; its name is the sentence that it proves."""

    def mark(marked):
        backend = properties.pop("backend", None)
        if backend is not None:
            properties["backends"] = (backend,)
        marked.case = Properties(**properties)
        return marked

    return mark if function is None else mark(function)


class Skip(Exception):
    """Raised by a case that cannot run on this machine; its text is the reason."""


@dataclass(frozen=True)
class Instance:
    """A case for one of its backends."""

    subject: str
    name: str
    backend: str
    function: object
    properties: Properties

    @property
    def title(self):
        return f"{self.backend:5} {self.subject}.{self.name}"


def _load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _functions(module):
    found = [f for f in vars(module).values() if callable(f) and hasattr(f, "case")]
    return [f for f in found if f.__module__ == module.__name__]


def discover(directories, backends, patterns):
    """The cases of test_*.py below these directories, in file order, for the given backends.

    A pattern is a part of `subject.name`, or has wildcards and matches all of it.
    """
    instances = []
    for path in _files(directories):
        module = _load(path)
        subject = module.__name__.removeprefix("test_")
        for function in _functions(module):
            for backend in function.case.backends_of(subject):
                if backend in backends and _wanted(f"{subject}.{function.__name__}", patterns):
                    instances.append(
                        Instance(subject, function.__name__, backend, function, function.case)
                    )
    return instances


def _files(directories):
    for directory in directories:
        for folder, folders, names in os.walk(directory):
            folders.sort()
            for name in sorted(fnmatch.filter(names, "test_*.py")):
                yield os.path.join(folder, name)


def unmatched(instances, patterns):
    """The patterns that match none of these cases."""
    names = [f"{instance.subject}.{instance.name}" for instance in instances]
    return [pattern for pattern in patterns if not any(_wanted(name, [pattern]) for name in names)]


def _wanted(name, patterns):
    if not patterns:
        return True
    return any(pattern in name or fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
