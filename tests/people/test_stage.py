"""FindPeople on made clips whose people are colours."""

import pickle
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that

from schemas.records import SourceSplit
from tests.made_records import results_in
from tests.manifests.made_rows import track
from tests.people.made_clips import BLUE, RED, collections, write_clip, write_colour_network
from tests.shards.clip_refs import clip_row
from transforms.manifests.parts import part_bytes
from transforms.media.split_units import split_of_unit
from transforms.people.config import PeopleConfig
from transforms.people.find_people import FoundTrack
from transforms.people.stage import FindPeople, FindPeopleOutputs, ReadRecordedTracks

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def network(tmp_path):
    return write_colour_network(tmp_path / "colour.onnx")


def found_people(tmp_path, clips, network, given=None, recorded=()):
    """Output name -> its elements, in order."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        taken = {**collections(clips, given), "recorded": list(recorded)}
        kinds = {name: type(elements[0]) for name, elements in taken.items() if elements}
        inputs = {
            name: pipeline | f"In {name}" >> beam.Create(elements).with_output_types(kinds.get(name, FoundTrack))
            for name, elements in taken.items()
        }
        stage = FindPeople(PeopleConfig(network=network), results_in(tmp_path), str(tmp_path / "staging"))
        outputs = inputs | stage
        for name in FindPeopleOutputs._fields:
            assert_that(getattr(outputs, name), kept_in(tmp_path / f"{name}.pickle"), label=name)
    return {name: pickle.loads((tmp_path / f"{name}.pickle").read_bytes()) for name in FindPeopleOutputs._fields}


def kept_in(path):
    """Keeps the elements of a collection, which are made in another process or a copy of this one."""

    def keep(elements):
        path.write_bytes(pickle.dumps(sorted(elements, key=repr)))

    return keep


def clip_of(tmp_path, source_id, colour, start=0):
    return write_clip(tmp_path, f"{source_id}-w00000-t000-{start:07d}", colour)


def test_one_face_in_two_sources_is_one_person_in_one_split(tmp_path, network):
    clips = [clip_of(tmp_path, A, RED), clip_of(tmp_path, B, RED), clip_of(tmp_path, C, BLUE)]
    found = found_people(tmp_path, clips, network)
    people = {clip.row.source_id: clip.row.person_id for clip in found["clips"]}
    assert people[A] == people[B] != people[C] and all(person.startswith("p") for person in people.values())
    unit = f"person:{people[A]}"
    placed = {(clip.split, clip.row.split, clip.row.split_unit) for clip in found["clips"] if clip.row.source_id != C}
    assert placed == {(split_of_unit(unit), split_of_unit(unit), unit)}
    assert SourceSplit(source_id=A, split=split_of_unit(unit), split_unit=unit) in found["sources"]
    assert all(clip.row.person_confidence > 0.5 for clip in found["clips"])
    assert [len(row.face_embedding) for row in found["track_rows"]] == [3, 3, 3] and not found["failures"]


def test_faces_are_embedded_once(tmp_path, network):
    clips = [clip_of(tmp_path, A, RED), clip_of(tmp_path, A, RED, 20)]
    first = found_people(tmp_path, clips, network)
    for clip in clips:  # they are read to be embedded only
        (tmp_path / f"{clip.key}.pack").unlink()
    assert found_people(tmp_path, clips, network) == first and len(first["clips"]) == 2


def test_none_leaves_people_empty_and_the_split_to_sources(tmp_path):
    found = found_people(tmp_path, [clip_of(tmp_path, A, RED), clip_of(tmp_path, B, RED)], "none")
    assert {(clip.row.person_id, clip.row.person_confidence) for clip in found["clips"]} == {("", None)}
    assert [one.split_unit for one in found["sources"]] == [f"source:{A}", f"source:{B}"]
    assert [row.face_embedding for row in found["track_rows"]] == [(), ()]


def test_clips_that_contradict_official_test_material_are_dropped_by_a_decision(tmp_path, network):
    clips = [clip_of(tmp_path, A, RED), clip_of(tmp_path, B, RED)]
    found = found_people(tmp_path, clips, network, given={A: "train", B: "test"})
    [kept], [decision] = found["clips"], found["decisions"]
    assert (kept.row.source_id, kept.split) == (B, "test")
    assert (decision.subject_id, decision.rule, decision.kept) == (clips[0].key, "one_split", False)
    assert decision.value_text.startswith("given train, but person:p") and decision.value_text.endswith(f"source {B}")
    ended = {one.source_id: (one.outcome, one.num_clips) for one in found["outcomes"]}
    assert ended == {A: ("decided", 0), B: ("clips", 1)}


def test_people_on_record_keep_their_ids_and_splits(tmp_path, network):
    new = clip_of(tmp_path, A, RED)
    embedding = replace(found_people(tmp_path, [new], network)["track_rows"][0], track_id=f"{B}-w00000-t000")
    (tmp_path / "manifests/tracks").mkdir(parents=True)
    (tmp_path / "manifests/clips").mkdir(parents=True)
    stored = replace(embedding, source_id=B)
    clip = clip_row(
        f"{stored.track_id}-0000000",
        B,
        "val",
        "person:p1",
        track_id=stored.track_id,
        speaker="",
        group="",
        person_id="p1",
    )
    parts = {"tracks": [stored, track(f"{C}-w00000-t000", C)], "clips": [clip, replace(clip, key=f"{clip.key}1")]}
    for table, rows in parts.items():
        (tmp_path / "manifests" / table / "part.parquet").write_bytes(part_bytes(table, rows))
    with beam.Pipeline("FnApiRunner") as pipeline:
        read = ReadRecordedTracks(str(tmp_path), ("manifests/tracks/part.parquet", "manifests/clips/part.parquet"))
        assert_that(pipeline | read, kept_in(tmp_path / "recorded.pickle"))
    [on_record] = pickle.loads((tmp_path / "recorded.pickle").read_bytes())
    assert (on_record.person_id, on_record.num_clips, on_record.split) == ("p1", 2, "val")
    [placed] = found_people(tmp_path, [new], network, recorded=[on_record])["clips"]
    assert (placed.row.person_id, placed.split, placed.row.split_unit) == ("p1", "val", "person:p1")
