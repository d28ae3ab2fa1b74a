"""What differs between two datasets is found, with what made it differ."""

import json
from dataclasses import replace

import fsspec
import pytest

import talkshard
from pipeline.config import Recipe
from pipeline.run_record import run_record
from tests.audit.made_dataset import A, B, write_dataset
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row

D = "d" * 16


@pytest.fixture
def first(tmp_path):
    """The dataset before."""
    write_dataset(tmp_path / "first", speaker="ann")
    return str(tmp_path / "first")


@pytest.fixture
def second(tmp_path):
    """The dataset after: another threshold, model and version, one source and clip more, the speaker's name changed."""
    run = run_record(Recipe().with_value("faces.min_box_px", "80"), ["talkshard build"], 0)
    run["models"] = run["models"] | {"face_mesh": run["models"]["face_mesh"] | {"sha256": "f" * 64}}
    run["packages"] = run["packages"] | {"talkshard": "9.9\x1b[31m"}
    source = source_row(made_rows.facts(D, 1, uris=("new.mp4",)), [made_rows.outcome(D, 0, "clips", 1)], 0)
    clip = replace(made_rows.placed_clip("k9", D, 9_999), source_uri="new.mp4")
    write_dataset(tmp_path / "second", run, [source, clip, made_rows.decision(B)], speaker="Ann")
    return str(tmp_path / "second")


def diff(capsys, *arguments):
    """What the command prints."""
    assert talkshard.main(["diff", *arguments]) == 0
    return capsys.readouterr().out


def differences(capsys, *arguments):
    """What the command says as JSON."""
    return json.loads(diff(capsys, *arguments, "--json"))


def test_a_dataset_does_not_differ_from_itself(first, capsys):
    found = differences(capsys, first, first)
    assert not any(found[name] for name in ("settings", "models", "versions", "rules"))
    assert {found[table][way]["count"] for table in ("sources", "clips") for way in ("came", "went", "changed")} == {0}


def test_settings_models_and_versions_that_differ_are_named(first, second, capsys):
    found = differences(capsys, first, second)
    assert found["settings"] == [{"name": "faces.min_box_px", "first": 32.0, "second": 80.0}]
    assert [(one["name"], one["second"]) for one in found["models"]] == [("face_mesh.sha256", "f" * 64)]
    assert [(one["name"], one["second"]) for one in found["versions"]] == [("talkshard", "9.9\x1b[31m")]


def test_rows_that_came_and_changed_are_counted_and_named(first, second, capsys):
    found = differences(capsys, first, second)
    assert found["sources"]["came"] == {"count": 1, "examples": [{"id": D, "source": "new.mp4"}]}
    assert found["clips"]["came"] == {"count": 1, "examples": [{"id": "k9", "source": "new.mp4"}]}
    assert found["clips"]["changed"]["columns"] == {"speaker": 3} and not found["clips"]["went"]["count"]
    assert found["clips"]["changed"]["examples"][0] == {"id": "k0", "source": f"/in/{A}.mp4", "columns": ["speaker"]}


def test_what_came_one_way_went_the_other(first, second, capsys):
    there, back = differences(capsys, first, second), differences(capsys, second, first)
    assert there["clips"]["came"] == back["clips"]["went"] and there["sources"]["came"] == back["sources"]["went"]


def test_rules_that_dropped_other_numbers_are_named(first, second, capsys):
    [rule] = differences(capsys, first, second)["rules"]
    assert (rule["rule"], rule["first_dropped"], rule["second_dropped"]) == ("min_box_px", 1, 2)


def test_the_text_says_it_in_lines_and_spells_out_what_would_act_on_a_terminal(first, second, capsys):
    shown = diff(capsys, first, second, "--limit", "1")
    for line in (
        "  faces.min_box_px: 32.0 -> 80.0",
        "sources: 1 came, 0 went, 0 changed",
        "  + k9  new.mp4",
        "  speaker changed in 3",
        "  * ... and 2 more",
        "rule min_box_px of TrackFaces, tracks: dropped 1 -> 2, kept 2 -> 2",
    ):
        assert line in shown.splitlines()
    assert "\x1b" not in shown and r"9.9\x1b[31m" in shown


def test_a_dataset_in_a_store_is_compared_as_one_in_a_folder(first, second, capsys):
    fsspec.filesystem("memory").put(second, "/compared", recursive=True)
    stored, local = differences(capsys, first, "memory://compared"), differences(capsys, first, second)
    assert stored | {"second": second} == local


def test_a_folder_without_a_dataset_is_one_line(first, tmp_path, capsys):
    assert talkshard.main(["diff", first, str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in line
