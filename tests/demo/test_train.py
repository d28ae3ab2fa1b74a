"""The sources of `make train-demo`, the pair of face and audio that it generates, and that its script resumes."""

import csv
import os
import stat
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo.talking_pair import talking_pair
from demo.train_sources import main, train_and_dev
from schemas.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


def recordings(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")
    return folder


def clips_table(folder: Path, *rows: tuple[str, str, float, float, str]) -> Path:
    """A clips table with the columns that the pair is chosen by; each row is a track."""
    names = ("source_uri", "speaker", "face_source_px", "speech_share", "split")
    (folder / "manifests/clips").mkdir(parents=True)
    found = [
        dict(zip(names, row, strict=True)) | {"num_frames": 100, "track_id": str(number)}
        for number, row in enumerate(rows)
    ]
    pq.write_table(pa.Table.from_pylist(found), folder / "manifests/clips/part-0.parquet")
    (folder / "run.json").write_text('{"root": "/in"}')
    return folder


def test_people_are_folders_and_a_file_in_no_folder_is_a_person_of_its_own(tmp_path):
    train = recordings(tmp_path / "train", "ann/1.mp4", "ann/2.mkv", "ann/1.txt", "own.mp4")
    rows = train_and_dev(train, recordings(tmp_path / "dev", "eve/1.mp4"))
    assert [(Path(uri).name, speaker, split) for uri, speaker, split, _ in rows] == [
        ("1.mp4", "ann", "train"),
        ("2.mkv", "ann", "train"),
        ("own.mp4", "", "train"),
        ("1.mp4", "eve", "val"),
    ]


def test_the_manifest_beside_the_folder_gives_people_and_licences(tmp_path):
    recordings(tmp_path, "train/a/1.mp4", "dev/a/1.mp4")
    (tmp_path / "MANIFEST.tsv").write_text('path\tlicence\tspeaker_id\ntrain/a/1.mp4\tCC BY, "4.0"\tann\n')
    first, second = train_and_dev(tmp_path / "train", tmp_path / "dev")
    assert first[1:] == ("ann", "train", 'CC BY, "4.0"')
    assert second[1:] == ("a", "val", "")


def test_the_table_is_one_that_build_reads(tmp_path):
    recordings(tmp_path, "train/ann/1, 2.mp4", "dev/eve/1.mp4")
    args = ["--train", str(tmp_path / "train"), "--dev", str(tmp_path / "dev"), "--output", str(tmp_path / "t.csv")]
    assert main(args) == 0
    with (tmp_path / "t.csv").open(newline="") as table:
        assert [row["uri"] for row in csv.DictReader(table)] == [
            str(tmp_path / "train/ann/1, 2.mp4"),
            str(tmp_path / "dev/eve/1.mp4"),
        ]


def test_a_person_in_both_folders_is_refused(tmp_path):
    recordings(tmp_path, "train/ann/1.mp4", "dev/ann/2.mp4")
    with pytest.raises(UsageError, match="ann would be trained and evaluated on"):
        train_and_dev(tmp_path / "train", tmp_path / "dev")


def test_a_folder_without_media_is_named(tmp_path, capsys):
    recordings(tmp_path, "train/ann/1.mp4", "dev/ann.txt")
    args = ["--train", str(tmp_path / "train"), "--dev", str(tmp_path / "dev"), "--output", str(tmp_path / "t.csv")]
    assert main(args) == 2
    assert "there are no media in DEV=" in capsys.readouterr().err


def test_the_largest_solo_face_says_the_most_speech_of_another_person(tmp_path):
    dataset = clips_table(
        tmp_path,
        ("learnt.mp4", "bob", 900, 1, "train"),
        ("two.mp4", "eve", 300, 0.1, "val"),
        ("two.mp4", "eve", 300, 0.1, "val"),
        ("face.mp4", "eve", 200, 0.9, "val"),
        ("short.mp4", "kim", 100, 0.2, "val"),
        ("long.mp4", "kim", 90, 0.8, "val"),
    )
    assert talking_pair(dataset) == ("/in/face.mp4", "/in/long.mp4")


def test_a_single_person_says_the_audio_of_another_recording_and_one_recording_is_too_few(tmp_path):
    alone = clips_table(tmp_path / "a", ("1.mp4", "eve", 9, 1, "val"), ("2.mp4", "eve", 5, 1, "val"))
    assert talking_pair(alone) == ("/in/1.mp4", "/in/2.mp4")
    with pytest.raises(UsageError, match="clips of 1 sources of DEV"):
        talking_pair(clips_table(tmp_path / "b", ("1.mp4", "eve", 9, 1, "val")))


@pytest.fixture
def environment(tmp_path):
    """Commands that record their arguments and write empty results."""
    recordings(tmp_path, "train/ann/1.mp4", "dev/eve/1.mp4")
    commands = {
        "python": 'case "$2" in demo.train_sources) printf table >"$8";; *) printf "face\\0audio\\0";; esac',
        "talkshard": """while [ $# -gt 1 ]; do case "$1" in --output) output=$2;; esac; shift; done
mkdir -p "$(dirname "$output")"
case "$name" in build) mkdir "$output"; touch "$output/dataset.json";;
train) mkdir "$output"; touch "$output/motion.onnx" "$output/painter.onnx";;
evaluate) mkdir "$output"; touch "$output/evaluation.json";; *) touch "$output";; esac""",
    }
    (tmp_path / "bin").mkdir()
    for name, body in commands.items():
        path = tmp_path / "bin" / name
        path.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>{tmp_path}/called\nname=$1\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {
        **os.environ,
        "BIN": str(tmp_path / "bin"),
        "OUTPUT": str(tmp_path / "out"),
        "STEPS": "",
        "TRAIN": str(tmp_path / "train"),
        "DEV": str(tmp_path / "dev"),
    }


def demonstrate(environment: dict[str, str], **more: str) -> tuple[subprocess.CompletedProcess, list[str]]:
    """Run the script; returns what it printed, and which commands of talkshard it ran."""
    called = Path(environment["BIN"]).parent / "called"
    called.unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", "demo/train.sh"], check=False, cwd=ROOT, env=environment | more, capture_output=True, text=True
    )
    lines = called.read_text().splitlines() if called.exists() else []
    return done, [line.split()[1] for line in lines if line.startswith("talkshard")]


