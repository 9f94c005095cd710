# SPDX-License-Identifier: Apache-2.0
"""doc/python.md: its commands install the client, and its programs print what it says."""

import os
import re
import shutil

from case import Skip, case
import expect
import installed


def _blocks(w, *kinds):
    """The blocks of code of these languages on the page, in order."""
    with open(f"{w.build.source}/doc/python.md", encoding="utf-8") as page:
        found = re.findall(r"^```(\w+)\n(.*?)^```$", page.read(), re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind in kinds]


@case(module=False, limit=120)
def each_program_prints_what_the_page_says(w):
    blocks = _blocks(w, "python", "text")
    expect.true(len(blocks) > 10, "programs on the page", len(blocks))
    for program, output in zip(blocks[::2], blocks[1::2], strict=True):
        seen = w.python("-c", program, PYTHONPATH=f"{w.build.source}/contrib/python")
        expect.equal((seen.stdout.decode(), seen.stderr, seen.returncode), (output, b"", 0), program)
    expect.equal(w.c.list(), [])


@case(backend="fake", limit=180, slow=True)
def the_pages_commands_install_the_client(w):
    if w.python("-c", "import ensurepip").returncode != 0:
        raise Skip("needs python3-venv")
    (commands,) = _blocks(w, "sh")
    shutil.copytree(f"{w.build.source}/contrib/python", f"{w.directory}/contrib/python")
    installed.shell(commands, w.directory, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    program, output = _blocks(w, "python", "text")[:2]
    call = f"{w.directory}/venv/bin/python -c \"$PROGRAM\""
    where = installed.shell(call, w.directory, PROGRAM="import warden; print(warden.__file__)")
    expect.contains(where, f"{w.directory}/venv/lib/python3")
    expect.equal(installed.shell(call, w.directory, PROGRAM=program, WARDEN_SOCKET=w.daemon.socket), output)
