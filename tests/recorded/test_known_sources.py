"""Inputs that a dataset holds already are counted and left out, whatever they are called now."""

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.records import SourceFacts, VideoSource
from tests.manifests.made_rows import decision, facts, failure, source
from transforms.manifests.parts import part_bytes
from transforms.manifests.source_rows import source_row
from transforms.media.source_names import unread_id
from transforms.recorded.known_sources import RecordedName
from transforms.recorded.stage import LeaveOutKnown, NameApart, ReadRecordedNames

A, B = "a" * 16, "b" * 16
NOTES = unread_id("notes.txt")


def ended(source_id, *names):
    return SourceFacts(
        source=source(source_id, uris=names, names=names), probe=None, num_frames=0, num_windows=0, speech_s=0.0
    )


def recorded(*pairs):
    return [RecordedName(name=name, source_id=source_id) for name, source_id in pairs]


def test_the_names_on_record_are_read_from_every_part(tmp_path):
    for number, source_id in enumerate((A, B)):
        part = part_bytes("sources", [source_row(facts(source_id, 0), [], 0)])
        (tmp_path / f"part-{number}.parquet").write_bytes(part)
    parts = ("part-0.parquet", "part-1.parquet")
    with beam.Pipeline("FnApiRunner") as pipeline:
        every = pipeline | "all" >> ReadRecordedNames(str(tmp_path), parts)
        some = pipeline | "some" >> ReadRecordedNames(str(tmp_path), parts, frozenset({A}))
        names = recorded((f"/in/{A}.mp4", A), (f"/in/{B}.mp4", B))
        assert_that(every, equal_to(names), label="every")
        assert_that(some, equal_to(names[1:]), label="left out")


def test_a_listed_name_that_is_on_record_gets_one_of_its_own():
    listed = [VideoSource(uri=f"/in/{name}", name=name) for name in ("a.mp4", "new.mp4")]
    with beam.Pipeline("FnApiRunner") as pipeline:
        named = {
            "listed": pipeline | "listed" >> beam.Create(listed),
            "recorded": pipeline | "recorded" >> beam.Create(recorded(("a.mp4", A), ("b.mp4", B))),
        }
        names = named | NameApart(3) | beam.Map(lambda one: (one.uri, one.name))
        assert_that(names, equal_to([("/in/a.mp4", "a.mp4#g3"), ("/in/new.mp4", "new.mp4")]))


@pytest.mark.parametrize(
    ("found", "known", "kept"),
    [
        ({"sources": [source(A, uris=("a", "z")), source(B)]}, 2, [B]),
        ({"ended": [ended(A, "a#g2")], "decisions": [decision(A)]}, 1, []),
        ({"ended": [ended(unread_id("notes.txt#g2"), "notes.txt#g2")]}, 1, []),
        ({"ended": [ended(unread_id("a.mp4#g2"), "a.mp4#g2")], "failures": [failure(unread_id("a.mp4#g2"))]}, 0, 2),
        ({"ended": [ended(B, "b")], "decisions": [decision(B)]}, 0, 2),
    ],
    ids=["same content", "ended by a rule", "no media again", "unreadable now", "new"],
)
def test_sources_on_record_are_left_out_with_all_that_is_known_of_them(found, known, kept):
    with beam.Pipeline("FnApiRunner") as pipeline:
        given = {name: pipeline | name >> beam.Create(found.get(name, [])) for name in _KINDS}
        on_record = pipeline | "recorded" >> beam.Create(recorded(("a.mp4", A), ("notes.txt", NOTES)))
        new = {**given, "recorded": on_record} | LeaveOutKnown(2)
        assert_that(new.known | beam.CombineGlobally(sum), equal_to([known]), label="known")
        left = [new.sources, new.ended, new.decisions, new.failures] | beam.Flatten()
        expected = kept if isinstance(kept, int) else len(kept)
        assert_that(left | beam.combiners.Count.Globally(), equal_to([expected]), label="kept")


_KINDS = ("sources", "ended", "decisions", "failures")
