"""People, copies and takedowns in the report: from the columns and rows that there are."""

import contextlib

import duckdb
import pyarrow as pa
import pytest

from audit.people import people
from audit.report import report_page
from audit.takedowns import takedown_lines
from schemas.stored.manifests import stored_manifests
from tests.audit.made_dataset import write_dataset

CLIPS = (  # key, source, split, speaker, person, confidence
    ("k0", "a", "train", "Ann", "p1", 0.9),
    ("k1", "b", "train", "Ann", "p2", 0.7),
    ("k2", "b", "train", "", "p2", 0.8),
    ("k3", "c", "val", "Bob", "p3", 0.4),
    ("k4", "d", "train", "Bert", "p3", 0.5),
    ("k5", "e", "train", "", "", None),
)


def clips_with_people(rows=CLIPS):
    names = ("key", "source_id", "split", "speaker", "person_id", "person_confidence")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns | {"num_frames": [50] * len(rows)})


def people_of(rows=CLIPS, max_each=8):
    with duckdb.connect() as database:
        database.register("clips", clips_with_people(rows))
        return people(database, max_each)


def test_people_and_clips_are_counted():
    found = people_of()
    assert (found.num_people, found.num_clips, found.num_without) == (3, 5, 1)
    assert (found.num_alone, found.num_in_two_splits) == (2, 1)


def test_a_person_is_shown_with_clips_names_and_the_least_confidence():
    [person] = [one for one in people_of().largest if one.person_id == "p3"]
    assert (person.num_clips, person.num_sources, person.clip_s) == (2, 2, 4.0)
    assert (person.speakers, person.splits) == (("Bert", "Bob"), ("train", "val"))
    assert person.min_confidence == pytest.approx(0.4) and sorted(person.keys) == ["k3", "k4"]


def test_those_of_most_clips_come_first_and_the_others_are_sampled():
    found = people_of(max_each=2)
    assert [one.person_id for one in found.largest] == ["p2", "p3"]
    assert [one.person_id for one in found.sampled] == ["p1"]


def test_names_and_faces_that_disagree_are_listed():
    found = people_of()
    assert [(line["name"], line["others"]) for line in found.several_people] == [("Ann", ["p1", "p2"])]
    assert [(line["name"], line["others"]) for line in found.several_speakers] == [("p3", ["Bert", "Bob"])]


@contextlib.contextmanager
def with_people(folder, person_ids):
    """The manifests of a made dataset, whose three clips have these people."""
    with stored_manifests(str(folder)) as manifests:
        names = [name for name in manifests.table("clips").columns if not name.startswith("person_")]
        listed = ", ".join(f'"{name}"' for name in names)
        ids = ", ".join(f"'{one}'" for one in person_ids)
        manifests.execute(
            f"""
            CREATE TEMP TABLE seen AS SELECT {listed}, [{ids}][row_number() OVER (ORDER BY key)] AS person_id,
            0.75::FLOAT AS person_confidence FROM clips;
            DROP VIEW clips; CREATE VIEW clips AS FROM seen
            """
        )
        yield manifests


def section_of(folder, run, person_ids):
    """The report's section about people."""
    with with_people(folder, person_ids) as manifests:
        page = report_page(str(folder), run, manifests)
    return page[page.index('<h2 id="people">') : page.index('<h2 id="splits">')]


def test_the_report_shows_people_with_faces(tmp_path):
    shown = section_of(tmp_path, write_dataset(tmp_path), ["p1", "p1", "p2"])
    assert "2 people as far as their faces tell" in shown and "None is in two splits" in shown
    assert shown.count("<img") == 3 and "confidence 0.75 or more" in shown


def test_the_report_names_people_that_may_be_one(tmp_path):
    run = write_dataset(tmp_path) | {"alike_people": [["p1", "p2"]]}
    assert "1 pair of people on record is so near" in section_of(tmp_path, run, ["p1", "p1", "p2"])


def test_the_report_says_when_people_were_not_looked_for(tmp_path):
    shown = section_of(tmp_path, write_dataset(tmp_path), ["", "", ""])
    assert "People were not looked for" in shown and "<img" not in shown


def test_a_dataset_without_the_column_has_no_people():
    with duckdb.connect() as database:
        database.register("clips", clips_with_people().drop_columns(["person_id", "person_confidence"]))
        assert people(database, 8) is None


def test_takedowns_are_counted_by_kind():
    with duckdb.connect() as database:
        assert takedown_lines(database) == []
        rows = {"kind": ["source", "clip", "clip"], "num_clips": [4, 1, 1], "clip_s": [9.0, 1.0, 2.0]}
        database.register("takedowns", pa.table(rows | {"taken_at": ["2026-01-02", "2026-01-03", "2026-01-01"]}))
        found = [
            (line["kind"], line["number"], line["num_clips"], line["last_at"]) for line in takedown_lines(database)
        ]
    assert found == [("clip", 2, 2, "2026-01-03"), ("source", 1, 4, "2026-01-02")]
