import io
import json
import tarfile

import numpy as np
import pytest
import soundfile

from schemas.errors import UsageError
from speech2vid.sync_dataset import read_clips
from speech2vid.train_sync import choose_steps, main

RANDOM = np.random.default_rng(0)


def clip_members(key: str, speaker: str, num_frames: int = 40, shift_samples: int = 0) -> list[tuple[str, bytes]]:
    sound, mesh = io.BytesIO(), io.BytesIO()
    samples = RANDOM.integers(-9000, 9000, 640 * num_frames, dtype=np.int16)
    soundfile.write(sound, samples, 16000, format="FLAC", subtype="PCM_16")
    np.save(mesh, RANDOM.integers(-9000, 9000, (num_frames, 468, 3), dtype=np.int16))
    row = {"source_uri": f"/in/{key}.mp4", "speaker": speaker, "audio_shift_samples": shift_samples}
    parts = {"json": json.dumps(row).encode(), "mfcc.npy": b"not read", "flac": sound.getvalue(),
             "mesh.npy": mesh.getvalue(), "faces.mjpg": b"not read"}
    return [(f"{key}.{part}", content) for part, content in parts.items()]


@pytest.fixture
def dataset(tmp_path):
    """Two clips to learn from, the first corrected by two frames already, and one of another split."""
    folder = tmp_path / "out"
    (folder / "shards").mkdir(parents=True)
    shards = {"train-000000": clip_members("aa", "ann", shift_samples=1280) + clip_members("bb", "bob"),
              "val-000000": clip_members("cc", "cat")}
    for name, members in shards.items():
        with tarfile.open(folder / f"shards/{name}.tar", "w") as shard:
            for member, data in members:
                header = tarfile.TarInfo(member)
                header.size = len(data)
                shard.addfile(header, io.BytesIO(data))
    listed = [{"path": f"shards/{name}.tar", "split": name.split("-")[0]} for name in shards]
    (folder / "dataset.json").write_text(json.dumps({"shards": listed}))
    return folder


def test_only_the_train_split_is_learnt_from(dataset):
    clips = read_clips(str(dataset), {})
    assert [(clip.name, clip.speaker, len(clip)) for clip in clips] == [("aa.mp4", "ann", 40), ("bb.mp4", "bob", 40)]
    assert clips[0].positions.shape == (40, 192) and clips[0].columns.shape == (160, 40)


def test_of_a_measured_lag_only_what_the_build_left_is_taken_away(dataset):
    lengths = [len(clip) for clip in read_clips(str(dataset), {"aa.mp4": 3.0, "bb.mp4": 3.0})]
    assert lengths == [39, 37]


def test_a_source_to_drop_is_left_out(dataset):
    assert [clip.name for clip in read_clips(str(dataset), {"aa.mp4": None, "gone.mp4": None})] == ["bb.mp4"]


def test_a_lag_of_a_source_that_is_not_there_gets_one_line(dataset):
    with pytest.raises(UsageError, match="'dd.mp4'.*no clip"):
        read_clips(str(dataset), {"dd.mp4": 1.0})


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match="no dataset.json"):
        main(["--dataset", str(tmp_path), "--output", str(tmp_path / "new")])


def test_too_few_people_get_one_line_and_no_folder(dataset, tmp_path):
    with pytest.raises(UsageError, match="clips of 2 people"):
        main(["--dataset", str(dataset), "--output", str(tmp_path / "new")])
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_a_network_is_not_written_over(dataset, tmp_path):
    (tmp_path / "lip_sync.onnx").write_bytes(b"kept")
    with pytest.raises(UsageError, match="holds a network already"):
        main(["--dataset", str(dataset), "--output", str(tmp_path)])
    assert (tmp_path / "lip_sync.onnx").read_bytes() == b"kept"


def test_steps_are_chosen_where_all_folds_and_their_neighbours_are_good():
    lucky = {100: 0.5, 200: 0.95, 300: 0.5, 400: 0.8, 500: 0.8, 600: 0.8, 700: 0.6}
    assert choose_steps([lucky, lucky]) == 500


def test_people_who_cannot_be_told_apart_have_no_say_in_the_number_of_steps():
    undecided = {100: float("nan"), 200: float("nan"), 300: float("nan")}
    assert choose_steps([{100: 0.5, 200: 0.6, 300: 0.9}, undecided]) == 300
