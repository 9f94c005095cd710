# SPDX-License-Identifier: Apache-2.0
"""Protobuf's wire format, as far as warden's messages use it: a message is a dataclass."""

from __future__ import annotations

import dataclasses
import enum
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, Union


class ProtocolError(Exception):
    """The daemon sent no frame, an undecodable message or an answer to another request: the connection
    cannot be used any more."""


class Kind(enum.Enum):
    """How a field's value stands on the wire."""

    UINT = enum.auto()
    UINT32 = enum.auto()
    INT = enum.auto()
    INT32 = enum.auto()
    BOOL = enum.auto()
    TEXT = enum.auto()
    DATA = enum.auto()
    MESSAGE = enum.auto()
    ENUM = enum.auto()


# The range of a number: beyond it the wire would carry another value.
_RANGE = {
    Kind.UINT: (0, (1 << 64) - 1),
    Kind.UINT32: (0, (1 << 32) - 1),
    Kind.INT: (-(1 << 63), (1 << 63) - 1),
    Kind.INT32: (-(1 << 31), (1 << 31) - 1),
    Kind.BOOL: (0, 1),
    Kind.ENUM: (0, (1 << 31) - 1),
}

_VARINT, _LENGTH = 0, 2
_WIRE_TYPE = {
    Kind.UINT: _VARINT,
    Kind.UINT32: _VARINT,
    Kind.INT: _VARINT,
    Kind.INT32: _VARINT,
    Kind.BOOL: _VARINT,
    Kind.TEXT: _LENGTH,
    Kind.DATA: _LENGTH,
    Kind.MESSAGE: _LENGTH,
    Kind.ENUM: _VARINT,
}


@dataclass(frozen=True)
class Wire:
    """A row of a message's field table."""

    number: int
    kind: Kind
    required: bool = False
    repeated: bool = False
    message: Any = None
    enum: Any = None


def field(
    number: int,
    kind: Kind,
    *,
    required: bool = False,
    repeated: bool = False,
    message: Any = None,
    enum: Any = None,
) -> Any:
    """Declares a field of a message; absent fields are None, or an empty list where repeated.

    What is required must be there in what is decoded.
    """
    metadata = {"wire": Wire(number, kind, required, repeated, message, enum)}
    if repeated:
        return dataclasses.field(default_factory=list, metadata=metadata)
    return dataclasses.field(default=None, metadata=metadata)


def _encode_varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _decode_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ProtocolError("message ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & ((1 << 64) - 1), at
    raise ProtocolError("number of more than ten bytes")


def as_bytes(value: Union[str, bytes, bytearray]) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return bytes(value)


def _whole_number(name: str, wire: Wire, value: Any) -> int:
    """The number of a field; a fraction or a text has none that the wire could carry."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        kind = wire.enum.__qualname__ if wire.kind is Kind.ENUM else "whole number"
        raise TypeError(f"{name}: {value!r} is no {kind}") from None


def _encode_value(name: str, wire: Wire, value: Any) -> bytes:
    if _WIRE_TYPE[wire.kind] == _VARINT:
        number = _whole_number(name, wire, value)
        lowest, highest = _RANGE[wire.kind]
        if not lowest <= number <= highest:
            raise ValueError(f"{name}: {number} is out of range, {lowest} to {highest} are allowed")
        return _encode_varint(number)
    payload: bytes = value.encode() if wire.kind is Kind.MESSAGE else as_bytes(value)
    return _encode_varint(len(payload)) + payload


def _decode_value(wire: Wire, value: Any) -> Any:
    if wire.kind in (Kind.INT, Kind.INT32):
        return value - (1 << 64) if value >> 63 else value
    if wire.kind is Kind.BOOL:
        return bool(value)
    if wire.kind is Kind.TEXT:
        return value.decode("utf-8", "surrogateescape")
    if wire.kind is Kind.MESSAGE:
        return wire.message.decode(value)
    if wire.kind is Kind.ENUM:
        # A newer daemon may know more values than this client.
        return wire.enum(value) if value in wire.enum.__members__.values() else value
    return value


def _split(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yields number, wire type and raw value of each field of an encoded message."""
    at = 0
    while at < len(data):
        key, at = _decode_varint(data, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value: Any
            value, at = _decode_varint(data, at)
        else:
            if wire_type == _LENGTH:
                length, at = _decode_varint(data, at)
            elif wire_type in (1, 5):
                length = 8 if wire_type == 1 else 4
            else:
                raise ProtocolError(f"field {number} has the unknown wire type {wire_type}")
            if length > len(data) - at:
                raise ProtocolError(f"message ends within field {number}")
            value = data[at : at + length]
            at += length
        yield number, wire_type, value


_M = TypeVar("_M", bound="Message")


class Message:
    """A message of the protocol: a dataclass whose fields are its field table."""

    _table: ClassVar[dict[int, tuple[str, Wire]]]

    @classmethod
    def fields(cls) -> dict[int, tuple[str, Wire]]:
        if "_table" not in vars(cls):
            rows = ((f.name, f.metadata["wire"]) for f in dataclasses.fields(cls))
            cls._table = {wire.number: (name, wire) for name, wire in rows}
        return cls._table

    def encode(self) -> bytes:
        """Its encoded form. A field that is None is left out."""
        out = []
        for number, (name, wire) in self.fields().items():
            value = getattr(self, name)
            if value is None:
                continue
            key = _encode_varint(number << 3 | _WIRE_TYPE[wire.kind])
            for item in value if wire.repeated else (value,):
                out.append(key + _encode_value(name, wire, item))
        return b"".join(out)

    @classmethod
    def decode(cls: type[_M], data: bytes) -> _M:
        """The message that `data` encodes; fields that it does not know are skipped."""
        message = cls()
        table = cls.fields()
        for number, wire_type, raw in _split(data):
            if number not in table:
                continue
            name, wire = table[number]
            if wire_type != _WIRE_TYPE[wire.kind]:
                raise ProtocolError(f"{cls.__name__}.{name} has the wrong wire type {wire_type}")
            value = _decode_value(wire, raw)
            if wire.repeated:
                getattr(message, name).append(value)
            else:
                setattr(message, name, value)
        for name, wire in table.values():
            if wire.required and getattr(message, name) is None:
                raise ProtocolError(f"{cls.__name__} without {name}")
        return message
