import json
import shutil
from collections import Counter
from pathlib import Path
from typing import ClassVar

import fsspec
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import IntegrityError, StorageError, UsageError
from schemas.stored.clip import open_clip, open_rows, read_clips
from schemas.stored.clip_index import StoredClip, find_clips
from schemas.stored.tables import stored_table
from tests.speech2vid.face_datasets import IMAGE_PX, NUM_FRAMES, damage, face_parts, npy, write_faces, write_record
from transforms.media.face_crop import encode_jpeg
from transforms.media.tar import tar_members

SHARD = "shards/train-000000.tar"


class WatchedFile(LocalFileOpener):
    """A local file that counts what is read of it."""

    def read(self, length=-1):
        """The bytes, counted by file name."""
        piece = self.f.read(length)
        WatchedFiles.bytes_read[Path(self.path).name] += len(piece)
        return piece


class WatchedFiles(LocalFileSystem):
    """Local files that count what is read of them."""

    protocol = "watched"
    bytes_read: ClassVar[Counter] = Counter()

    def _open(self, path, mode="rb", block_size=None, **options):
        return WatchedFile(path, mode, fs=self, **options)


@pytest.fixture
def dataset(tmp_path):
    """Three clips of train in two shards, and one of val."""
    parts = face_parts(about={"speaker": "ann"})
    return write_faces(
        tmp_path / "out",
        {
            "train-000000": {"aa": parts, "bb": face_parts(30)},
            "train-000001": {"cc": parts},
            "val-000000": {"dd": parts},
        },
        {"aa": {"yaw_deg": 12.0}, "bb": {"num_frames": 30, "yaw_deg": 30.0}},
    )


def stored(parts, num_frames=NUM_FRAMES):
    """A clip in memory."""
    return StoredClip(
        key="aa", shard=SHARD, num_frames=num_frames, image_px=IMAGE_PX, members=tar_members("aa", list(parts.items()))
    )


def test_all_parts_of_a_clip_are_read_as_they_were_stored(dataset):
    clip = next(read_clips(dataset, "train"))
    assert (clip.key, clip.num_frames, clip.row["speaker"]) == ("aa", NUM_FRAMES, "ann")
    assert clip.mfcc.shape == (13, 4 * NUM_FRAMES) and clip.mfcc[3, 5] == 3005
    assert clip.samples.shape == (640 * NUM_FRAMES,) and clip.samples.dtype == np.int16
    assert clip.landmarks.shape == (NUM_FRAMES, 5, 2) and clip.align.shape == (NUM_FRAMES, 2, 3)
    assert clip.mesh.shape == (NUM_FRAMES, 468, 3) and clip.mesh.dtype == np.int16


def test_one_face_is_decoded_by_its_frame(dataset):
    clip = next(read_clips(dataset))
    assert [round(clip.face(frame).mean() / 8) for frame in (0, 9, 27)] == [0, 9, 27]
    assert clip.faces([3, 2]).shape == (2, IMAGE_PX, IMAGE_PX, 3)


def test_faces_are_rgb():
    red = encode_jpeg(np.full((IMAGE_PX, IMAGE_PX, 3), (250, 10, 10), np.uint8), 95)
    parts = face_parts(1) | {"faces.mjpg": red, "faces_index.npy": npy(np.array([0, len(red)], np.uint32))}
    assert open_clip(stored(parts, 1)).face(0)[8, 8, 0] > 200


def test_clips_come_in_the_shards_order(dataset):
    assert [clip.key for clip in read_clips(dataset)] == ["aa", "bb", "cc", "dd"]
    assert [clip.key for clip in read_clips(dataset, "val")] == ["dd"]


def test_a_dataset_is_read_from_any_store(dataset):
    store = fsspec.filesystem("memory")
    store.put(f"{dataset}/", "/clips-test/", recursive=True)
    assert [clip.face(3).shape[0] for clip in read_clips("memory://clips-test", "val")] == [IMAGE_PX]


