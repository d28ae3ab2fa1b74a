"""What a plain WebDataset reader gets from `talkshard_parts`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import webdataset

import speech2vid.reader
from schemas.clip_parts import parts_of
from schemas.stored.clip import read_clips
from speech2vid.reader import talkshard_parts
from tests.speech2vid.face_datasets import IMAGE_PX, NUM_FRAMES, face_parts, write_faces

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def dataset(tmp_path):
    """Two clips in one shard."""
    parts = face_parts(about={"speaker": "ann"})
    return write_faces(tmp_path / "out", {"train-000000": {"aa": parts, "bb": parts}})


@pytest.fixture
def samples(dataset):
    """Both clips, decoded by WebDataset."""
    shards = [f"{dataset}/shards/train-000000.tar"]
    return list(webdataset.WebDataset(shards, shardshuffle=False).decode(talkshard_parts))


def test_all_parts_are_what_the_clip_reader_gives(samples, dataset):
    for sample, clip in zip(samples, read_clips(dataset), strict=True):
        assert sample["__key__"] == clip.key and sample["json"] == clip.row
        assert sample["flac"].dtype == np.int16 and np.array_equal(sample["flac"], clip.samples)
        assert np.array_equal(sample["faces.mjpg"], clip.faces(range(NUM_FRAMES)))
        for name in ("mfcc", "mesh", "landmarks", "align"):
            found, expected = sample[f"{name}.npy"], getattr(clip, name)
            assert found.dtype == expected.dtype and np.array_equal(found, expected)


def test_faces_are_rgb_in_the_order_of_the_frames(samples):
    faces = samples[0]["faces.mjpg"]
    assert faces.shape == (NUM_FRAMES, IMAGE_PX, IMAGE_PX, 3) and faces.dtype == np.uint8
    assert [round(face.mean() / 8) for face in faces] == list(range(NUM_FRAMES))


def test_every_part_that_a_shard_holds_has_a_decoder(samples):
    assert {key for key in samples[0] if not key.startswith("__")} == set(parts_of(False))
    assert not any(isinstance(samples[0][part], bytes) for part in parts_of(False))


def test_arrays_can_be_written_to(samples):
    samples[0]["mesh.npy"] += 1


def test_other_keys_are_left_to_webdataset():
    assert talkshard_parts(".note", b"words") is None and talkshard_parts(".other.npy", b"words") is None


@pytest.mark.parametrize("part", ["json", "flac", "mesh.npy", "faces.mjpg"])
def test_a_damaged_part_is_an_error(part):
    with pytest.raises(ValueError):
        talkshard_parts(f".{part}", face_parts(2)[part][:-20])


def test_every_exported_name_can_be_imported():
    assert all(getattr(speech2vid.reader, name) for name in speech2vid.reader.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Sample'"):
        _ = speech2vid.reader.Sample


def test_torch_is_not_needed_to_decode_parts_and_read_clips():
    code = "import sys; sys.modules['torch'] = None; from speech2vid.reader import Clip, read_clips, talkshard_parts"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
