# SPDX-License-Identifier: Apache-2.0
"""Names that could control a terminal, or look like others, are shown escaped."""

import json

import command
import expect
from case import case

# Control characters of both ranges, marks of direction, characters that are not seen.
HOSTILE = "a\x1b[2J\x7f\x85\x9b31m\u200b\u200f\u202e\u2066\u061c\ufeff\U000e0041b"
PLAIN = "plain\u00e9\u20ac\U0001f600"


def _expect_safe(text):
    """Nothing but line ends, tabs and characters that are seen as themselves."""
    text = text.decode()  # strict: bytes that are not UTF-8 are none either
    for character in HOSTILE[1:-1]:
        if character not in "[2J31m":
            expect.lacks(text, character)
    return text


@case
def lists_and_tables_show_hostile_names_escaped(w):
    for handle in (HOSTILE, PLAIN):
        w.create(handle=handle, properties={"k": HOSTILE})
    for arguments in (["list"], ["top", "--iterations", "1"], ["info", HOSTILE]):
        seen = w.command(*arguments)
        text = _expect_safe(seen.stdout + seen.stderr)
        expect.contains(text, "\\x1b")
    text = _expect_safe(w.command("list").stdout)
    expect.contains(text, "a\\x1b[2J\\x7f\\xc2\\x85\\xc2\\x9b31m\\xe2\\x80\\x8b\\xe2\\x80\\x8f\\xe2\\x80\\xae")
    expect.contains(text, PLAIN)


@case
def json_has_hostile_names_as_escapes(w):
    for handle in (HOSTILE, PLAIN):
        w.create(handle=handle)
    seen = w.command("list", "--json")
    text = _expect_safe(seen.stdout)
    expect.contains(text, r"\u007f\u0085\u009b31m\u200b\u200f\u202e\u2066\u061c\ufeff\udb40\udc41b")
    expect.contains(text, PLAIN)
    handles = [line for line in json.loads(text)["handles"]] if text.count("\n") == 1 else []
    expect.equal(sorted(handles), sorted([HOSTILE, PLAIN]))


@case
def an_error_shows_a_hostile_name_escaped(w):
    w.create(handle=HOSTILE)
    seen = w.command("create", "--handle", HOSTILE)
    expect.equal(seen.returncode != 0, True)
    _expect_safe(seen.stdout + seen.stderr)


@case
def file_names_that_are_not_utf8_are_escaped(w):
    handle = w.create(handle="h")
    w.run(handle, "mkdir d; cd d; touch \"$(printf 'x\\377y')\" \"$(printf 'x\\302\\233y')\"")
    seen = w.command("file-list", handle, "d")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    text = _expect_safe(seen.stdout)
    expect.contains(text, "x\\xffy")
    expect.contains(text, "x\\xc2\\x9by")


@case
def the_prompt_shows_candidates_escaped_and_aligned(w):
    for handle in (HOSTILE, "a-much-longer-handle"):
        w.create(handle=handle)
    with command.Terminal(w) as terminal:
        terminal.expect("warden> ")
        terminal.type("info a\t\t")
        terminal.expect(r"a\\x1b\[2J\\x7f\\xc2\\x85")
        terminal.type("\x03")
        terminal.type("\x04")
