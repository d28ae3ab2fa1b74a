"""One content under several names is one source."""

import hashlib
from dataclasses import dataclass

from schemas.decisions import Rule, judge
from schemas.records import Source, SourceFacts, VideoSource
from schemas.tables import DecisionRow
from transforms.sources.split import split_of_unit, split_unit

STAGE = "HashSource"
_MUST_AGREE = ("speaker", "group", "split", "licence", "consent")
_GIVEN = (*_MUST_AGREE, "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedName:
    """One name and the content found under it."""

    name: VideoSource
    content_sha256: str  # "" when it could not be read
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedSource:
    """One source and whether its names agree."""

    source: Source
    decision: DecisionRow


def unread_id(uri: str) -> str:
    """Id of a source without content: 16 characters as every source id, but no hexadecimal."""
    return "unread-" + hashlib.sha256(uri.encode(errors="surrogateescape")).hexdigest()[:9]


def unread_source(name: VideoSource, given: dict[str, str]) -> Source:
    """The source that stands for a name that could not be read."""
    hashed = HashedName(name=name, content_sha256="", size_bytes=0)
    return _source(unread_id(name.uri), [hashed], {field: getattr(name, field) for field in _GIVEN}, given)


def merge_names(hashed: list[HashedName], given: dict[str, str]) -> MergedSource:
    """All names of one content as one source; dropped when they disagree on what must agree.

    given: split of each speaker or group that has one, see split.given_splits. An empty field disagrees with nothing.
    """
    hashed = sorted(hashed, key=lambda one: one.name.uri)
    source_id = hashed[0].content_sha256[:16]
    found = {field: sorted({getattr(one.name, field) for one in hashed} - {""}) for field in _GIVEN}
    conflicts = [f"{field}: {', '.join(found[field])}" for field in _MUST_AGREE if len(found[field]) > 1]
    agreed = {field: values[0] if len(values) == 1 else "" for field, values in found.items()}
    source = _source(source_id, hashed, agreed, given)
    if agreed["split"] and agreed["split"] != source.split:
        conflicts.append(f"split: {agreed['split']}, but {source.split} of {source.split_unit}")
    rule = Rule("conflicting_metadata", "in", "; ".join(conflicts), ("",))
    (decision,) = judge(source_id, "source", source_id, STAGE, (rule,))[1]
    return MergedSource(source=source, decision=decision)


def ended_facts(source: Source) -> SourceFacts:
    """Facts of a source that goes no further."""
    return SourceFacts(source=source, probe=None, num_frames=0, num_windows=0, speech_s=0.0)


def _source(source_id: str, hashed: list[HashedName], agreed: dict[str, str], given: dict[str, str]) -> Source:
    unit = split_unit(agreed["speaker"], agreed["group"], source_id)
    own = agreed["split"] if unit.startswith("source:") else ""  # the split of a larger unit is never one member's own
    return Source(
        source_id=source_id,
        content_sha256=hashed[0].content_sha256,
        uris=tuple(one.name.uri for one in hashed),
        size_bytes=hashed[0].size_bytes,
        split_unit=unit,
        split=own or given.get(unit) or split_of_unit(unit),
        **{field: agreed[field] for field in ("speaker", "group", "licence", "consent", "language")},
    )
