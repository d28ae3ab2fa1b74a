"""The examples run as they stand, on the demonstration's video."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

pytest.importorskip("espeakng_loader", reason="the demo extra is not installed")
pytest.importorskip("skimage", reason="the demo extra is not installed")

from audit.judge_video import judge_video
from demo.make_video import make_video
from tests.pipeline.made_models import needs_models
from transforms.faces.config import FacesConfig

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytestmark = needs_models


def run_example(name: str, *argv: str | Path) -> str:
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, argv)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> Path:
    """A speaking face beside a silent one, then the speaking face alone; the audio is late by five frames."""
    folder = tmp_path_factory.mktemp("video")
    make_video(folder)
    return folder / "talk.mp4"


@pytest.fixture(scope="session")
def dataset(video, tmp_path_factory) -> Path:
    """Made by the first example."""
    folder = tmp_path_factory.mktemp("built") / "dataset"
    assert "dataset.json" in run_example("build_from_python.py", video, folder)
    return folder


def split_of(dataset: Path) -> str:
    """The split of the only source: it follows from the source's content, and encoders differ between machines."""
    return json.loads((dataset / "dataset.json").read_text())["shards"][0]["split"]


def test_a_dataset_is_built_from_python(dataset):
    assert (dataset / "dataset.json").is_file()


def test_a_plain_loop_trains_on_the_shards(dataset):
    printed = run_example("train_loop.py", dataset, split_of(dataset))
    losses = [float(line.split()[3].rstrip(",")) for line in printed.splitlines()]
    assert losses[-1] < losses[0]


def test_the_manifests_answer_questions(dataset):
    printed = run_example("ask_manifests.py", dataset)
    assert "talk.mp4" in printed and f"shards/{split_of(dataset)}-" in printed


def test_a_video_is_judged_without_a_dataset(video):
    probabilities = [
        float(line.split(": ")[1]) for line in run_example("judge_clip.py", video).splitlines() if "probability" in line
    ]
    assert len(probabilities) == 3
    assert min(probabilities) < 0.1 and sorted(probabilities)[1] > 0.5


def test_a_video_is_judged_as_a_build_judges_it(video, dataset):
    built = pyarrow.parquet.read_table(dataset / "manifests" / "tracks").to_pylist()
    judged = {row.track_id: row for row in judge_video(str(video), faces=FacesConfig(min_box_px=64))}
    assert sorted(judged) == sorted(row["track_id"] for row in built)
    for row in built:
        for name in ("audio_lag_frames", "sync_probability", "active_share"):
            assert getattr(judged[row["track_id"]], name) == pytest.approx(row[name], abs=1e-4)
