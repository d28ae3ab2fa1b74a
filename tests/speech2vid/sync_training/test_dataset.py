import numpy as np
import pytest

from schemas.errors import IntegrityError, UsageError
from speech2vid.sync_training.dataset import read_clips
from tests.speech2vid.made_datasets import clip_members, write_dataset

GRID = "GRID corpus, CC BY 4.0 (repo MIT)"


@pytest.fixture
def dataset(tmp_path):
    """Two clips of the train split, the first corrected by two frames already, and one of another split."""
    return write_dataset(
        tmp_path / "out",
        {
            "train-000000": [*clip_members("aa", "ann", shift_samples=1280, licence=GRID), *clip_members("bb", "bob")],
            "val-000000": clip_members("cc", "cat"),
        },
    )


def test_only_the_train_split_is_read(dataset):
    clips = read_clips(str(dataset), {})
    assert [(clip.name, clip.speaker, len(clip)) for clip in clips] == [("aa.mp4", "ann", 40), ("bb.mp4", "bob", 40)]
    assert clips[0].positions.shape == (40, 192) and clips[0].columns.shape == (160, 40)
    assert [clip.samples.shape for clip in clips] == [(25600,), (25600,)] and clips[0].samples.dtype == np.int16
    assert [clip.licence for clip in clips] == [GRID, "not given"]


def test_of_a_measured_lag_only_the_part_that_the_build_left_is_corrected(dataset):
    clips = read_clips(str(dataset), {"aa.mp4": 3.0, "bb.mp4": 3.0})
    assert [(len(clip), clip.lag_frames) for clip in clips] == [(39, 3.0), (37, 3.0)]


def test_a_source_to_drop_is_left_out(dataset):
    assert [clip.name for clip in read_clips(str(dataset), {"aa.mp4": None, "gone.mp4": None})] == ["bb.mp4"]


def test_a_lag_of_a_source_that_is_not_there_gets_one_line(dataset):
    with pytest.raises(UsageError, match=r"'dd\.mp4'.*no clip"):
        read_clips(str(dataset), {"dd.mp4": 1.0})


def test_a_lag_of_a_clip_that_where_leaves_out_is_no_mistake(dataset):
    assert len(read_clips(str(dataset), {"bb.mp4": 1.0}, "speaker = 'ann'")) == 1


def test_where_chooses_clips_by_their_columns(dataset):
    assert [clip.name for clip in read_clips(str(dataset), {}, "licence LIKE '%CC BY 4.0%'")] == ["aa.mp4"]


def test_a_wrong_condition_gets_one_line(dataset):
    with pytest.raises(UsageError, match=r"license = 'MIT'.* is not a condition on the clips table"):
        read_clips(str(dataset), {}, "license = 'MIT'")


def test_a_condition_that_no_clip_meets_gets_one_line(dataset):
    with pytest.raises(UsageError, match="holds no clip of split train where speaker = 'zoe'"):
        read_clips(str(dataset), {}, "speaker = 'zoe'")


def test_a_dataset_without_meshes_gets_one_line(tmp_path):
    members = [member for member in clip_members("aa", "ann") if not member[0].endswith("mesh.npy")]
    with pytest.raises(IntegrityError, match=r"clip aa in shards/train-000000\.tar has no part mesh\.npy"):
        read_clips(str(write_dataset(tmp_path, {"train-000000": members})), {})


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"no dataset\.json"):
        read_clips(str(tmp_path), {})
