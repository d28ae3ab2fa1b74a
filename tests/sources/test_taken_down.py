"""Sources that were taken down are refused: by content, speaker or name, without what was given with them."""

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.records import VideoSource
from tests.made_records import results_in
from tests.takedown.made_lists import taken, write_list
from transforms.beam_support.takedown_parts import TakedownParts
from transforms.beam_support.unchanged import hash_content
from transforms.media.source_names import unread_id
from transforms.media.takedown_list import name_hash, speaker_hash, takedown_list
from transforms.sources.config import RightsConfig
from transforms.sources.merge import HashedName, merge_names, unread_and_refused
from transforms.sources.stage import HashSource

CONTENT = "ab" * 32
ID = CONTENT[:16]


def named(uri, **fields):
    return HashedName(name=VideoSource(uri=uri, **fields), content_sha256=CONTENT, size_bytes=7)


@pytest.mark.parametrize(
    ("subject", "refused_by"),
    [
        (("source", ID, CONTENT), "source"),
        (("speaker", speaker_hash(" ANNA "), ""), "speaker"),
        (("name", name_hash("b"), ""), "name"),
        (("source", ID, "cd" * 32), ""),
        (("speaker", speaker_hash("ann"), ""), ""),
        (("clip", "b", ""), ""),
    ],
)
def test_a_source_is_refused_by_content_speaker_or_name(subject, refused_by):
    merged = merge_names([named("b", speaker="Anna"), named("a")], taken=takedown_list([subject]))
    assert merged.decision.kept == (not refused_by)
    if refused_by:
        assert (merged.decision.rule, merged.decision.rule_order) == ("taken_down", 0)
        assert merged.decision.value_text == refused_by and len(merged.decisions) == 1


def test_what_was_given_with_it_is_not_kept():
    names = [named("b", speaker="Anna", licence="CC0", group="g", language="en"), named("a", speaker="Bert")]
    source = merge_names(names, RightsConfig(licences="CC0"), takedown_list([("source", ID, CONTENT)])).source
    assert source.stored_names == (f"taken-down:{ID}", f"taken-down:{ID}#1") and source.split_unit == f"source:{ID}"
    assert {source.speaker, source.group, source.licence, source.consent, source.language} == {""}


def test_a_name_that_is_not_read_is_refused_by_itself_and_by_its_speaker():
    name = VideoSource(uri="a", speaker="Anna")
    for subject in (("name", name_hash("a"), ""), ("speaker", speaker_hash("anna"), "")):
        merged = unread_and_refused(name, takedown_list([subject]))
        assert merged.source.stored_names == (f"taken-down:{unread_id('a')}",) and not merged.decision.kept
    assert unread_and_refused(name, takedown_list([("source", unread_id("a"), "")])) is None


def test_hash_source_ends_what_is_on_a_list(tmp_path):
    for name in ("a.mp4", "b.mp4", "gone.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    names = [VideoSource(uri=str(tmp_path / name), name=name) for name in ("a.mp4", "b.mp4", "gone.mp4")]
    sha256 = hash_content(names[0].uri)[0]
    (tmp_path / "gone.mp4").unlink()
    rows = [taken("source", sha256[:16], content_sha256=sha256), taken("name", name_hash("gone.mp4"))]
    lists = TakedownParts(uris=(write_list(tmp_path / "list.parquet", rows),))
    pipeline = beam.Pipeline("FnApiRunner")
    out = pipeline | beam.Create(names) | HashSource(results_in(tmp_path), "", fail_fast=True, taken=lists)
    assert_that(out.sources | beam.Map(lambda source: source.stored_name), equal_to(["b.mp4"]))
    ended = out.ended | beam.Map(lambda facts: facts.source.stored_name)
    refused = [f"taken-down:{sha256[:16]}", f"taken-down:{unread_id('gone.mp4')}"]
    assert_that(ended, equal_to(refused), label="ended")
    assert_that(out.failures, equal_to([]), label="failures")
    pipeline.run()
