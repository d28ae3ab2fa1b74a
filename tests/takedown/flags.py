"""How these tests call the command, and what they look for afterwards."""

import json
import zlib

import talkshard
from schemas.clip_parts import BLOCK_BYTES
from schemas.stored.clip import read_clips
from schemas.stored.members import split_members
from schemas.stored.parquet import read_parquet
from tests.audit.good_dataset import ANN, ANN_TOO, BEN
from tests.end_to_end.conftest import IN_PROCESS

TRAIN, VAL = "shards/train-000000.tar", "shards/val-000000.tar"
FIRST, SECOND = f"{ANN}-w00000-t000-0000000", f"{ANN}-w00000-t000-0000025"  # clips of ann
OF_ANN_TOO, OF_BEN = f"{ANN_TOO}-w00000-t000-0000010", f"{BEN}-w00000-t000-0000050"


def take_down(output, *whom, reason="the person asked", flags=IN_PROCESS, yes=True):
    """Exit code of a takedown."""
    return talkshard.main(["takedown", str(output), *whom, "--reason", reason, *(["--yes"] if yes else []), *flags])


def table(folder, name):
    """Rows of a table of the present generation."""
    parts = json.loads((folder / "dataset.json").read_text())["manifests"]
    return [
        row
        for part in parts
        if part["table"] == name
        for row in read_parquet((folder / part["path"]).read_bytes()).to_pylist()
    ]


def keys_in(folder):
    """Keys of the clips that a reader gets."""
    return sorted(clip.key for clip in read_clips(str(folder)))


def media_of(folder, *keys):
    """The audio and the first face of clips, as bytes that nothing else can hold by chance."""
    found = []
    for row in table(folder, "clips"):
        if row["key"] in keys:
            start, length = row["tar_offset"], row["tar_length"]
            members = memoryview((folder / row["shard"]).read_bytes())[start : start + length]
            parts = dict(split_members(members, row["key"]))
            found += [bytes(parts["flac"]), bytes(parts["faces.mjpg"][: 2 * BLOCK_BYTES])]
    assert len(found) == 2 * len(keys)
    return found


def files_with(folder, needles):
    """Files below a folder that hold any of these bytes, as they are or in a result that is packed."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(one in content for one in needles for content in _contents(path))
    )


def _contents(path):
    data = path.read_bytes()
    try:
        return [data, zlib.decompress(data)]
    except zlib.error:
        return [data]