def test_where_chooses_clips_by_their_columns(dataset):
    assert [clip.key for clip in read_clips(dataset, "train", "yaw_deg > 10 AND num_frames < 29 -- frontal")] == ["aa"]


def test_where_reads_only_the_clips_it_chose(dataset):
    fsspec.register_implementation("watched", WatchedFiles, clobber=True)
    WatchedFiles.bytes_read.clear()
    assert [clip.key for clip in read_clips(f"watched://{dataset}", where="yaw_deg > 20")] == ["bb"]
    length = find_clips(dataset, where="yaw_deg > 20").places["tar_length"][0].as_py()
    assert {name: size for name, size in WatchedFiles.bytes_read.items() if name.endswith(".tar")} == {
        "train-000000.tar": length
    }


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("yaw > 1", "'yaw > 1' is not a condition on the clips table.*yaw"),
        ("yaw_deg >", "not a condition"),
        ("yaw_deg > 90", "holds no clip of split train where yaw_deg > 90"),
    ],
)
def test_a_wrong_condition_gets_one_line(dataset, condition, says):
    with pytest.raises(UsageError, match=says) as caught:
        list(read_clips(dataset, "train", condition))
    assert "\n" not in str(caught.value)


def test_an_unknown_split_gets_one_line(dataset):
    with pytest.raises(UsageError, match="no split 'dev': give one of train, val, test"):
        find_clips(dataset, "dev")


def test_a_folder_without_a_dataset_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"holds no dataset\.json"):
        find_clips(str(tmp_path))


def test_shards_of_another_schema_version_get_one_line(dataset):
    record = json.loads(Path(dataset, "dataset.json").read_text())
    write_record(Path(dataset), record | {"schema_version": "0.9"})
    with pytest.raises(UsageError, match=r"was made with schema version 0\.9; this Talkshard reads .*: build it again"):
        find_clips(dataset)


def test_a_dataset_json_that_is_cut_off_gets_one_line(dataset):
    record = Path(dataset, "dataset.json")
    record.write_text(record.read_text()[:-9])
    with pytest.raises(IntegrityError, match=r"dataset\.json of .* is not JSON"):
        find_clips(dataset)


def test_a_missing_manifest_gets_one_line(dataset):
    shutil.rmtree(Path(dataset, "manifests"))
    with pytest.raises(
        IntegrityError, match=r"lacks manifests/clips/part-00000[.]parquet, which its dataset[.]json lists"
    ):
        find_clips(dataset)


def test_a_manifest_that_is_cut_off_gets_one_line(dataset):
    part = Path(dataset, "manifests/clips/part-00000.parquet")
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(IntegrityError, match=r"clips/part-00000\.parquet of .* is not a whole Parquet file"):
        find_clips(dataset)


def test_a_truncated_shard_gets_one_line(dataset):
    shard = Path(dataset, SHARD)
    shard.write_bytes(shard.read_bytes()[:-2000])
    with pytest.raises(IntegrityError, match=f"{SHARD} of .* has .* bytes, not .*: it is cut off"):
        find_clips(dataset, "train")


def test_a_missing_shard_gets_one_line(dataset):
    Path(dataset, SHARD).unlink()
    with pytest.raises(IntegrityError, match=f"lacks a shard.*{SHARD}"):
        find_clips(dataset)


def test_counts_that_do_not_agree_get_one_line(dataset):
    record = json.loads(Path(dataset, "dataset.json").read_text())
    record["shards"][0]["num_clips"] = 5
    write_record(Path(dataset), record)
    with pytest.raises(IntegrityError, match=f"{SHARD} of .* has 5 clips by dataset.json, but 2 by the clips table"):
        find_clips(dataset)


def test_a_shard_that_shrinks_while_it_is_read_gets_one_line(dataset):
    clips = find_clips(dataset)
    Path(dataset, SHARD).write_bytes(b"short")
    with pytest.raises(IntegrityError, match="gave 5 bytes for clip aa"):
        list(clips.read([0]))


