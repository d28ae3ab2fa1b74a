"""Names to sources by content."""

import os

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.records import VideoSource
from tests.made_records import results_in
from transforms.beam_support.unchanged import hash_content
from transforms.media.split_units import split_of_unit
from transforms.sources.config import RightsConfig
from transforms.sources.merge import HashedName, merge_names, unread_id
from transforms.sources.stage import HashSource


def named(uri, **fields):
    return HashedName(name=VideoSource(uri=uri, **fields), content_sha256="ab" * 32, size_bytes=7)


def test_names_that_agree_are_one_source_with_the_metadata_of_each():
    merged = merge_names([named("b", speaker="anna", language="en", speaker_split="val"), named("a", licence="cc-by")])
    source = merged.source
    assert merged.decision.kept
    assert (source.source_id, source.uris, source.source_uri) == ("abababababababab", ("a", "b"), "a")
    assert (source.speaker, source.licence, source.language) == ("anna", "cc-by", "en")
    assert (source.split_unit, source.split) == ("speaker:anna", "val")


@pytest.mark.parametrize("field", ["speaker", "group", "licence", "consent"])
def test_names_that_disagree_are_dropped_by_a_decision(field):
    merged = merge_names([named("b", **{field: "x"}), named("a", **{field: "y"})])
    assert not merged.decision.kept and merged.decision.rule == "conflicting_metadata"
    assert merged.decision.value_text == f"{field}: x, y"


@pytest.mark.parametrize(
    ("fields", "rights", "dropped_by"),
    [
        ({"licence": "CC0"}, {"licences": "CC BY 4.0; CC0"}, ""),
        ({"licence": " CC0 "}, {"licences": "CC0;"}, ""),
        ({"licence": "cc-by-nc, research"}, {"licences": "CC BY 4.0; CC0"}, "licences"),
        ({}, {"licences": "CC0"}, "licences"),
        ({"licence": "CC0"}, {"licences": "CC0", "consent": "signed"}, "consent"),
        ({"licence": "CC0", "consent": "signed"}, {"licences": "CC0", "consent": "signed"}, ""),
        ({}, {}, ""),
        ({"licence": "any"}, {"licences": " ; "}, ""),
    ],
)
def test_a_source_without_an_allowed_licence_and_consent_is_a_decision(fields, rights, dropped_by):
    merged = merge_names([named("a", **fields)], RightsConfig(**rights))
    assert ("" if merged.decision.kept else merged.decision.rule) == dropped_by


def test_the_decision_says_which_licence_was_not_allowed():
    row = merge_names([named("a", licence="cc-by-nc")], RightsConfig(licences="CC0")).decision
    assert (row.stage, row.rule_order, row.value_text) == ("HashSource", 3, "cc-by-nc")


def test_a_source_that_is_not_allowed_ends_with_its_metadata(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"a")
    (tmp_path / "b.mp4").write_bytes(b"b")
    names = [
        VideoSource(uri=str(tmp_path / name), licence=licence) for name, licence in (("a.mp4", "CC0"), ("b.mp4", ""))
    ]
    pipeline = beam.Pipeline("FnApiRunner")
    rights = RightsConfig(licences="CC0")
    out = pipeline | beam.Create(names) | HashSource(results_in(tmp_path), "", fail_fast=True, rights=rights)
    assert_that(out.sources | beam.Map(lambda source: source.licence), equal_to(["CC0"]))
    assert_that(out.ended | beam.Map(lambda facts: facts.source.uris), equal_to([(names[1].uri,)]), label="ended")
    assert_that(out.failures, equal_to([]), label="failures")
    pipeline.run()


def test_names_of_two_splits_are_dropped():
    assert merge_names([named("b", split="val"), named("a", split="test")]).decision.value_text == "split: test, val"


def test_a_speaker_in_two_spellings_is_no_conflict_and_keeps_a_given_one():
    merged = merge_names([named("b", speaker="zoe\u0308 ann"), named("a", speaker="Zoë Ann")])
    assert merged.decision.kept
    assert (merged.source.speaker, merged.source.split_unit) == ("Zoë Ann", "speaker:zoë ann")


def test_names_of_two_languages_are_one_source_without_a_language():
    merged = merge_names([named("b", language="en"), named("a", language="de")])
    assert merged.decision.kept and merged.source.language == ""


def test_a_source_without_speaker_and_group_takes_its_given_split():
    assert merge_names([named("a", split="test")]).source.split == "test"


def test_a_given_split_is_never_used_for_another_unit():
    merged = merge_names(
        [named("a", group="g", split="test", group_split="test"), named("b", speaker="anna", speaker_split="train")]
    )
    assert merged.source.split == "train" and not merged.decision.kept


def test_a_unit_without_a_given_split_is_assigned_by_its_hash():
    source = merge_names([named("a", speaker="anna", group="g", group_split="test")]).source
    assert source.split == split_of_unit("speaker:anna") != "test"


def run(folder, names, given=None):
    pipeline = beam.Pipeline("FnApiRunner")
    out = pipeline | beam.Create(names) | HashSource(results_in(folder), staging="", fail_fast=True)
    return pipeline, out


def test_the_same_bytes_under_two_names_become_one_source(tmp_path):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"other" if name == "c.mp4" else b"same")
    pipeline, out = run(tmp_path, [VideoSource(uri=str(tmp_path / name)) for name in ("b.mp4", "c.mp4", "a.mp4")])
    uris = out.sources | beam.Map(lambda source: (source.uris, source.size_bytes))
    assert_that(uris, equal_to([((f"{tmp_path}/a.mp4", f"{tmp_path}/b.mp4"), 4), ((f"{tmp_path}/c.mp4",), 5)]))
    assert_that(out.decisions | beam.Map(lambda row: row.kept), equal_to([True, True]), label="decisions")
    assert_that(out.ended, equal_to([]), label="ended")
    pipeline.run()


def test_an_unreadable_name_fails_alone_and_still_ends_as_a_source(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"a")
    gone = str(tmp_path / "gone.mp4")
    pipeline, out = run(tmp_path, [VideoSource(uri=str(tmp_path / "a.mp4")), VideoSource(uri=gone, speaker="anna")])
    ended = out.ended | beam.Map(
        lambda facts: (
            facts.source.source_id,
            facts.source.uris,
            facts.source.content_sha256,
            facts.source.speaker,
            facts.num_windows,
            facts.probe,
        )
    )
    assert_that(ended, equal_to([(unread_id(gone), (gone,), "", "anna", 0, None)]))
    failed = out.failures | beam.Map(lambda row: (row.kind, row.source_id, row.source_uri, row.window_index))
    assert_that(failed, equal_to([("unreadable", unread_id(gone), gone, -1)]), label="failed")
    assert_that(out.sources | beam.combiners.Count.Globally(), equal_to([1]), label="others")
    pipeline.run()


def test_names_that_conflict_end_as_one_source(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"a")
    (tmp_path / "b.mp4").write_bytes(b"a")
    pipeline, out = run(
        tmp_path,
        [
            VideoSource(uri=str(tmp_path / "a.mp4"), consent="yes"),
            VideoSource(uri=str(tmp_path / "b.mp4"), consent="no"),
        ],
    )
    assert_that(out.sources, equal_to([]))
    ended = out.ended | beam.Map(lambda facts: len(facts.source.uris))
    assert_that(ended, equal_to([2]), label="ended")
    pipeline.run()


def test_hashing_does_not_change_a_file(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    os.utime(path, (1, 1))
    path.chmod(0o400)
    assert hash_content(str(path))[1] == 7
    assert path.read_bytes() == b"content" and path.stat().st_mtime == 1
