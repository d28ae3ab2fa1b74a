"""Splits follow speaker, else group, else source."""

from collections import Counter
from dataclasses import replace

import pytest

from schemas.errors import UsageError
from schemas.records import VideoSource
from transforms.media.split_units import split_of_unit, split_unit
from transforms.sources.split import check_given_splits, given_splits, split_of_names, with_unit_splits


def test_a_unit_is_the_speaker_else_the_group_else_the_source():
    assert split_unit("anna", "talk", "id") == "speaker:anna"
    assert split_unit("", "talk", "id") == "group:talk"
    assert split_unit("", "", "id") == "source:id"


@pytest.mark.parametrize(
    "name", ["Zoë Ann", "Zoe\u0308 Ann", " zoë  ann", "ZOË\u00a0ANN", "\uff3aoë Ann\u200f", "zoë ann"], ids=ascii
)
def test_spellings_of_one_speaker_are_one_unit(name):
    assert split_unit(name, "", "id") == "speaker:zoë ann"


def test_other_names_are_other_units():
    assert len({split_unit(name, "", "id") for name in ("Zoë Ann", "Zoe Ann", "Zoë Anne", "ZoëAnn")}) == 4


def test_a_name_of_blanks_is_no_speaker():
    assert split_unit(" \u200b", "", "id") == "source:id"
    assert (
        given_splits([VideoSource(uri="a", speaker=" ", split="val"), VideoSource(uri="b", speaker=" ", split="test")])
        == {}
    )


def test_two_given_splits_of_one_speaker_in_two_spellings_are_refused():
    sources = [
        VideoSource(uri="a", speaker="Zoë", split="val"),
        VideoSource(uri="b", speaker="ZOE\u0308", split="test"),
    ]
    with pytest.raises(UsageError, match="speaker:zoë is in two splits: 'a' is given val, 'b' test"):
        check_given_splits(sources)


def test_units_are_split_90_5_5():
    counts = Counter(split_of_unit(f"speaker:{number}") for number in range(20_000))
    assert abs(counts["train"] - 18_000) < 150 and abs(counts["val"] - 1000) < 100 and abs(counts["test"] - 1000) < 100


def test_the_split_of_a_unit_never_changes():
    assert [split_of_unit(f"speaker:s{number}") for number in (1, 12, 33)] == ["train", "train", "train"]
    assert [n for n in range(40) if split_of_unit(f"group:{n}") != "train"] == [28]


def test_the_given_split_of_one_member_holds_for_the_whole_unit():
    sources = [
        VideoSource(uri="a", speaker="anna"),
        VideoSource(uri="b", speaker="anna", split="test"),
        VideoSource(uri="c", split="val"),
    ]
    assert given_splits(sources) == {"speaker:anna": "test"}


def test_every_name_carries_the_split_of_its_unit():
    anna, in_group = VideoSource(uri="a", speaker="anna"), VideoSource(uri="c", group="g")
    given = given_splits([anna, replace(anna, uri="b", split="test"), in_group, replace(in_group, split="val")])
    carried, group_carried = with_unit_splits(anna, given), with_unit_splits(in_group, given)
    assert (carried.speaker_split, group_carried.group_split) == ("test", "val")
    assert split_of_names("speaker:anna", [VideoSource(uri="d"), carried]) == "test"
    assert split_of_names("group:g", [group_carried]) == "val" and split_of_names("speaker:ben", [carried]) == ""
    assert with_unit_splits(VideoSource(uri="c", split="val"), given).speaker_split == ""


def test_a_given_split_holds_for_all_speakers_of_the_group():
    anna, ben = VideoSource(uri="a", speaker="anna", group="g", split="test"), VideoSource(uri="b", speaker="ben")
    assert given_splits([anna, ben, replace(ben, uri="c", group="g")]) == dict.fromkeys(
        ("group:g", "speaker:anna", "speaker:ben"), "test"
    )


def test_two_given_splits_of_speakers_who_share_a_group_are_refused():
    sources = [
        VideoSource(uri="a", speaker="anna", group="g", split="test"),
        VideoSource(uri="b", speaker="ben", group="g", split="train"),
    ]
    with pytest.raises(UsageError, match="speaker:ben is in two splits: 'a' is given test, 'b' train"):
        check_given_splits(sources)


def test_two_given_splits_of_one_group_are_refused():
    sources = [VideoSource(uri="a", group="g", split="val"), VideoSource(uri="b", group="g", split="test")]
    with pytest.raises(UsageError, match="group:g is in two splits: 'a' is given val, 'b' test"):
        check_given_splits(sources)
