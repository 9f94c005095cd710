# SPDX-License-Identifier: Apache-2.0
"""Calls a function as another user of the host, in a process of its own; needs root."""

import os
import traceback


def call_as(uid, gid, groups, function, *args):
    """Calls the function in a child with these ids; returns the text that it returns."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            text = function(*args)
        except BaseException:  # a child of the case's must not go on as the case
            text = traceback.format_exc()
        with os.fdopen(writer, "w") as file:
            file.write(text)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text
