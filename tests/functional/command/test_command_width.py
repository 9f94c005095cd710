# SPDX-License-Identifier: Apache-2.0
"""Tables on terminals: they fit, wide characters line up, and what is hidden is named."""

import re
import unicodedata

import command
import expect
from case import case

LONG = "a" * 100


def _lines(w, *arguments, columns=80):
    """What a command prints on a terminal, a line each, without colours."""
    with command.Terminal(w, *arguments, columns=columns) as terminal:
        expect.equal(terminal.status(), 0)
        text = terminal.seen
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "").splitlines()


def _width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@case
def tables_fit_the_terminal(w):
    w.create(handle=LONG)
    w.create(handle="\u65e5\u672c\u8a9e" * 20)
    w.create(handle="short")
    w.c.spawn("short", f"sleep 100 # {LONG}")
    for arguments in (["ps"], ["info"], ["jobs", "short"], ["doctor", "--all"], ["status"]):
        for columns in (80, 60):
            for line in _lines(w, *arguments, columns=columns)[1:]:
                if "Backend" not in line and "It cannot run" not in line:
                    expect.true(_width(line) <= columns, f"at most {columns} columns of {arguments}", line)
    lines = _lines(w, "ps")
    expect.contains(lines[1], "aaaa\u2026  active")
    expect.contains(lines[2], "\u8a9e\u2026")
    at = [_width(line[: line.index("active")]) for line in lines[1:4]]
    expect.equal(at, [at[0]] * 3, "the columns of `active`")


@case
def columns_without_room_are_named(w):
    w.create(handle="h")
    lines = _lines(w, "ps", columns=20)
    expect.equal(lines[:2], ["HANDLE  STATE", "h       active"])
    expect.equal(lines[2], "not shown: ADDRESS JOBS MEMORY")
    expect.contains(command.ok(w, "ps"), "MEMORY")


@case(backend="fake")
def top_scrolls_and_says_what_it_shows(w):
    for number in range(12):
        w.create(handle=f"box-{number:02}")
    with command.Terminal(w, "top", "-d", "1h", rows=9, columns=80) as terminal:
        terminal.expect("12 containers.*, 1 to 5 are shown: arrows scroll.*box-00.*box-04")
        terminal.type("\x1b[B")
        terminal.expect("2 to 6 are shown.*box-05")
        terminal.type("\x1b[6~")
        terminal.expect("7 to 11 are shown.*box-10")
        terminal.type("\x1b[6~")
        terminal.expect("8 to 12 are shown.*box-11.*not shown: .*DISK")
        terminal.type("k")
        terminal.expect("7 to 11 are shown")
        terminal.type("kk\x1b[A")
        terminal.expect("4 to 8 are shown")
        terminal.type("jq")
        expect.equal(terminal.status(), 0)
