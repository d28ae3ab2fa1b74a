"""Merge the names of one content into one source; what is left out is a source as well, with its reason."""

from dataclasses import dataclass, replace

from schemas.decisions import DecisionLog, Rule
from schemas.person_names import compared_name
from schemas.records import Source, SourceFacts, VideoSource
from schemas.tables import DecisionRow
from transforms.media.source_names import unread_id
from transforms.media.split_units import named_units, split_of_unit, split_unit
from transforms.media.takedown_list import REFUSED_NAME, TAKEN_DOWN, TakedownList
from transforms.sources.config import RightsConfig
from transforms.sources.split import split_of_names

STAGE = "HashSource"
ANY_RIGHTS = RightsConfig()
NOTHING_TAKEN = TakedownList()
_MUST_AGREE = ("speaker", "group", "split", "licence", "consent")
_GIVEN = (*_MUST_AGREE, "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFacts:
    """What is known of a source's names."""

    is_judged: bool = False  # whether it was asked if they name media
    left_out: str = ""  # why they do not; "": they do, as far as is known
    conflicts: tuple[str, ...] = ()  # between the metadata given with them
    licence: str = ""
    consent: str = ""
    taken_down: str = ""  # by what it is refused; "": it is not


SOURCE_RULES: tuple[Rule[NameFacts], ...] = (
    Rule(
        name=TAKEN_DOWN,
        comparison="in",
        value=lambda facts: facts.taken_down,
        threshold=("",),
        applies=lambda facts: bool(facts.taken_down),
    ),
    Rule(
        name="is_media",
        comparison="in",
        value=lambda facts: facts.left_out,
        threshold=("",),
        applies=lambda facts: facts.is_judged,
    ),
    Rule(name="conflicting_metadata", comparison="in", value=lambda facts: "; ".join(facts.conflicts), threshold=("",)),
    Rule(name="licences", comparison="in", value=lambda facts: facts.licence, setting="rights.licences"),
    Rule(name="consent", comparison="in", value=lambda facts: facts.consent, setting="rights.consent"),
)
"""The rules of a source, in order. `taken_down` is asked of what is on the list of takedowns; `is_media` where the
content decides, and of what is no regular file; `licences` and `consent` where their setting lists what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedName:
    """One name and the hash of its content."""

    name: VideoSource
    content_sha256: str  # "" when it could not be read
    size_bytes: int
    version: str = ""  # of the file, see storage.version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedSource:
    """One source, and the decisions whether it is media and its names agree."""

    source: Source
    decisions: tuple[DecisionRow, ...]

    @property
    def decision(self) -> DecisionRow:
        """The last decision, which drops the source or keeps it."""
        return self.decisions[-1]


def left_out(name: VideoSource, reason: str) -> MergedSource:
    """A name that is not read, and the decision that says why."""
    log = DecisionLog(stage=STAGE, source_id=unread_id(name.stored_name))
    log.keeps(log.source_id, "source", NameFacts(is_judged=True, left_out=reason), SOURCE_RULES)  # the first drops it
    return MergedSource(source=unread_source(name), decisions=tuple(log.rows))


def unread_and_refused(name: VideoSource, taken: TakedownList) -> MergedSource | None:
    """A name that is not read and was taken down by itself, or with its speaker; None: it was not."""
    return refused([HashedName(name=name, content_sha256="", size_bytes=0)], unread_id(name.stored_name), taken)


def unread_source(name: VideoSource) -> Source:
    """The source for a name that was not read."""
    hashed = HashedName(name=name, content_sha256="", size_bytes=0)
    return _source(unread_id(name.stored_name), [hashed], {field: getattr(name, field) for field in _GIVEN})


def refused(hashed: list[HashedName], source_id: str, taken: TakedownList) -> MergedSource | None:
    """A source that was taken down, without its names and what was given with them; None: it was not."""
    names = [one.name for one in hashed]
    refused_by = taken.why_refused(
        hashed[0].content_sha256, {one.speaker for one in names}, {one.stored_name for one in names}
    )
    if not refused_by:
        return None
    source = _source(source_id, hashed, dict.fromkeys(_GIVEN, ""))
    places = [f"{REFUSED_NAME}{source_id}{f'#{number}' if number else ''}" for number in range(len(names))]
    log = DecisionLog(stage=STAGE, source_id=source_id)
    log.keeps(source_id, "source", NameFacts(taken_down=refused_by), SOURCE_RULES)  # the first drops it
    return MergedSource(source=replace(source, names=tuple(places)), decisions=tuple(log.rows))


def merge_names(
    hashed: list[HashedName], rights: RightsConfig = ANY_RIGHTS, taken: TakedownList = NOTHING_TAKEN
) -> MergedSource:
    """All names of one content as one source, which is dropped if it was taken down, or for what was given with them.

    That is where it disagrees, or is not allowed. An empty field agrees with all.
    """
    hashed = sorted(hashed, key=lambda one: (one.name.uri, one.name.stored_name))
    source_id = hashed[0].content_sha256[:16]
    if taken_down := refused(hashed, source_id, taken):
        return taken_down
    found = {field: _different(field, {getattr(one.name, field) for one in hashed} - {""}) for field in _GIVEN}
    conflicts = [f"{field}: {', '.join(found[field])}" for field in _MUST_AGREE if len(found[field]) > 1]
    agreed = {field: values[0] if len(values) == 1 else "" for field, values in found.items()}
    source = _source(source_id, hashed, agreed)
    if agreed["split"] and agreed["split"] != source.split:
        conflicts.append(f"split: {agreed['split']}, but {source.split} of {source.split_unit}")
    facts = NameFacts(
        is_judged=any(one.name.content_decides for one in hashed),
        conflicts=tuple(conflicts),
        licence=source.licence.strip(),
        consent=source.consent.strip(),
    )
    log = DecisionLog(stage=STAGE, source_id=source_id, settings=rights.allowed)
    rules = [rule for rule in SOURCE_RULES if not rule.setting or rule.setting in rights.allowed]
    log.keeps(source_id, "source", facts, rules, SOURCE_RULES)
    return MergedSource(source=source, decisions=tuple(log.rows))


def _different(field: str, values: set[str]) -> list[str]:
    """Values that do not agree, sorted; of spellings of one speaker the first."""
    if field != "speaker":
        return sorted(values)
    return sorted({compared_name(value): value for value in sorted(values, reverse=True)}.values())


def ended_facts(source: Source) -> SourceFacts:
    """Facts of a source that is not processed further."""
    return SourceFacts(source=source, probe=None, num_frames=0, num_windows=0, speech_s=0.0)


def _source(source_id: str, hashed: list[HashedName], agreed: dict[str, str]) -> Source:
    unit = split_unit(agreed["speaker"], agreed["group"], source_id)
    own_split = agreed["split"] if unit.startswith("source:") else ""  # a larger unit decides for its members
    given_split = own_split or split_of_names(unit, (one.name for one in hashed))
    return Source(
        source_id=source_id,
        content_sha256=hashed[0].content_sha256,
        uris=tuple(one.name.uri for one in hashed),
        names=tuple(one.name.stored_name for one in hashed),
        size_bytes=hashed[0].size_bytes,
        version=hashed[0].version,
        split_unit=unit,
        split=given_split or split_of_unit(unit),
        given_split=given_split or _first_given(agreed, hashed),
        **{field: agreed[field] for field in ("speaker", "group", "licence", "consent", "language")},
    )


def _first_given(agreed: dict[str, str], hashed: list[HashedName]) -> str:
    """The split that was given for its speaker, else for its group; "": none was."""
    units = named_units(agreed["speaker"], agreed["group"])
    splits = (split_of_names(unit, (one.name for one in hashed)) for unit in units)
    return next(filter(None, splits), "")
