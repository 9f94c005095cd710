# SPDX-License-Identifier: Apache-2.0
"""doc/clients.md: the messages of each language are generated, the program is built, and prints what it says."""

import glob
import os
import re
import shutil

from case import Skip, case
import expect
import installed

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"go": "hello.go", "js": "hello.js", "rust": "src/main.rs", "toml": "Cargo.toml"}


def _need(w, *programs):
    """Skips the case where one of them is missing."""
    if w.sanitized:
        raise Skip("a client in another language has no sanitizers")
    for program in programs:
        if not shutil.which(program, path="/usr/local/bin:/usr/bin:/bin"):
            raise Skip(f"needs {program}")


def _prints_what_it_says(w, language, **environment):
    """Makes the files of a language's section, runs its commands, and compares what they print."""
    with open(f"{w.build.source}/doc/clients.md", encoding="utf-8") as page:
        head, *sections = re.split("^## ", page.read(), flags=re.MULTILINE)
    (section,) = [section for section in sections if section.startswith(f"{language}\n")]
    blocks = dict(BLOCK.findall(section))
    directory = w.make_directory("program")
    for kind, name in PROGRAMS.items():
        if kind in blocks:
            os.makedirs(os.path.dirname(f"{directory}/{name}"), exist_ok=True)
            w.file(f"program/{name}", blocks[kind])
    shutil.copy(f"{w.build.source}/proto/warden.proto", directory)
    seen = installed.shell(
        f"set -e\n{blocks['sh']}", directory, TMPDIR=directory, WARDEN_SOCKET=w.daemon.socket, **environment
    )
    expect.equal(seen, dict(BLOCK.findall(head))["text"])
    expect.equal(w.c.list(), [])


@case(backend="fake", limit=300, slow=True)
def the_go_program_works(w):
    _need(w, "go", "protoc", "protoc-gen-go")
    if not os.path.isdir("/usr/share/gocode/src/google.golang.org/protobuf"):
        raise Skip("needs golang-google-protobuf-dev")
    _prints_what_it_says(w, "Go")


@case(backend="fake", limit=300)
def the_node_program_works(w):
    _need(w, "node")
    modules = os.environ.get("NODE_PATH", "/usr/local/lib/node_modules:/usr/lib/node_modules:/usr/share/nodejs")
    if not any(os.path.isdir(f"{directory}/protobufjs") for directory in modules.split(":")):
        raise Skip("needs protobufjs in NODE_PATH or from npm install -g")
    _prints_what_it_says(w, "Node", NODE_PATH=modules)


@case(backend="fake", limit=900, slow=True)
def the_rust_program_works(w):
    _need(w, "cargo", "protoc")
    if not glob.glob("/usr/share/cargo/registry/prost-build-*"):
        raise Skip("needs librust-prost-build-dev")
    _prints_what_it_says(w, "Rust", CARGO_PROFILE_DEV_DEBUG="0", CARGO_INCREMENTAL="0")
