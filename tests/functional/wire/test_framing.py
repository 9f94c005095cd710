# SPDX-License-Identifier: Apache-2.0
"""Frames: valid ones, invalid ones, and the daemon's reaction to each."""

import warden
import wire
from case import case
import expect

PING = wire.frame(warden.Envelope(type=91, payload=b"").encode())
LIMIT = 64 << 20


def _refused(w, data, pattern=".+"):
    """Expects one error, then the end of the connection; a second connection is not affected."""
    other = w.raw()
    with w.raw() as connection:
        connection.send(data)
        connection.expect_error(pattern)
        connection.expect_closed()
    other.expect_alive()


@case
def a_ping_is_the_frame_that_old_clients_send(w):
    connection = w.raw()
    connection.send(b"4\r\n\x08\x5b\x12\x00\r\n")
    expect.equal(connection.payload(), b"\x08\x5b\x12\x00", "payload of the answer")


@case
def a_frame_may_arrive_byte_by_byte(w):
    connection = w.raw()
    for byte in PING:
        connection.send(bytes([byte]))
    expect.equal(connection.answer(), warden.PingResponse())


@case
def many_frames_may_arrive_in_one_piece(w):
    connection = w.raw()
    connection.send(PING * 500)
    for _ in range(500):
        expect.equal(connection.answer(), warden.PingResponse())


@case(backend="fake")
def leading_zeros_are_digits(w):
    connection = w.raw()
    connection.send(b"004\r\n\x08\x5b\x12\x00\r\n")
    expect.equal(connection.answer(), warden.PingResponse())


@case
def a_length_that_is_not_a_number_ends_the_connection(w):
    for text in (b"abc", b"", b"-4", b"+4", b" 4", b"4 ", b"0x4", b"4.0", b"\0", b"\xff\xff"):
        _refused(w, text + b"\r\n\x08\x5b\x12\x00\r\n")


@case
def a_length_over_the_limit_ends_the_connection(w):
    for length in (LIMIT + 1, 1 << 32, (1 << 32) + 4, 1 << 63, (1 << 64) + 4, 10**40):
        _refused(w, b"%d\r\n" % length)


@case(backend="fake", config={"server": {"frame_limit": 1 << 20}})
def the_frame_limit_is_configurable_and_exact(w):
    overhead = len(warden.Envelope(type=93, payload=warden.EchoRequest(message=b"x" * 900_000).encode()).encode())
    message = b"x" * (900_000 + (1 << 20) - overhead)
    expect.equal(w.c.echo(message), message)
    with w.raw() as connection:
        connection.send(b"%d\r\n" % ((1 << 20) + 1))
        connection.expect_error(r".*\b1048576\b.*")
        connection.expect_closed()


@case(slow=True)
def a_frame_of_60_mib_is_echoed(w):
    message = bytes(range(256)) * (60 << 12)
    expect.true(w.c.echo(message) == message, "the same 60 MiB")


@case
def endless_digits_end_the_connection(w):
    with w.raw() as connection:
        connection.send(b"1" * 4096)
        connection.expect_error(".+")
        connection.expect_closed()


@case
def a_length_ends_in_cr_lf(w):
    for text in (b"4\n\x08\x5b\x12\x00\r\n", b"4\r\x08\x5b\x12\x00\r\n", b"4\r\r\n\x08\x5b\x12\x00\r\n"):
        _refused(w, text + b"\r\n" * 20)


@case
def a_payload_ends_in_cr_lf(w):
    _refused(w, b"4\r\n\x08\x5b\x12\x00XX" + PING)


@case
def a_payload_that_does_not_decode_ends_the_connection(w):
    garbage = (
        b"",  # neither type nor payload
        b"\x08\x5b",  # no payload
        b"\x12\x00",  # no type
        b"\xff" * 20,
        b"\x12\xff\xff\xff\xff\x0f",  # a length beyond the end
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # a number of eleven bytes
        b"\x08",
    )
    for payload in garbage:
        _refused(w, wire.frame(payload))


@case
def a_type_that_is_not_a_request_is_an_error_and_the_connection_stays(w):
    connection = w.raw()
    for number in (0, 1, 2, 10, 15, 20, 25, 50, 55, 90, 94, 100, 199, 4711, 2**31 - 1):
        connection.send_frame(number)
        connection.expect_error(".+")
    connection.expect_alive()


@case
def a_negative_type_is_an_error_and_the_connection_stays(w):
    connection = w.raw()
    connection.send_frame(-1)
    connection.expect_error(".+")
    connection.expect_alive()


@case
def a_request_that_does_not_decode_is_an_error(w):
    for number, payload in ((13, b"\x0a\xff"), (22, b"\x0a\x01x"), (93, b""), (12, b"\x08\x01"), (11, b"\xff" * 9)):
        other = w.raw()
        with w.raw() as connection:
            connection.send_frame(number, payload)
            connection.expect_error(".+")
        other.expect_alive()


@case
def fields_that_are_unknown_are_skipped(w):
    connection = w.raw()
    connection.send_frame(93, b"\x0a\x02hi" + b"\xa2\x06\x03abc" + b"\x98\x06\x07")
    expect.equal(connection.answer(), warden.EchoResponse(message=b"hi"))


@case
def the_last_value_of_a_repeated_single_field_wins(w):
    connection = w.raw()
    connection.send_frame(93, b"\x0a\x02hi\x0a\x02ho")
    expect.equal(connection.answer(), warden.EchoResponse(message=b"ho"))


@case
def an_error_has_only_a_message(w):
    connection = w.raw()
    connection.send_frame(14, warden.InfoRequest(handle="nobody").encode())
    envelope = warden.Envelope.decode(connection.payload())
    expect.equal(envelope.type, 1, "type of the answer")
    expect.equal(envelope.payload, b"\x12\x0eunknown handle", "encoded error")


@case
def echo_returns_any_bytes(w):
    for message in (b"", b"\0", b"a\0b", bytes(range(256)), "größer".encode(), b"\r\n4\r\n"):
        expect.equal(w.c.echo(message), message)


@case
def an_empty_list_has_no_entries(w):
    connection = w.raw()
    connection.send_frame(92)
    expect.equal(connection.payload(), b"\x08\x5c\x12\x00", "payload of the answer")