@pytest.mark.parametrize("content", [b"short", b""])
def test_a_shard_that_shrinks_after_it_was_read_from_gets_one_line(dataset, content):
    clips = find_clips(dataset)
    assert [clip.key for clip in clips.read([0])] == ["aa"]
    Path(dataset, SHARD).write_bytes(content)
    with pytest.raises(IntegrityError, match="gave 0 bytes for clip bb"):
        list(clips.read([1]))


def test_a_shard_that_was_replaced_is_read_again(dataset, tmp_path):
    clips = find_clips(dataset)
    before = bytes(next(clips.read([0])).members)
    other = tmp_path / "other.tar"
    other.write_bytes(bytes(byte ^ 1 for byte in Path(dataset, SHARD).read_bytes()))
    other.replace(Path(dataset, SHARD))
    assert bytes(next(clips.read([0])).members) == bytes(byte ^ 1 for byte in before)


def test_clips_can_be_used_after_the_dataset_is_deleted(dataset):
    clips = list(read_clips(dataset))
    shutil.rmtree(dataset)
    assert [clip.face(9).shape[0] for clip in clips] == [IMAGE_PX] * 4


def test_a_shard_that_vanishes_while_it_is_read_gets_one_line(dataset):
    clips = find_clips(dataset)
    Path(dataset, SHARD).unlink()
    with pytest.raises(StorageError, match=f"{SHARD} of .* cannot be read"):
        list(clips.read([0]))


@pytest.mark.parametrize(
    ("part", "use"), [("faces.mjpg", lambda clip: clip.face(NUM_FRAMES - 1)), ("flac", lambda clip: clip.samples)]
)
def test_a_damaged_part_is_named_when_it_is_used(dataset, part, use):
    damage(dataset, "aa", part)
    clip = next(read_clips(dataset))
    assert clip.mfcc.shape == (13, 4 * NUM_FRAMES)
    with pytest.raises(IntegrityError, match=f"clip aa in {SHARD}: {part} is damaged"):
        use(clip)


def test_a_missing_part_is_named():
    parts = face_parts()
    del parts["mesh.npy"]
    with pytest.raises(IntegrityError, match=r"clip aa in .* has no part mesh\.npy"):
        _ = open_clip(stored(parts)).mesh


def test_a_part_of_another_length_is_named():
    with pytest.raises(IntegrityError, match=r"mfcc.npy is damaged: shape \(13, 112\), not \(13, 116\)"):
        _ = open_clip(stored(face_parts(), NUM_FRAMES + 1)).mfcc


def test_a_part_of_another_type_is_named():
    parts = face_parts() | {"mesh.npy": npy(np.zeros((NUM_FRAMES, 468, 3), np.float32))}
    with pytest.raises(IntegrityError, match=r"mesh\.npy is damaged: type float32, not int16"):
        _ = open_clip(stored(parts)).mesh


def test_of_rows_of_the_clips_table_those_without_their_shard_are_left_out(dataset):
    clips = stored_table(dataset, "clips")
    assert [clip.key for clip in open_rows(dataset, clips)] == ["aa", "bb", "cc", "dd"]
    Path(dataset, SHARD).unlink()
    assert [clip.key for clip in open_rows(dataset, clips)] == ["cc", "dd"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_damage_gives_an_error_that_names_the_clip_or_none(data):
    members = bytearray(MEMBERS)
    length = data.draw(st.integers(1, 40))
    start = data.draw(
        st.one_of(
            st.sampled_from(HEADS).flatmap(lambda head: st.integers(head, head + 640)),
            st.integers(0, len(members) - length),
        )
    )
    members[start : start + length] = data.draw(st.binary(min_size=length, max_size=length))
    try:
        clip = open_clip(StoredClip(key="aa", shard=SHARD, num_frames=9, image_px=IMAGE_PX, members=bytes(members)))
        _ = clip.row, clip.mfcc, clip.samples, clip.mesh, clip.faces(range(9))
    except IntegrityError as error:
        assert "clip aa" in str(error)


MEMBERS = tar_members("aa", list(face_parts(9).items()))
HEADS = [start for start in range(0, len(MEMBERS) - 1152, 512) if MEMBERS[start : start + 3] == b"aa."]
