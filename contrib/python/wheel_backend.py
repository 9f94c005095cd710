# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel of the client (PEP 517), for `pip install contrib/python`.

The client is a few Python files without dependencies; with a backend of its own it also installs on a
machine that reaches no package index, where pip cannot fetch setuptools.
"""

import base64
import hashlib
import os
import re
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def _project():
    """The texts of pyproject.toml by key; tomllib is there from Python 3.11 on only."""
    with open(f"{HERE}/pyproject.toml", encoding="utf-8") as file:
        return dict(re.findall(r'^([a-z-]+) = "([^"]*)"$', file.read(), re.M))


def _files(name, version):
    """Names in the wheel and their contents; RECORD is added by the caller."""
    project = _project()
    for entry in sorted(os.listdir(f"{HERE}/warden")):
        if entry.endswith((".py", ".typed")):
            with open(f"{HERE}/warden/{entry}", "rb") as file:
                yield f"warden/{entry}", file.read()
    info = f"{name}-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
        f"Summary: {project['description']}\nLicense: {project['license']}\n"
        f"Requires-Python: {project['requires-python']}\n"
    )
    yield f"{info}/METADATA", metadata.encode()
    yield f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: warden\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Writes the wheel and returns its name."""
    del config_settings, metadata_directory  # there are no settings
    version = _project()["version"]
    name = _project()["name"].replace("-", "_")
    wheel = f"{name}-{version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(f"{wheel_directory}/{wheel}", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in _files(name, version):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(content)}")
            archive.writestr(path, content)
        path = f"{name}-{version}.dist-info/RECORD"
        archive.writestr(path, "\n".join([*record, f"{path},,", ""]))
    return wheel
