"""Shards have the same bytes for any order of arrival, and say where each clip lies."""

import hashlib
import io
import json
import random
import tarfile
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that

from schemas.errors import IntegrityError
from tests.shards.clip_refs import clip_refs, clip_row
from transforms.shards.config import ShardsConfig
from transforms.shards.stage import WriteShards
from transforms.shards.write_shard import row_members


@pytest.fixture
def refs(tmp_path):
    rows = [clip_row(f"clip-{number:02d}", split="val" if number == 7 else "train") for number in range(12)]
    return clip_refs(tmp_path, rows)


def write(output, refs, check=lambda clips: None, check_shards=lambda shards: None, target_mb=0.1):
    with beam.Pipeline("FnApiRunner") as pipeline:
        out = pipeline | beam.Create(refs) | WriteShards(str(output), ShardsConfig(target_mb=target_mb))
        assert_that(out.clip_rows, check, label="clips")
        assert_that(out.shard_rows, check_shards, label="shards")


def hashes(output):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (output / "shards").iterdir()}


def test_any_order_and_repeated_references_give_the_same_bytes(tmp_path, refs):
    shuffled = refs + refs[:4]
    random.Random(1).shuffle(shuffled)
    write(tmp_path / "a", refs)
    write(tmp_path / "b", shuffled)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert {name.split("-")[0] for name in hashes(tmp_path / "a")} == {"train", "val"}
    assert len(hashes(tmp_path / "a")) == 4


def members_of(data):
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


def test_a_clip_can_be_read_from_its_byte_range(tmp_path, refs):
    def check(clips):
        assert sorted(clip.key for clip in clips) == sorted(ref.key for ref in refs)
        expected = {ref.key: ref.sha256 for ref in refs}
        for clip in clips:
            data = (tmp_path / "out" / clip.shard).read_bytes()[clip.tar_offset : clip.tar_offset + clip.tar_length]
            names, (row, _) = zip(*members_of(data), strict=True)
            assert names == (f"{clip.key}.json", f"{clip.key}.flac")
            assert hashlib.sha256(data[len(row_members(clip)) :]).hexdigest() == expected[clip.key]
            told = json.loads(row)
            assert told["speaker"] == clip.speaker and not {"shard", "tar_offset", "tar_length"} & set(told)

    write(tmp_path / "out", refs, check)


def test_a_shard_is_a_complete_tar_with_fixed_metadata_and_its_row_agrees(tmp_path, refs):
    def check(shards):
        for row in shards:
            path = tmp_path / "out" / row.shard
            assert (row.size_bytes, row.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
            assert row.size_bytes % 10_240 == 0
            with tarfile.open(path) as tar:
                members = tar.getmembers()
            assert len(members) == 2 * row.num_clips
            assert {(m.mtime, m.uid, m.gid, m.mode, m.uname) for m in members} == {(0, 0, 0, 0o644, "")}
            assert [m.name for m in members] == sorted(
                (m.name for m in members), key=lambda n: (n[:7], n[7:] != ".json")
            )

    write(tmp_path / "out", refs, check_shards=check)


def test_damaged_staging_stops_the_run(tmp_path, refs):
    broken = [replace(refs[0], sha256="0" * 64), *refs[1:]]
    with pytest.raises(IntegrityError, match=r"clip-00.*staging is damaged"):
        write(tmp_path / "out", broken)


def test_a_missing_pack_stops_the_run(tmp_path, refs):
    with pytest.raises(IntegrityError, match="missing in staging"):
        write(tmp_path / "out", [replace(refs[0], pack_uri=str(tmp_path / "none.pack"))])


def test_one_key_with_two_contents_stops_the_run(tmp_path, refs):
    with pytest.raises(IntegrityError, match="cut twice"):
        write(tmp_path / "out", [*refs, replace(refs[1], key=refs[0].key)])


def test_no_clips_give_no_shards(tmp_path):
    write(tmp_path / "out", [])
    assert not (tmp_path / "out" / "shards").exists()
