# SPDX-License-Identifier: Apache-2.0
"""Installs parts of the tree for a case that uses them as another project would."""

import glob
import os
import subprocess

import expect
from case import Skip


def shell(command, directory, **environment):
    """Runs a shell command, which must succeed, with a minimal environment; returns its output."""
    seen = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=directory,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, **environment},
    )
    if seen.returncode != 0:
        expect.fail(f"`{command}` works", seen.stdout[-2000:] + seen.stderr[-2000:])
    return seen.stdout


def install(w, *parts):
    """Installs parts of the tree, as targets of make without `install-`, below the case's directory; returns where."""
    if not os.access(f"{w.build.tree}/Makefile", os.R_OK):
        raise Skip("the build tree has no Makefile that this user can read")
    destination = f"{w.directory}/installed"
    shell(f"make -s {' '.join(f'install-{part}' for part in parts)} DESTDIR={destination}", w.build.tree)
    return destination


def headers(w, package):
    """Installs them below the case's directory. Returns the directory of the package's .pc file and the
    environment with which pkg-config finds it."""
    destination = install(w, "wardenincludeHEADERS", "pkgconfigDATA")
    (found,) = glob.glob(f"{destination}/**/{package}.pc", recursive=True)
    directory = os.path.dirname(found)
    return directory, {"PKG_CONFIG_PATH": directory, "PKG_CONFIG_SYSROOT_DIR": destination}
