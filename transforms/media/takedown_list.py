"""What was taken out of datasets and is refused from then on: ids and hashes, so that the list names no one."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.decisions import DecisionLog, Rule
from schemas.person_names import compared_name
from schemas.tables import DecisionRow

TAKE_OUT = "TakeOut"
TAKEN_DOWN = "taken_down"
"""Name of the rule that refuses what was taken down."""
SOURCE, CLIP, SPEAKER, NAME, PERSON = "source", "clip", "speaker", "name", "person"
"""Kinds of subjects."""
COPY = "copy"
"""How a clip is refused that shows what a clip on the list did."""
REFUSED_NAME = "taken-down:"
"""How the name of a refused source begins in tables: its own name is not stored."""
_ID = re.compile(rb"(?=([0-9a-fx][0-9a-f]{15}))")  # wherever the id of a source may begin

TAKEDOWN_RULES: tuple[Rule[str], ...] = (
    Rule(name=TAKEN_DOWN, comparison="in", value=lambda refused_by: refused_by, threshold=("",), applies=bool),
)
"""The rule of a clip by itself, which is asked of clips on the list alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakedownList:
    """Subjects of takedowns, by kind."""

    contents: frozenset[str] = frozenset()  # sha256 of the bytes of sources
    clips: frozenset[str] = frozenset()  # keys
    speakers: frozenset[str] = frozenset()  # see speaker_hash
    names: frozenset[str] = frozenset()  # see name_hash

    def why_refused(self, content_sha256: str, speakers: Iterable[str], names: Iterable[str]) -> str:
        """By what a source is refused, a kind of subject; "": it is not. names: as tables have them."""
        if content_sha256 in self.contents:
            return SOURCE
        if self.speakers and any(speaker_hash(one) in self.speakers for one in speakers if compared_name(one)):
            return SPEAKER
        return NAME if self.names and any(name_hash(one) in self.names for one in names) else ""


def takedown_list(subjects: Iterable[tuple[str, str, str]]) -> TakedownList:
    """The list of some rows of the table `takedowns`, given as (kind, subject, content_sha256)."""
    rows = list(subjects)

    def of_kind(kind: str) -> frozenset[str]:
        return frozenset(subject for one, subject, _ in rows if one == kind)

    contents = frozenset(content for kind, _, content in rows if kind == SOURCE and content)
    return TakedownList(contents=contents, clips=of_kind(CLIP), speakers=of_kind(SPEAKER), names=of_kind(NAME))


def clip_decision(key: str, source_id: str, refused_by: str = CLIP) -> DecisionRow:
    """The decision that drops a clip: it is on the list by itself, or shows what one on the list did (COPY)."""
    log = DecisionLog(stage=TAKE_OUT, source_id=source_id)
    log.keeps(key, "clip", refused_by, TAKEDOWN_RULES)
    return log.rows[0]


def removed_key(kind: str, subject: str, number: int) -> str:
    """What stands for the key of a clip that was taken down, where clips are compared with it."""
    return f"{REFUSED_NAME}{kind}:{subject}#{number}"


def is_removed(key: str) -> bool:
    """Whether a key stands for such a clip."""
    return key.startswith(REFUSED_NAME)


def names_any(data: bytes, source_ids: frozenset[str]) -> bool:
    """Whether bytes, like those of a stored result or of a file's name, hold the id of one of these sources."""
    return bool(source_ids) and any(found[1].decode() in source_ids for found in _ID.finditer(data))


def speaker_hash(speaker: str) -> str:
    """Hash of a speaker's name as names are compared, so that its spellings have one."""
    return _sha256(compared_name(speaker))


def name_hash(name: str) -> str:
    """Hash of a source's name as tables have it."""
    return _sha256(name)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
