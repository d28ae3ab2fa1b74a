"""Mesh and sound of the train split of a dataset that `talkshard build` made: what the sync network learns from."""
import io
import json
from collections.abc import Iterator

import fsspec
import numpy as np
import soundfile
from webdataset.tariterators import group_by_keys, tar_file_iterator

from schemas.clock import SAMPLES_PER_FRAME
from schemas.errors import UsageError
from speech2vid.sync_clips import TalkingClip, source_name, without_lag
from transforms.speakers.lip_motion import lip_motion
from transforms.speakers.sync_network import sound_columns

_PARTS = {"json", "flac", "mesh.npy"}
_LEARNT_SPLIT = "train"


def read_clips(dataset: str, lags: dict[str, float | None]) -> list[TalkingClip]:
    """Clips of the train split, in the shards' order, without what the build left of their sources' lags.

    lags: frames by file name of the source, None to drop. UsageError for a lag of a source that no clip came from.
    """
    clips, met = [], set()
    for sample in _samples(dataset):
        row = json.loads(sample["json"])
        name = source_name(row["source_uri"])
        met.add(name)
        corrected = row["audio_shift_samples"] / SAMPLES_PER_FRAME
        lag = lags.get(name, corrected)
        if lag is not None:
            clips.append(without_lag(_clip(name, row["speaker"], sample), lag - corrected))
    unknown = sorted(name for name in set(lags) - met if lags[name] is not None)
    if unknown:
        raise UsageError(f"the lags name {unknown[0]!r}, which no clip of the train split of {dataset} came from: "
                         "remove its line")
    return clips


def _clip(name: str, speaker: str, sample: dict[str, bytes]) -> TalkingClip:
    samples, _ = soundfile.read(io.BytesIO(sample["flac"]), dtype="int16")
    mesh = np.load(io.BytesIO(sample["mesh.npy"]), allow_pickle=False)
    # Without a speaker's name each source counts as a person of its own.
    return TalkingClip(name=name, speaker=speaker or name, positions=lip_motion(mesh), columns=sound_columns(samples))


def _samples(dataset: str) -> Iterator[dict[str, bytes]]:
    store, root = fsspec.url_to_fs(dataset)
    if not store.exists(f"{root}/dataset.json"):
        raise UsageError(f"{dataset} holds no dataset.json: give the --output of a `talkshard build` that ended well")
    for shard in json.loads(store.cat_file(f"{root}/dataset.json"))["shards"]:
        if shard["split"] == _LEARNT_SPLIT:
            with store.open(f"{root}/{shard['path']}", "rb") as file:
                members = (member | {"__url__": shard["path"]} for member in tar_file_iterator(file))
                yield from group_by_keys(members, suffixes=_PARTS)
