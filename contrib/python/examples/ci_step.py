#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A step of a CI: runs a script on a copy of a source tree and fetches its artifacts.

    ci_step.py [--env NAME=VALUE]... [--timeout SECONDS] [--artifact PATH]... SOURCE SCRIPT

The tree is copied into a container, the script runs in the copy, its output is printed as it arrives.
Artifacts are paths in the tree; they are written to the current directory. The exit status is the
script's. The container is destroyed in every case.
"""

import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import warden  # noqa: E402


def run_step(client: warden.Client, handle: str, arguments: argparse.Namespace) -> int:
    """Runs the script and prints its output; returns its status."""
    client.copy_in(handle, f"{arguments.source.resolve()}/", "source")
    job = client.spawn(
        handle,
        f"cd source && exec sh -e -c {quote(arguments.script)}",
        env=dict(pair.split("=", 1) for pair in arguments.env),
        timeout=arguments.timeout,
    )
    status = 255
    for piece in client.stream(handle, job):
        if piece.name is not None:
            target = sys.stderr if piece.name == "stderr" else sys.stdout
            target.buffer.write(piece.data or b"")
            target.buffer.flush()
        if piece.exit_status is not None:
            status = piece.exit_status
            if piece.end is not None and piece.end.reason == warden.Reason.WALL_TIME:
                print(f"ci_step: not done after {arguments.timeout} s", file=sys.stderr)
    return status


def quote(text: str) -> str:
    """A text as one word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def fetch(client: warden.Client, handle: str, artifact: str) -> None:
    """Reads an artifact from the container; the caller owns it."""
    path = pathlib.Path(os.path.basename(artifact))
    path.write_bytes(client.file_read(handle, f"source/{artifact}"))
    print(f"ci_step: {path}, {path.stat().st_size} bytes", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--timeout", type=float, default=600.0)
    parser.add_argument("--artifact", action="append", default=[], metavar="PATH")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("script")
    arguments = parser.parse_args()
    try:
        with warden.Client() as client, client.container(grace_time=0, properties={"kind": "ci"}) as handle:
            status = run_step(client, handle, arguments)
            for artifact in arguments.artifact if status == 0 else ():
                fetch(client, handle, artifact)
    except warden.WardenError as error:
        print(f"ci_step: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
