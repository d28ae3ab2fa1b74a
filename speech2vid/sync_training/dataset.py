"""Mesh and audio of the train split of a dataset that `talkshard build` made: what the sync network learns from."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import fsspec
import numpy as np
import soundfile
from webdataset.tariterators import group_by_keys, tar_file_iterator

from schemas.clock import SAMPLES_PER_FRAME
from schemas.errors import UsageError
from speech2vid.sync_training.augment_voice import augmented_voices
from speech2vid.sync_training.clips import TalkingClip, source_name, without_lag
from transforms.speakers.lip_motion import lip_motion
from transforms.speakers.speech_encoder import SpeechEncoder
from transforms.speakers.sync_network import audio_columns

_PARTS = {"json", "flac", "mesh.npy"}
_LEARNT_SPLIT = "train"
_VOICES_SEED = 0  # the same changed voices for every seed of training
_WORD = re.compile(r"[^\W_]+")
Wanted = dict[str, list[str]]
"""Clip column -> values of which one must be in it; all columns must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """A clip as it was stored."""

    name: str  # the source's file name
    row: dict
    positions: np.ndarray  # float32 (T, 192)
    samples: np.ndarray  # int16 (640 T,)

    @property
    def speaker(self) -> str:
        """Without a speaker's name each source counts as a person of its own."""
        return self.row["speaker"] or self.name

    @property
    def corrected_frames(self) -> float:
        """What the build took away of the sound's lag."""
        return self.row["audio_shift_samples"] / SAMPLES_PER_FRAME


def read_clips(
    dataset: str, lags: dict[str, float | None], wanted: Wanted | None = None, encoder: SpeechEncoder | None = None
) -> list[TalkingClip]:
    """Clips of the train split, in the shards' order, without what the build left of their sources' lags.

    lags: frames by file name of the source, None to drop; encoder: None is the installed one. UsageError for a lag of
    a source that no clip came from, and for clips without mesh.
    """
    recorded, met = [], set()
    for sample in _samples(dataset):
        row = json.loads(sample["json"])
        name = source_name(row["source_uri"])
        met.add(name)
        if lags.get(name, 0.0) is not None and is_wanted(row, wanted or {}):
            recorded.append(_recorded(name, row, sample, dataset))
    unknown = sorted(name for name in set(lags) - met if lags[name] is not None)
    if unknown:
        raise UsageError(
            f"the lags name {unknown[0]!r}, which no clip of the train split of {dataset} came from: remove its line"
        )
    if wanted and not recorded:
        raise UsageError(
            f"--only {_words_of(wanted)} leaves no clip of the train split of {dataset}: see the values "
            "in manifests/clips"
        )
    heard = _heard(recorded, encoder or SpeechEncoder())
    return [without_lag(clip, lags.get(clip.name, clip.lag_frames) - clip.lag_frames) for clip in heard]


def dataset_sha256(dataset: str) -> str:
    """Hash of dataset.json, which names the hashes of all shards."""
    store, root = _opened(dataset)
    return hashlib.sha256(store.cat_file(f"{root}/dataset.json")).hexdigest()


def read_only(argv: list[str]) -> Wanted:
    """What `--only COLUMN=VALUE`, given any number of times, asks for."""
    wanted: Wanted = {}
    for word in argv:
        column, found, value = word.partition("=")
        if not (column and found and _plain(value).strip()):
            raise UsageError(f"--only takes COLUMN=VALUE, as in licence=CC-BY-4.0, not {word!r}")
        wanted.setdefault(column, []).append(value)
    return wanted


def is_wanted(row: dict, wanted: Wanted) -> bool:
    """Whether each column holds the words of one of its values in a row, whatever stands between them."""
    for column, values in wanted.items():
        if column not in row:
            raise UsageError(f"--only {column}=...: a clip has no such column, but {', '.join(sorted(row))}")
        if not any(_plain(value) in _plain(str(row[column])) for value in values):
            return False
    return True


def _words_of(wanted: Wanted) -> str:
    return " ".join(f"{column}={value}" for column, values in wanted.items() for value in values)


def _plain(text: str) -> str:
    """Its words in small letters, a blank around each: "CC-BY-4.0" is " cc by 4 0 "."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _recorded(name: str, row: dict, sample: dict[str, bytes], dataset: str) -> _Recorded:
    if "mesh.npy" not in sample:
        raise UsageError(
            f"the clips of {dataset} hold no mesh.npy, which the sync network learns from: build it again "
            "with this version's `talkshard build`"
        )
    samples, _ = soundfile.read(io.BytesIO(sample["flac"]), dtype="int16")
    mesh = np.load(io.BytesIO(sample["mesh.npy"]), allow_pickle=False)
    return _Recorded(name=name, row=row, positions=lip_motion(mesh), samples=samples)


def _heard(recorded: list[_Recorded], encoder: SpeechEncoder) -> Iterator[TalkingClip]:
    voices = augmented_voices(
        [clip.samples for clip in recorded], [clip.speaker for clip in recorded], encoder, _VOICES_SEED
    )
    for clip, spoken in zip(recorded, voices, strict=True):
        yield TalkingClip(
            name=clip.name,
            speaker=clip.speaker,
            positions=clip.positions,
            columns=audio_columns(clip.samples),
            spoken=spoken,
            samples=clip.samples,
            lag_frames=clip.corrected_frames,
            licence=clip.row.get("licence") or "not given",
        )


def _samples(dataset: str) -> Iterator[dict[str, bytes]]:
    store, root = _opened(dataset)
    for shard in json.loads(store.cat_file(f"{root}/dataset.json"))["shards"]:
        if shard["split"] == _LEARNT_SPLIT:
            with store.open(f"{root}/{shard['path']}", "rb") as file:
                members = (member | {"__url__": shard["path"]} for member in tar_file_iterator(file))
                yield from group_by_keys(members, suffixes=_PARTS)


def _opened(dataset: str):
    store, root = fsspec.url_to_fs(dataset)
    if not store.exists(f"{root}/dataset.json"):
        raise UsageError(f"{dataset} holds no dataset.json: give the --output of a `talkshard build` that ended well")
    return store, root
