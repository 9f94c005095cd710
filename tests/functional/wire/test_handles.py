# SPDX-License-Identifier: Apache-2.0
"""Handles: valid and invalid texts, and handles of unknown containers."""

import re

import warden
from case import case
import expect

REQUESTS = (
    warden.StopRequest(handle="nobody"),
    warden.DestroyRequest(handle="nobody"),
    warden.InfoRequest(handle="nobody"),
    warden.SpawnRequest(handle="nobody", script=b"true"),
    warden.RunRequest(handle="nobody", script=b"true"),
    warden.LinkRequest(handle="nobody", job_id=1),
    warden.StreamRequest(handle="nobody", job_id=1),
)


@case
def every_request_refuses_an_unknown_handle(w):
    for request in REQUESTS:
        expect.error("unknown handle", w.c.call, request)


@case
def without_a_handle_the_container_id_is_the_handle(w):
    handle = w.create()
    expect.matches(handle, "[0-9a-v]{11}")
    expect.equal(w.path_of(handle).rsplit("/", 1)[1], handle, "name of its directory")


@case
def an_empty_handle_counts_as_absent(w):
    expect.matches(w.create(handle=""), "[0-9a-v]{11}")


@case
def a_handle_is_any_text(w):
    texts = ("a/b", "../../etc", ".", "..", "tmp", "/", "größer", "x y\n\t", "\x7f\x01", "日本語", "-rf", "$(:)")
    for text in texts:
        expect.equal(w.create(handle=text), text)
        expect.equal(w.run(text, "echo here"), "here\n")
    expect.equal(w.c.list(), list(texts))
    for text in texts:
        expect.matches(w.path_of(text), f"{re.escape(w.daemon.depot)}/[0-9a-v]{{11}}")
        w.c.destroy(text)
    expect.equal(w.c.list(), [])


@case
def a_handle_may_have_1024_bytes_and_no_more(w):
    for text in ("h" * 1024, "ü" * 512):
        expect.equal(w.create(handle=text), text)
        w.c.destroy(text)
    for text in ("h" * 1025, "ü" * 512 + "x", "h" * 100_000):
        expect.error_like("handle", w.create, handle=text)
    expect.equal(w.c.list(), [])


@case
def a_handle_has_no_nul(w):
    for text in ("a\0b", "\0", "a\0"):
        expect.error_like("handle", w.create, handle=text)
    expect.equal(w.c.list(), [])


@case
def a_handle_is_utf_8(w):
    for text in (b"\xff", b"a\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"):
        expect.error_like("handle", w.c.call, warden.CreateRequest(handle=text))
    expect.equal(w.c.list(), [])


@case
def a_bad_handle_in_any_request_names_no_container(w):
    w.create(handle="a")
    for text in (b"a\0", b"a\0b", b"\xff", b"", b"A", b"a ", b"a" * 2000):
        expect.error_like("handle", w.c.call, warden.InfoRequest(handle=text))
    expect.equal(w.c.info("a").state, "active")


@case
def a_handle_in_use_is_refused(w):
    w.create(handle="h")
    expect.error("container with handle: h already exists.", w.create, handle="h")
    expect.equal(w.c.list(), ["h"])


@case
def the_id_of_another_container_is_refused_as_handle(w):
    handle = w.create()
    expect.error(f"container with handle: {handle} already exists.", w.create, handle=handle)


@case
def a_handle_is_free_again_after_destroy(w):
    for _ in range(3):
        w.create(handle="h")
        w.c.destroy("h")
        expect.error("unknown handle", w.c.info, "h")


@case
def a_handle_is_free_again_after_a_create_that_failed(w):
    expect.error_like("does not exist", w.create, handle="h", bind_mounts=[("/no/such", "/x", "ro")])
    expect.equal(w.create(handle="h"), "h")
