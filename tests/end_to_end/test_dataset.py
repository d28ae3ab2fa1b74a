"""The dataset of one build from real and broken files, read with plain tools."""

import io
import json
import shutil
import tarfile

import duckdb
import numpy as np
import pytest
import soundfile
import webdataset
from scipy.signal import correlate

from audit.verify import verify_dataset
from schemas.clip_parts import parts_of
from schemas.clock import SAMPLES_PER_FRAME
from tests.end_to_end.conftest import CLEAN, CUTS, LATE, array
from transforms.media.face_crop import decode_jpeg
from transforms.media.mfcc import clip_mfcc
from transforms.speakers.config import SpeakersConfig


def parts_at(built, row):
    """Parts of one clip, from its byte range alone."""
    with open(built.folder / row["shard"], "rb") as file:
        file.seek(row["tar_offset"])
        data = file.read(row["tar_length"])
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
        return {member.name.removeprefix(row["key"] + "."): tar.extractfile(member).read() for member in tar}


def test_broken_files_do_not_stop_the_run(built):
    assert built.exit_code == 0
    assert (built.folder / "dataset.json").is_file() and not (built.folder / ".staging").exists()


def test_every_source_has_a_status(built):
    status = {name: built.source_of(name)["status"] for name in (CLEAN, LATE, CUTS, "empty.mp4", "text.mp4")}
    assert status == {CLEAN: "clips", LATE: "clips", CUTS: "clips", "empty.mp4": "failed", "text.mp4": "failed"}
    assert len(built.rows("sources")) == 6


def test_a_copy_is_the_same_source_under_both_names(built):
    uris = built.source_of(CLEAN)["uris"]
    assert uris == [CLEAN, "the same again.mpg"]


def test_a_video_without_audio_is_a_decision_not_a_failure(built):
    [source] = [row for row in built.rows("sources") if row["status"] == "decided"]
    [dropped] = [row for row in built.rows("decisions") if row["source_id"] == source["source_id"] and not row["kept"]]
    assert (dropped["rule"], "audio.mp4" in source["uris"][0]) == ("has_audio", True)


def test_files_that_are_no_media_fail_as_such(built):
    found = {row["source_uri"]: row["kind"] for row in built.rows("failures")}
    assert found == {"empty.mp4": "not_media", "text.mp4": "not_media"}


def test_a_cut_ends_a_track_and_the_next_begins_there(built):
    source_id = built.source_of(CUTS)["source_id"]
    tracks = sorted(
        (row["start_frame"], row["end_frame"], row["end_rule"])
        for row in built.rows("tracks")
        if row["source_id"] == source_id
    )
    assert [rule for _, _, rule in tracks] == ["cut", "cut", "source_end"]
    assert [start for start, _, _ in tracks[1:]] == [end for _, end, _ in tracks[:2]]


def test_twelve_frames_of_delay_move_the_lag_by_twelve(built):
    [clean], [late] = built.clips_of(CLEAN), built.clips_of(LATE)
    assert abs(clean["audio_lag_frames"]) <= 2
    assert late["audio_lag_frames"] - clean["audio_lag_frames"] == pytest.approx(12, abs=1)


def test_the_corrected_audio_of_the_late_file_is_that_of_the_clean_one(built):
    [clean], [late] = built.clips_of(CLEAN), built.clips_of(LATE)
    first = max(clean["start_frame"], late["start_frame"])
    one, other = (
        soundfile.read(io.BytesIO(parts_at(built, row)["flac"]))[0][(first - row["start_frame"]) * 640 :]
        for row in (clean, late)
    )
    alike = correlate(other, one, "full") / np.sqrt((one**2).sum() * (other**2).sum())
    moved = int(np.argmax(alike)) - (len(one) - 1)
    left_in = SpeakersConfig().min_shift_frames * SAMPLES_PER_FRAME  # a smaller lag of the clean file is not corrected
    assert alike.max() > 0.8 and abs(moved) <= left_in


def test_plain_webdataset_reads_every_clip(built):
    shards = [str(path) for path in sorted((built.folder / "shards").glob("*.tar"))]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False))
    assert sorted(sample["__key__"] for sample in samples) == sorted(row["key"] for row in built.rows("clips"))
    assert all(set(parts_of(False)) <= set(sample) for sample in samples)


def test_plain_tarfile_reads_the_same_bytes_as_the_byte_ranges(built):
    for row in built.rows("clips"):
        with tarfile.open(built.folder / row["shard"]) as tar:
            parts = {part: tar.extractfile(f"{row['key']}.{part}").read() for part in parts_of(False)}
        assert parts_at(built, row) == parts


def test_the_json_of_a_clip_is_its_row(built):
    for row in built.rows("clips"):
        told = json.loads(parts_at(built, row)["json"])
        place = {name: row[name] for name in ("shard", "tar_offset", "tar_length")}
        assert set(told | place) == set(row)
        for name, value in (told | place).items():
            same = np.float32(value) == np.float32(row[name]) if isinstance(value, float) else value == row[name]
            assert same, name


def test_a_stored_clip_agrees_with_itself(built):
    for row in built.rows("clips"):
        parts = parts_at(built, row)
        samples, rate = soundfile.read(io.BytesIO(parts["flac"]), dtype="int16")
        index = array(parts["faces_index.npy"])
        middle = row["num_frames"] // 2
        assert (rate, len(samples), len(index)) == (16_000, 640 * row["num_frames"], row["num_frames"] + 1)
        assert np.array_equal(array(parts["mfcc.npy"]), clip_mfcc(samples))
        face = decode_jpeg(parts["faces.mjpg"][index[middle] : index[middle + 1]])
        assert face.shape == (row["image_px"], row["image_px"], 3)


def test_eyes_of_the_stored_faces_are_level_and_in_their_place(built):
    for row in built.rows("clips"):
        landmarks = array(parts_at(built, row)["landmarks.npy"])
        assert np.median(landmarks[:, :2], axis=0) == pytest.approx(np.array([[30.4, 23.5], [81.4, 22.4]]), abs=6)


def test_the_noses_of_stored_meshes_are_nearer_than_the_eyes(built):
    mesh = array(parts_at(built, built.rows("clips")[0])["mesh.npy"]).astype(float)
    assert mesh[:, 1, 2].mean() < mesh[:, [33, 263], 2].mean()


def test_duckdb_counts_what_the_run_says(built):
    clips, decisions = (f"'{built.folder}/manifests/{name}/*.parquet'" for name in ("clips", "decisions"))
    kept = duckdb.sql(f"select rule, count(*) filter (kept) from {decisions} where stage = 'CutClips' group by rule")
    [(num_clips,)] = duckdb.sql(f"select count(*) from {clips}").fetchall()
    assert dict(kept.fetchall())["min_s"] == num_clips == 5
    assert json.loads((built.folder / "run.json").read_text())["verdict"]["num_clips"] == num_clips


def test_verify_finds_nothing_wrong(built):
    assert verify_dataset(str(built.folder)) == []


def test_verify_finds_a_changed_byte(built, tmp_path):
    copy = shutil.copytree(built.folder, tmp_path / "copy")
    shard = min((copy / "shards").glob("*.tar"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    assert any(shard.name in line for line in verify_dataset(str(copy)))
