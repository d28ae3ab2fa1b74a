"""Beam's coders of records: fields by name, nothing pickled, so that workers of two versions read each other's data."""

import dataclasses
from typing import Any

from apache_beam import coders, pvalue
from apache_beam.typehints import typehints

from schemas import records, tables
from schemas.codec import decode_record, encode_record


class RecordCoder(coders.Coder):
    """Codes the records of one class."""

    def __init__(self, kind: type) -> None:
        """kind: the class."""
        self._kind = kind

    @classmethod
    def from_type_hint(cls, typehint: type, registry: coders.typecoders.CoderRegistry) -> "RecordCoder":  # type: ignore[override]
        """See beam.coders.Coder."""
        return cls(typehint)

    def encode(self, value: Any) -> bytes:
        """See beam.coders.Coder."""
        return encode_record(value)

    def decode(self, encoded: bytes) -> Any:
        """See beam.coders.Coder."""
        return decode_record(encoded, self._kind)

    def is_deterministic(self) -> bool:
        """Equal records have equal bytes."""
        return True

    def to_type_hint(self) -> type:
        """See beam.coders.Coder."""
        return self._kind

    def __eq__(self, other: object) -> bool:
        """Coders of one class are equal."""
        return type(other) is type(self) and other._kind == self._kind

    def __hash__(self) -> int:
        """As for equality."""
        return hash((type(self), self._kind))


class AnyRecordCoder(coders.Coder):
    """Codes the records of several classes, each with the name of its class."""

    def __init__(self, kinds: tuple[type, ...]) -> None:
        """kinds: the classes, of which no two have one name."""
        self._kinds = {kind.__name__: kind for kind in sorted(kinds, key=lambda kind: kind.__name__)}

    @classmethod
    def from_type_hint(cls, typehint: Any, registry: coders.typecoders.CoderRegistry) -> coders.Coder:  # type: ignore[override]
        """The coder of a union: this one where its members are records."""
        members = tuple(typehint.inner_types())
        kinds = tuple(kind for kind in members if kind is not type(None))
        if len(kinds) > 1 and all(dataclasses.is_dataclass(kind) for kind in kinds):
            return cls(kinds) if kinds == members else coders.NullableCoder(cls(kinds))
        if typehints.is_nullable(typehint):
            return coders.NullableCoder.from_type_hint(typehint, registry)
        return registry._fallback_coder.from_type_hint(typehint, registry)

    def encode(self, value: Any) -> bytes:
        """See beam.coders.Coder."""
        return f"{type(value).__name__}\n".encode() + encode_record(value)

    def decode(self, encoded: bytes) -> Any:
        """See beam.coders.Coder."""
        name, _, record = encoded.partition(b"\n")
        return decode_record(record, self._kinds[name.decode()])

    def is_deterministic(self) -> bool:
        """Equal records have equal bytes."""
        return True

    def __eq__(self, other: object) -> bool:
        """Coders of the same classes are equal."""
        return type(other) is type(self) and other._kinds == self._kinds

    def __hash__(self) -> int:
        """As for equality."""
        return hash((type(self), *self._kinds))


def use_record_coders(*kinds: type) -> None:
    """Let collections of these classes have a RecordCoder."""
    for kind in kinds:
        coders.registry.register_coder(kind, RecordCoder)


def with_kinds(outputs: pvalue.DoOutputsTuple, **kinds: Any) -> pvalue.DoOutputsTuple:
    """The named outputs of a step, each with the class of its records, which Beam does not know."""
    for name, kind in kinds.items():
        getattr(outputs, name).element_type = kind
    return outputs


use_record_coders(
    *(kind for kind in vars(records).values() if dataclasses.is_dataclass(kind) and isinstance(kind, type)),
    *tables.TABLES.values(),
)
coders.registry.register_coder(typehints.UnionConstraint, AnyRecordCoder)
