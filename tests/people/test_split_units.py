"""Units that share a speaker, group or person, and the split of each."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import SEVERAL
from transforms.media.split_units import split_of_unit
from transforms.people.split_units import SourcePerson, Unit, assign_units, source_unit


def clips(source_id, **fields):
    return SourcePerson(source_id=source_id, **{"num_clips": 1, **fields})


def units(*found):
    return [one.unit for one in assign_units(found)]


def test_the_unit_is_the_speaker_else_the_person_else_the_source():
    found = (clips("a", speaker="Ann", person_id="p1"), clips("b", person_id="p2"), clips("c"))
    assert units(*found) == ["speaker:ann", "person:p2", "source:c"]
    assert [one.split for one in assign_units(found)] == [split_of_unit(unit) for unit in units(*found)]


def test_a_person_in_two_unnamed_sources_is_one_unit():
    assert units(clips("a", person_id="p"), clips("b", person_id="p")) == ["person:p"] * 2


def test_two_people_of_one_unnamed_source_may_be_in_two_units():
    assert units(clips("a", person_id="p"), clips("a", person_id="q")) == ["person:p", "person:q"]


def test_unnamed_clips_of_a_person_follow_the_speaker():
    assert units(clips("a", speaker="ann", person_id="p"), clips("b", person_id="p")) == ["speaker:ann"] * 2


def test_a_face_under_two_names_does_not_join_them_and_unnamed_clips_follow_the_one_with_most_clips():
    found = (
        clips("a", speaker="ann", person_id="p", num_clips=2),
        clips("b", speaker="ben", person_id="p", num_clips=3),
        clips("c", person_id="p"),
    )
    assert units(*found) == ["speaker:ann", "speaker:ben", "speaker:ben"]


def test_a_speaker_whose_faces_are_two_people_is_one_unit():
    assert (
        units(clips("a", speaker="ann", person_id="p"), clips("b", speaker="Ann ", person_id="q"))
        == ["speaker:ann"] * 2
    )


def test_a_group_is_not_torn_once_its_rows_have_speakers():
    found = (clips("a", speaker="ann", group="g"), clips("b", speaker="ben", group="g"), clips("c", group="g"))
    assert units(*found) == ["speaker:ann"] * 3


def test_a_group_without_names_is_joined_by_its_people():
    found = (clips("a", group="g", person_id="p"), clips("b", group="h", person_id="p"), clips("c", person_id="p"))
    assert units(*found) == ["group:g"] * 3


def test_a_given_split_holds_for_all_that_is_joined():
    found = assign_units([clips("a", given_split="test", person_id="p"), clips("b", person_id="p")])
    assert [(one.split, one.conflict) for one in found] == [("test", "")] * 2


def test_official_test_material_stays_and_what_contradicts_it_is_named():
    found = assign_units(
        [clips("a", given_split="train", person_id="p"), clips("b", given_split="test", person_id="p")]
    )
    assert [one.split for one in found] == ["test", "test"] and found[1].conflict == ""
    assert found[0].conflict == "given train, but person:p is in test by source b"


def test_a_person_of_official_test_material_takes_no_one_else_along():
    train, test = {"given_split": "train", "group": "g"}, {"given_split": "test", "group": "h"}
    found = assign_units(
        [clips("a", person_id="p", **train), clips("a", person_id="q", **train), clips("b", person_id="p", **test)]
    )
    assert [(one.split, bool(one.conflict)) for one in found] == [("train", True), ("train", False), ("test", False)]


def test_clips_without_a_given_split_that_would_join_two_given_ones_are_dropped_and_both_are_named():
    *kept, joining = assign_units(
        [
            clips("a", person_id="p", given_split="train"),
            clips("b", person_id="q", given_split="test"),
            clips("c", person_id="p", group="g"),
            clips("d", person_id="q", group="g"),
        ]
    )[:3]
    assert [(one.split, one.conflict) for one in kept] == [("train", ""), ("test", "")]
    assert joining.conflict == "person:q is in test by source b, but person:p is in train by source a"


def test_a_split_on_record_wins_over_a_given_one():
    recorded = clips("a", person_id="p", recorded_split="train", recorded_unit="person:p")
    found = assign_units([recorded, clips("b", person_id="p", given_split="test"), clips("c", person_id="p")])
    assert [one.split for one in found] == ["train"] * 3
    assert found[1].conflict == "given test, but person:p is in train on record" and not found[2].conflict


def test_new_clips_that_would_join_two_splits_on_record_contradict_both():
    recorded = [
        clips("a", speaker="ann", recorded_split="train", recorded_unit="speaker:ann"),
        clips("b", group="g", recorded_split="test", recorded_unit="group:g"),
    ]
    *stored, new, other = assign_units([*recorded, clips("c", speaker="ann", group="g"), clips("d")])
    assert [(one.split, one.conflict) for one in stored] == [("train", ""), ("test", "")]
    assert new.conflict == "group:g is in test on record, but speaker:ann is in train on record" and not other.conflict


def test_clips_on_record_count_before_new_ones_for_the_speaker_that_is_followed():
    found = (
        clips("a", person_id="p", recorded_split="val", recorded_unit="speaker:ann"),
        clips("b", speaker="ann", person_id="p", recorded_split="val", recorded_unit="speaker:ann"),
        clips("c", speaker="ben", person_id="p", num_clips=50, given_split="test"),
    )
    assert [(one.split, one.conflict) for one in assign_units(found)] == [("val", ""), ("val", ""), ("test", "")]


def test_the_split_of_a_source_is_that_of_its_clips():
    source = SourcePerson(source_id="a")
    one, same = Unit(unit="person:p", split="val"), Unit(unit="person:q", split="val")
    other = Unit(unit="person:r", split="test")
    assert source_unit(source, [one, one]) == one
    assert source_unit(source, [one, same]) == Unit(unit="source:a", split="val")
    assert source_unit(source, [one, other]) == Unit(unit="source:a", split=SEVERAL)


people = st.builds(
    SourcePerson,
    source_id=st.sampled_from("abcd"),
    speaker=st.sampled_from(["", "", "ann", "ben"]),
    group=st.sampled_from(["", "", "g", "h"]),
    person_id=st.sampled_from(["", "p", "q", "r"]),
    given_split=st.sampled_from(["", "", "", "test", "train"]),
    num_clips=st.integers(1, 3),
)


@given(st.lists(people, max_size=8), st.randoms())
def test_whatever_is_given_no_unit_is_torn_and_the_order_decides_nothing(found, random):
    placed = list(zip(found, assign_units(found), strict=True))
    kept = [(one, unit) for one, unit in placed if not unit.conflict]
    for names in ("speaker", "group"):
        splits = {(getattr(one, names), unit.split) for one, unit in kept if getattr(one, names)}
        assert len(splits) == len({name for name, _ in splits})
    unnamed = {(one.person_id, unit.split) for one, unit in kept if one.person_id and not one.speaker}
    assert len(unnamed) == len({person for person, _ in unnamed})
    assert all(one.given_split in ("", unit.split) for one, unit in kept)
    random.shuffle(found)
    assert sorted(map(repr, zip(found, assign_units(found), strict=True))) == sorted(map(repr, placed))
    assert [replace(unit, conflict="") for unit in assign_units(found[::-1])][::-1] == [
        replace(unit, conflict="") for unit in assign_units(found)
    ]
