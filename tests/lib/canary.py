# SPDX-License-Identifier: Apache-2.0
"""A file of the host that nothing in a container may read or change."""

import os

import expect
import kernel


class Canary:
    """A directory of the host with a secret, whose changes are detected."""

    def __init__(self, w):
        self.path = w.make_directory("canary", 0o777)
        self.secret = os.urandom(16).hex()
        self.file = f"{self.path}/secret"
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.secret)
        os.chmod(self.file, 0o666)
        self._before = self._state()

    def _state(self):
        entries = {}
        for name in sorted(os.listdir(self.path)):
            seen = os.lstat(f"{self.path}/{name}")
            entries[name] = (seen.st_ino, seen.st_mode, seen.st_uid, seen.st_gid, seen.st_size)
        return entries, kernel.read(self.file), os.stat(self.path).st_mode

    def check(self, *outputs):
        """It is unchanged, and its secret is in none of the outputs."""
        expect.equal(self._state(), self._before, "the canary")
        for output in outputs:
            expect.lacks(output, self.secret)
