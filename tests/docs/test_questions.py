"""The questions of docs/questions.md are asked of a small dataset, and answered."""

import contextlib
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.audit.made_dataset import A, B, C, write_dataset
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text()
QUESTIONS = dict(re.findall(r"^\*\*(\d+)\. .*?\*\*\n+```sql\n(.+?)\n```", PAGE, re.MULTILINE | re.DOTALL))
D = "d" * 16

ANSWERS = {
    1: [("x", "x", 4, 84 / 25 / 3600)],
    2: [
        ("train", f"source:{A}", "ann", 2, 0.24),
        ("train", f"source:{B}", "ann", 1, 0.12),
        ("val", "u", "Ann ", 1, 3.0),
    ],
    3: [("Ann ", 3.0, 75 / 84), ("ann", 0.36, 9 / 84)],
    4: [("x", 3, 4)],
    5: [("train", 3, [0.12] * 5), ("val", 1, [3.0] * 5)],
    6: [("x", "x", "x", "x", 4)],
    7: [
        ("FindSpeakers", "min_probability", 0.5, "", 2, 0.48, 0.29),
        ("TrackFaces", "min_box_px", 32.0, "px", 1, 20.0, 20.0),
    ],
    8: [("t9", "min_probability", 0.48, 0.5, False)],
    9: [(["/in/cccccccccccccccc.mp4"], "failed", None, ["not_media"])],
    10: [("PrepareVideos", "not_media", 1, "no streams"), ("PrepareVideos", "timeout", 1, "no streams")],
    11: [(f"/in/{C}.mp4", 3.5, 0.0), (f"/in/{B}.mp4", 3.5, 0.12), (f"/in/{A}.mp4", 3.5, 0.24), ("a.mp4", 3.5, 3.0)],
    12: [(0.5, 1, 4), (0.6, 1, 4), (0.7, 1, 4), (0.8, 1, 4), (0.9, 0, 4), (0.95, 0, 4)],
    13: [("ann", ["Ann ", "ann"], ["train", "val"])],
    14: [("k0", "shards/train-000000.tar"), ("k1", "shards/train-000000.tar"), ("k2", "shards/train-000000.tar")],
    15: [(D, ["a.mp4", "copies/a.mp4"], "train", "clips")],
    16: [("k0", "k1", f"/in/{A}.mp4"), ("k0", "k2", f"/in/{A}.mp4"), ("k1", "k2", f"/in/{A}.mp4")],
    17: [("k3", "t9", "min_probability", 0.48, 0.5)],
    18: [("val", 1, 3 / 3600)],
    19: [(f"/in/{D}.mp4", 1, 80.0, 0.0, 20.0)],
    20: [("k0", 1, 1, 1), ("k1", 1, 1, 1), ("k2", 1, 1, 1), ("k3", 4, 1, 4)],
}
"""Number of a question -> rows of its answer, or the first columns of them, for the dataset below."""


def decided(subject_id, value):
    """A track that was dropped for its sync probability."""
    row = made_rows.decision(B, rule="min_probability")
    return replace(row, subject_id=subject_id, stage="FindSpeakers", value=value, threshold=0.5, unit="")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a dataset: a name in two spellings, a source in two copies, a dropped track that has a clip."""
    folder = tmp_path_factory.mktemp("asked")
    good = {"sharpness": 90.0, "face_source_px": 120.0, "clipping_share": 0.0, "sync_probability": 0.8}
    late = {"audio_lag_frames": 2.0, "audio_shift_samples": 320}
    clip = made_rows.placed_clip("k3", D, 9_999, "shards/val-000000.tar", "val", "t9")
    twice = source_row(made_rows.facts(D, 1, uris=("a.mp4", "copies/a.mp4")), [made_rows.outcome(D, 0, "clips", 1)], 0)
    more = [
        replace(clip, num_frames=75, speaker="Ann ", split_unit="u", **good, **late),
        decided("t9", 0.48),
        decided("t8", 0.1),
        twice,
    ]
    write_dataset(folder / "dataset", more_rows=more, speaker="ann")
    return folder


@pytest.fixture(scope="module")
def ask(folder):
    """Answers a query by the views that the page's program makes."""
    (program,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    with contextlib.chdir(folder):
        exec(compile(program, "docs/questions.md", "exec"), {})
        yield lambda query: duckdb.sql(query).fetchall()


def rounded(value):
    """A value whose numbers have six digits, lists in order."""
    if isinstance(value, list):
        return sorted(map(rounded, value))
    return round(float(value), 6) if isinstance(value, float | Decimal) else value


def test_the_page_has_twenty_questions_in_order():
    assert list(QUESTIONS) == [str(number) for number in range(1, 21)] == [str(number) for number in ANSWERS]


@pytest.mark.parametrize("number", ANSWERS)
def test_a_question_has_the_right_answer(ask, number):
    expected = [tuple(map(rounded, row)) for row in ANSWERS[number]]
    found = [tuple(map(rounded, row)) for row in ask(QUESTIONS[str(number)])]
    columns = len(expected[0])
    assert [row[:columns] for row in found] == expected


def test_a_question_can_be_asked_from_the_shell(folder):
    program = ROOT / "examples" / "ask_manifests.py"
    command = [sys.executable, program, folder / "dataset", QUESTIONS["17"]]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "k3" in shown and "min_probability" in shown