def test_the_script_goes_from_recordings_to_two_videos_and_again_only_makes_the_videos_again(environment, tmp_path):
    done, called = demonstrate(environment)
    assert (done.returncode, called) == (0, ["build", "train", "train", "evaluate", "generate", "dub"])
    assert f"portrait: {tmp_path}/out/talking-face/tiny/talking.mp4" in done.stdout
    assert f"dubbed:   {tmp_path}/out/talking-face/tiny/dubbed.mp4" in done.stdout
    assert demonstrate(environment)[1] == ["generate", "dub"]


def test_other_steps_are_another_training_on_the_same_dataset(environment):
    demonstrate(environment)
    done, called = demonstrate(environment, STEPS="9")
    assert called == ["train", "evaluate", "generate", "dub"]  # the motion network stays
    assert "tiny-9/talking.mp4" in done.stdout


@pytest.mark.parametrize("name", ["TRAIN", "DEV"])
def test_a_missing_folder_is_one_line_that_says_what_to_give(environment, name):
    done, called = demonstrate(environment, **{name: "/nowhere"})
    assert (done.returncode, called) == (2, [])
    assert (
        done.stderr == f"make train-demo: there is no folder /nowhere: give {name}=FOLDER, videos of people who talk\n"
    )


def test_results_of_other_recordings_are_left_alone(environment, tmp_path):
    demonstrate(environment)
    (tmp_path / "out/talking-face/sources.csv").write_text("others")
    done, called = demonstrate(environment)
    assert (done.returncode, called) == (2, [])
    assert "was made from other recordings" in done.stderr
