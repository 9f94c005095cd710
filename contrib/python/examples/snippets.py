#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs untrusted snippets, for example from a language model, several at once.

    snippets.py [--at-once N] [--timeout SECONDS] < requests > results

Reads JSON objects, one a line: {"id": ..., "code": "...", "command": ["sh"]}. The code is the
standard input of the command (default: `sh`). Writes an object for each when it ends: {"id":
..., "reason": "exited", "exit_status": 0, "stdout": "...", "stderr": "..."}. Each snippet has its own
container without a network, which is destroyed afterwards. The first and last bytes of its output are
kept.
"""

import argparse
import asyncio
import json
import pathlib
import sys
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import warden  # noqa: E402


async def run_snippet(request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Runs one snippet; returns its result."""
    async with warden.AsyncClient() as client, client.container(grace_time=0) as handle:
        job = await client.spawn(
            handle,
            argv=request.get("command") or ["sh"],
            stdin=True,
            timeout=timeout,
            output_limit=64 << 10,
            output_policy=warden.OutputPolicy.HEAD_TAIL,
        )
        try:
            await client.job_input(handle, job, request["code"], end=True)
        except warden.WardenError:
            pass  # it ended before it had read everything; the result has the reason
        result = await client.link(handle, job)
    end = result.end or warden.JobEnd()
    return {
        "id": request.get("id"),
        "reason": warden.Reason(end.reason).name.lower() if end.reason else None,
        "exit_status": result.exit_status,
        "stdout": (result.stdout or b"").decode("utf-8", "replace"),
        "stderr": (result.stderr or b"").decode("utf-8", "replace") or end.start_error or "",
        "dropped": (end.stdout_dropped or 0) + (end.stderr_dropped or 0),
    }


async def answer(line: str, arguments: argparse.Namespace, free: asyncio.Semaphore) -> None:
    """Answers a line of the input, also one that is wrong."""
    try:
        request = json.loads(line)
        async with free:
            result = await run_snippet(request, arguments.timeout)
    except (ValueError, KeyError, AttributeError, OSError, warden.WardenError) as error:
        result = {"error": str(error)}
    print(json.dumps(result), flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--timeout", type=float, default=10.0)
    arguments = parser.parse_args()
    free = asyncio.Semaphore(arguments.at_once)
    await asyncio.gather(*(answer(line, arguments, free) for line in sys.stdin if line.strip()))


if __name__ == "__main__":
    asyncio.run(main())
