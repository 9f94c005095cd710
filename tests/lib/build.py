# SPDX-License-Identifier: Apache-2.0
"""Copies the programs of a build tree, or the installed ones, to a directory where every user can execute them."""

import glob
import os
import shutil

# Name of a program in the copy, and its path in the build tree.
PROGRAMS = {
    "wardend": "core/wardend",
    "warden": "client/warden",
    "wshd": "wshd/wshd",
    "wsh": "wshd/wsh",
    "unpack": "client/unpack/unpack",
}
MODULES = {"fake.so": "backends/fake", "linux.so": "backends/linux"}


class Build:
    """Readable copies of the programs and modules in one directory."""

    def __init__(self, tree, source, directory):
        self.tree = os.path.abspath(tree)
        self.source = source
        self.directory = directory
        os.mkdir(directory, 0o755)
        for name, place in PROGRAMS.items():
            self._copy(self._program(place), name, 0o755)
        os.mkdir(self.modules, 0o755)
        for name, place in MODULES.items():
            self._copy(f"{self.tree}/{place}/.libs/{name}", f"modules/{name}", 0o644)
        for library in glob.glob(f"{self.tree}/client/.libs/libwarden.so*"):
            self._copy(library, os.path.basename(library), 0o644)
        self._copy(f"{source}/client/unpack/warden-rootfs.in", "warden-rootfs", 0o755)
        self.old = None  # the Build of an earlier release, for tests/upgrade
        self.module = None  # a module.Module: the backend of the cases for case.MODULE
        self.sanitized = self._has_sanitizers()

    @classmethod
    def installed(cls, source, directory):
        """The programs that are installed, found through PATH; without modules and libraries."""
        build = cls("/nonexistent", source, directory)  # which copies nothing
        for name in ("wardend", "warden-rootfs"):
            build._copy(shutil.which(name) or "", name, 0o755)
        build.sanitized = build._has_sanitizers()
        return build

    @property
    def modules(self):
        """The directory of the backends."""
        return f"{self.directory}/modules"

    def path(self, name):
        """The path of a program or module."""
        return f"{self.directory}/{name}"

    def has(self, name):
        """Whether the build tree contains it."""
        return os.path.exists(self.path(name))

    def _program(self, place):
        # If a program needs a library of the tree, libtool makes a wrapper script and puts the program into .libs.
        real = os.path.join(self.tree, os.path.dirname(place), ".libs", os.path.basename(place))
        return real if os.path.exists(real) else os.path.join(self.tree, place)

    def _copy(self, source, name, mode):
        if os.path.exists(source):
            target = self.path(name)
            shutil.copyfile(source, target)
            os.chmod(target, mode)

    def _has_sanitizers(self):
        try:
            with open(self.path("wardend"), "rb") as program:
                content = program.read()
                return b"__asan_init" in content or b"__tsan_init" in content
        except OSError:
            return False
