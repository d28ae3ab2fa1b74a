import numpy as np
import pytest

from schemas.errors import UsageError
from speech2vid.sync_training.dataset import is_wanted, read_clips, read_only
from tests.speech2vid.made_datasets import clip_members, write_dataset

GRID = "GRID corpus, CC BY 4.0 (repo MIT)"


@pytest.fixture
def dataset(tmp_path):
    """Two clips to learn from, the first corrected by two frames already, and one of another split."""
    return write_dataset(
        tmp_path / "out",
        {
            "train-000000": [*clip_members("aa", "ann", shift_samples=1280, licence=GRID), *clip_members("bb", "bob")],
            "val-000000": clip_members("cc", "cat"),
        },
    )


def test_only_the_train_split_is_learnt_from(dataset):
    clips = read_clips(str(dataset), {})
    assert [(clip.name, clip.speaker, len(clip)) for clip in clips] == [("aa.mp4", "ann", 40), ("bb.mp4", "bob", 40)]
    assert clips[0].positions.shape == (40, 192) and clips[0].columns.shape == (160, 40)
    assert [clip.samples.shape for clip in clips] == [(25600,), (25600,)] and clips[0].samples.dtype == np.int16
    assert [clip.licence for clip in clips] == [GRID, "not given"]


def test_of_a_measured_lag_only_what_the_build_left_is_taken_away(dataset):
    clips = read_clips(str(dataset), {"aa.mp4": 3.0, "bb.mp4": 3.0})
    assert [(len(clip), clip.lag_frames) for clip in clips] == [(39, 3.0), (37, 3.0)]


def test_a_source_to_drop_is_left_out(dataset):
    assert [clip.name for clip in read_clips(str(dataset), {"aa.mp4": None, "gone.mp4": None})] == ["bb.mp4"]


def test_a_lag_of_a_source_that_is_not_there_gets_one_line(dataset):
    with pytest.raises(UsageError, match=r"'dd.mp4'.*no clip"):
        read_clips(str(dataset), {"dd.mp4": 1.0})


def test_a_lag_of_a_clip_that_is_not_wanted_is_no_mistake(dataset):
    assert len(read_clips(str(dataset), {"bb.mp4": 1.0}, {"speaker": ["ann"]})) == 1


def test_only_clips_of_the_licence_are_learnt_from(dataset):
    assert [clip.name for clip in read_clips(str(dataset), {}, {"licence": ["CC-BY-4.0"]})] == ["aa.mp4"]


@pytest.mark.parametrize(
    ("value", "is_so"),
    [
        ("CC-BY-4.0", True),
        ("cc by", True),
        (GRID, True),
        ("CC-BY-NC-4.0", False),
        ("BY-4", True),
        ("C BY", False),
        ("CC-BY-4.0-SA", False),
    ],
)
def test_a_column_must_hold_the_words_in_a_row(value, is_so):
    assert is_wanted({"licence": GRID}, {"licence": [value]}) is is_so


def test_a_licence_that_adds_to_another_is_not_it():
    assert not is_wanted({"licence": "CC BY-NC 4.0"}, {"licence": ["CC-BY-4.0"]})


def test_of_one_column_any_value_will_do_and_of_several_all_must_hold():
    row = {"licence": GRID, "speaker": "ann"}
    assert is_wanted(row, read_only(["speaker=bob", "speaker=ann", "licence=MIT"]))
    assert not is_wanted(row, read_only(["speaker=ann", "licence=Apache"]))


@pytest.mark.parametrize("word", ["licence", "=MIT", "licence=", "licence=--"])
def test_a_filter_of_another_form_gets_one_line(word):
    with pytest.raises(UsageError, match="--only takes COLUMN=VALUE"):
        read_only([word])


def test_a_column_that_is_not_there_gets_one_line_that_names_those_that_are(dataset):
    with pytest.raises(UsageError, match=r"no such column, but audio_shift_samples, licence"):
        read_clips(str(dataset), {}, {"license": ["MIT"]})


def test_a_filter_that_leaves_nothing_gets_one_line(dataset):
    with pytest.raises(UsageError, match="--only speaker=zoe leaves no clip"):
        read_clips(str(dataset), {}, {"speaker": ["zoe"]})


def test_a_dataset_without_meshes_gets_one_line(tmp_path):
    members = [member for member in clip_members("aa", "ann") if not member[0].endswith("mesh.npy")]
    with pytest.raises(UsageError, match="hold no mesh.npy"):
        read_clips(str(write_dataset(tmp_path, {"train-000000": members})), {})


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match="no dataset.json"):
        read_clips(str(tmp_path), {})
