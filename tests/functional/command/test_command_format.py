# SPDX-License-Identifier: Apache-2.0
"""--format of the `warden` command: a template for scripts."""

import command
import expect
from case import case


@case
def fields_stand_in_braces(w):
    seen = command.ok(w, "create", "--handle", "h", "--format", "made {handle}!")
    expect.equal(seen, "made h!\n")
    info = w.c.info("h")
    seen = command.ok(w, "info", "h", "--format", "{handle} {state} {container_ip}")
    expect.equal(seen, f"h active {info.container_ip}\n")
    seen = command.ok(w, "run", "h", "--format", "{exit_status}:{reason}:{stdout}", "--script", "printf 'a b'; exit 3")
    expect.equal(seen, "3:exited:a b\n")
    seen = command.ok(w, "exec", "--format", "{exit_status} {reason}", "--", "sh", "-c", "exit 4")
    expect.equal(seen, "4 exited\n")


@case
def braces_and_line_ends_can_be_written(w):
    seen = command.ok(w, "echo", "x", "--format", r"{{{message}}}\t\\\n-")
    expect.equal(seen, "{x}\t\\\n-\n")


@case
def repeated_values_are_separated_by_commas(w):
    w.create(handle="h")
    jobs = [w.c.spawn("h", "sleep 100") for _ in range(2)]
    seen = command.ok(w, "info", "h", "--format", "{job_ids} {events}")
    expect.equal(seen, f"{jobs[0]},{jobs[1]} \n")
    w.c.stop("h", kill=True)


@case
def names_stay_in_their_line(w):
    w.create(handle="a\nb")
    expect.equal(command.ok(w, "info", "a\nb", "--format", "{handle}"), "a\\x0ab\n")


@case(daemon=False, backend="fake")
def an_unknown_field_is_a_usage_error(w):
    command.usage_error(w, "there is no field stat; did you mean state?", "info", "h", "--format", "{stat}")
    command.usage_error(w, "'{state' is not a valid {FIELD}", "info", "h", "--format", "{state")
    command.usage_error(w, "'{' is not a valid {FIELD}", "info", "h", "--format", "{}")
