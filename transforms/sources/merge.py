"""Merge the names of one content into one source."""

import hashlib
from dataclasses import dataclass

from schemas.decisions import DecisionLog, Rule
from schemas.records import Source, SourceFacts, VideoSource
from schemas.tables import DecisionRow
from transforms.sources.split import split_of_unit, split_unit

STAGE = "HashSource"
_MUST_AGREE = ("speaker", "group", "split", "licence", "consent")
_GIVEN = (*_MUST_AGREE, "language")

SOURCE_RULES: tuple[Rule[list[str]], ...] = (
    Rule(name="conflicting_metadata", comparison="in", value="; ".join, threshold=("",)),
)
"""The rules of a source; they judge the conflicts between the metadata given with its names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedName:
    """One name and the hash of its content."""

    name: VideoSource
    content_sha256: str  # "" when it could not be read
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedSource:
    """One source, and the decision whether its names agree."""

    source: Source
    decision: DecisionRow


def unread_id(uri: str) -> str:
    """Id of a source that could not be read: 16 characters like any source id, but not hexadecimal."""
    return "unread-" + hashlib.sha256(uri.encode(errors="surrogateescape")).hexdigest()[:9]


def unread_source(name: VideoSource, given: dict[str, str]) -> Source:
    """The source for a name that could not be read."""
    hashed = HashedName(name=name, content_sha256="", size_bytes=0)
    return _source(unread_id(name.uri), [hashed], {field: getattr(name, field) for field in _GIVEN}, given)


def merge_names(hashed: list[HashedName], given: dict[str, str]) -> MergedSource:
    """All names of one content as one source, which is dropped if their metadata disagree.

    given: split of each speaker or group that was given one, see split.given_splits. An empty field agrees with all.
    """
    hashed = sorted(hashed, key=lambda one: one.name.uri)
    source_id = hashed[0].content_sha256[:16]
    found = {field: sorted({getattr(one.name, field) for one in hashed} - {""}) for field in _GIVEN}
    conflicts = [f"{field}: {', '.join(found[field])}" for field in _MUST_AGREE if len(found[field]) > 1]
    agreed = {field: values[0] if len(values) == 1 else "" for field, values in found.items()}
    source = _source(source_id, hashed, agreed, given)
    if agreed["split"] and agreed["split"] != source.split:
        conflicts.append(f"split: {agreed['split']}, but {source.split} of {source.split_unit}")
    log = DecisionLog(stage=STAGE, source_id=source_id)
    log.keeps(source_id, "source", conflicts, SOURCE_RULES)
    return MergedSource(source=source, decision=log.rows[0])


def ended_facts(source: Source) -> SourceFacts:
    """Facts of a source that is not processed further."""
    return SourceFacts(source=source, probe=None, num_frames=0, num_windows=0, speech_s=0.0)


def _source(source_id: str, hashed: list[HashedName], agreed: dict[str, str], given: dict[str, str]) -> Source:
    unit = split_unit(agreed["speaker"], agreed["group"], source_id)
    own_split = agreed["split"] if unit.startswith("source:") else ""  # a larger unit decides for its members
    return Source(
        source_id=source_id,
        content_sha256=hashed[0].content_sha256,
        uris=tuple(one.name.uri for one in hashed),
        size_bytes=hashed[0].size_bytes,
        split_unit=unit,
        split=own_split or given.get(unit) or split_of_unit(unit),
        **{field: agreed[field] for field in ("speaker", "group", "licence", "consent", "language")},
    )
