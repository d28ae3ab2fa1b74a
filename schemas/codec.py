"""Records as MessagePack: fields by their names, so that a field that is added or taken away changes no other.

What a record lacks gets the field's default, and what its class does not know is passed over.
"""

import functools
from collections.abc import Hashable
from fractions import Fraction
from typing import Any, TypeVar

import msgspec
import numpy as np

Record = TypeVar("Record")


def encode_record(record: Any) -> bytes:
    """The bytes of a record; equal records of one class have equal bytes."""
    return _ENCODER.encode(record)


def decode_record(data: bytes, kind: type[Record]) -> Record:
    """The record of a class that these bytes hold. ValueError: they hold another one, or are cut off."""
    return _decoder(kind).decode(data)  # type: ignore[arg-type]  # mypy: a class has no __hash__


def _encoded(value: Any) -> Any:
    if isinstance(value, Fraction):
        return [value.numerator, value.denominator]
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"records hold no {type(value).__name__}")


def _decoded(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(*value)
    raise NotImplementedError(f"records hold no {kind.__name__}")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encoded)


@functools.cache
def _decoder(kind: Hashable) -> msgspec.msgpack.Decoder:
    return msgspec.msgpack.Decoder(kind, dec_hook=_decoded)
