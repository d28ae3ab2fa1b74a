"""One person in several spellings is one person."""

import pyarrow as pa
import pytest

from schemas.person_names import compared_name
from schemas.stored.clip_index import StoredClips


@pytest.mark.parametrize("name", ["Straße", "STRASSE", "strasse "])
def test_case_is_folded_not_lowered(name):
    assert compared_name(name) == "strasse"


def test_comparing_a_compared_name_changes_nothing():
    for name in ("Zoe\u0308 Ann", "ﬁ\u200b Ⅷ", "İ", "\u0345\u0301a"):
        assert compared_name(compared_name(name)) == compared_name(name)


def test_clips_of_one_speaker_in_two_spellings_have_one_speaker():
    places = pa.table(
        {"speaker": ["Zoë", "", None, "ZOE\u0308", "Ben"], "source_uri": ["a.mp4", "B.mp4", "b.mp4", "c.mp4", "d.mp4"]}
    )
    clips = StoredClips(dataset="out", places=places)
    assert clips.speakers == ["Zoë", "B.mp4", "b.mp4", "Zoë", "Ben"]
    assert len(clips.speaker_column.dictionary) == 4
