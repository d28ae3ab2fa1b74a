"""The units of which none may be in two splits, speaker, group, person or source; and the split of each."""

import hashlib
from collections.abc import Sequence

import numpy as np

from schemas.person_names import compared_name

SPEAKER, GROUP, PERSON, SOURCE = "speaker:", "group:", "person:", "source:"
"""What a unit's text begins with, the strongest first."""
_TRAIN_PERCENT, _VAL_PERCENT = 90, 5  # the rest is test


def named_units(speaker: str, group: str) -> list[str]:
    """The units of the names that a source was given with: "speaker:NAME", "group:NAME"; there may be none.

    A speaker's name is as names are compared: spellings that differ in case, blanks or Unicode form are one speaker.
    """
    name = compared_name(speaker)
    return [*([SPEAKER + name] if name else []), *([GROUP + group] if group else [])]


def split_unit(speaker: str, group: str, source_id: str) -> str:
    """The unit of a source as its own names have it: the first of named_units, else "source:ID"."""
    return [*named_units(speaker, group), SOURCE + source_id][0]


def split_of_unit(unit: str) -> str:
    """90 % train, 5 % val, 5 % test, by the unit's sha256."""
    percent = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8], "big") * 100 >> 64
    if percent < _TRAIN_PERCENT:
        return "train"
    return "val" if percent < _TRAIN_PERCENT + _VAL_PERCENT else "test"


def strongest(units: set[str]) -> str:
    """The unit that stands for several that are joined: of the strongest kind, the first by its text."""
    return min(units, key=lambda unit: (_KINDS.index(unit.partition(":")[0] + ":"), unit))


_KINDS = (SPEAKER, GROUP, PERSON, SOURCE)


def join_units(links: Sequence[Sequence[str]]) -> dict[str, int]:
    """Each unit of the links -> a number that it shares with all that links join it to, directly or by others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    numbers = {unit: number for number, unit in enumerate(sorted({unit for link in links for unit in link}))}
    pairs = np.array([(numbers[link[0]], numbers[unit]) for link in links for unit in link], np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs), np.int8), pairs.T), (len(numbers), len(numbers)))
    return dict(zip(numbers, connected_components(graph, directed=False)[1].tolist(), strict=True))
