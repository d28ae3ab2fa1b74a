"""People are scored by the network that did not learn from them, and their means are over people."""

import argparse
import json
from dataclasses import fields

import pytest

from benchmarks.held_out_motion import held_out_faces, table
from schemas.errors import UsageError
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.motion import file as motion_file
from speech2vid.rendering import painter_file
from tests.speech2vid.made_datasets import talking_members, write_dataset

WITHOUT_A, WITHOUT_B = "speaker <> 'a'", "speaker <> 'b'"


def asked(folder, *wheres):
    dataset = write_dataset(
        folder / "out", {"train-000000": [part for name in "ab" for part in talking_members(f"clip_{name}", name, 0)]}
    )
    runs = []
    for number, where in enumerate(wheres):
        runs.append(folder / str(number))
        runs[-1].mkdir()
        (runs[-1] / "training.json").write_text(json.dumps({"run": {"where": where}}))
        (runs[-1] / "motion.onnx").symlink_to(motion_file.DEFAULT_PATH)
    return argparse.Namespace(
        dataset=str(dataset), runs=runs, where=None, gain=1.0, checkpoint=painter_file.DEFAULT_PATH
    )


def test_each_person_is_said_by_the_run_that_did_not_learn_from_it(tmp_path):
    faces = held_out_faces(asked(tmp_path, WITHOUT_A, WITHOUT_B))
    assert {person: face.name for person, face in faces.items()} == {"a": "0", "b": "1"}


def test_a_person_whom_all_runs_learnt_from_is_named(tmp_path):
    with pytest.raises(UsageError, match="learnt from b"):
        held_out_faces(asked(tmp_path, WITHOUT_A))


def score_of(speaker, correlation, found):
    values = {field.name: None for field in fields(ClipScore)}
    numbers = {"opening_correlation": correlation, "num_closures_found": found, "num_closures": 4}
    return ClipScore(**(values | numbers | {"speaker": speaker, "condition": "shown"}))


def test_a_person_with_many_clips_counts_once():
    row = table([score_of("a", 0.2, 1), score_of("a", 0.4, 2), score_of("b", 0.9, 4)])[-1]
    assert row.startswith("| shown | 2 | 0.6 (") and row.endswith("| 0.58 of 12 |")
