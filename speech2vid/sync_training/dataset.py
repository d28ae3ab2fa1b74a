"""The sync network's training data: mesh and audio of the train split of a dataset that `talkshard build` made."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.errors import UsageError
from schemas.stored.clip import Clip
from schemas.stored.clip import read_clips as read_stored_clips
from schemas.stored.clip_index import find_clips
from speech2vid.sync_training.augment_voice import augmented_voices
from speech2vid.sync_training.clips import TalkingClip, no_speech_features, source_name, without_lag
from transforms.speakers.lip_motion import lip_motion
from transforms.speakers.speech_encoder import SpeechEncoder
from transforms.speakers.sync_network import audio_columns, sync_speech_encoder

_SPLIT = "train"
_VOICES_SEED = 0  # the same augmented voices for every seed of training


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Recording:
    """What is used of a stored clip of T frames."""

    name: str  # the source's file name
    row: dict
    positions: np.ndarray  # float32 (T, 192)
    samples: np.ndarray  # int16 (640 T,)

    @property
    def speaker(self) -> str:
        """The speaker; without a name, each source counts as a speaker of its own."""
        return self.row["speaker"] or self.name

    @property
    def corrected_frames(self) -> float:
        """How much of the audio's lag the build corrected."""
        return self.row["audio_shift_samples"] / SAMPLES_PER_FRAME


def read_clips(
    dataset: str, lags: dict[str, float | None], where: str | None = None, *, log_mel_only: bool = False
) -> list[TalkingClip]:
    """Clips of the train split, in the shards' order, corrected by the part of their lag that the build left.

    lags: frames by file name of the source, None to drop it. where: a DuckDB condition on the clips table.
    log_mel_only: without speech features. UsageError: a lag of a source that no clip of the split came from, and see
    find_clips.
    """
    _check_lags(dataset, lags)
    recordings = []
    for clip in read_stored_clips(dataset, _SPLIT, where):
        name = source_name(clip.row["source_uri"])
        if lags.get(name, 0.0) is not None:
            recordings.append(_recording(name, clip))
    voices = _no_voices(recordings) if log_mel_only else _voices(recordings, sync_speech_encoder())
    talking = _talking_clips(recordings, voices)
    return [without_lag(clip, _lag_of(clip, lags) - clip.lag_frames) for clip in talking]


def _check_lags(dataset: str, lags: dict[str, float | None]) -> None:
    """UsageError: a source that has a lag gave no clip of the train split."""
    uris = find_clips(dataset, _SPLIT).places["source_uri"].to_pylist() if lags else []
    known = {source_name(uri) for uri in uris}
    unknown = sorted(name for name in set(lags) - known if lags[name] is not None)
    if unknown:
        raise UsageError(
            f"the lags name {unknown[0]!r}, which no clip of the train split of {dataset} came from: remove its line"
        )


def _lag_of(clip: TalkingClip, lags: dict[str, float | None]) -> float:
    """The measured lag of a clip's source, frames; without one, the lag that the build corrected."""
    lag = lags.get(clip.name)
    return clip.lag_frames if lag is None else lag


def _recording(name: str, clip: Clip) -> _Recording:
    return _Recording(name=name, row=clip.row, positions=lip_motion(clip.mesh), samples=clip.samples)


def _voices(recordings: list[_Recording], encoder: SpeechEncoder) -> list[np.ndarray]:
    speakers = [clip.speaker for clip in recordings]
    return augmented_voices([clip.samples for clip in recordings], speakers, encoder, _VOICES_SEED)


def _no_voices(recordings: list[_Recording]) -> list[np.ndarray]:
    return [no_speech_features(len(clip.positions))[None].astype(np.float16) for clip in recordings]


def _talking_clips(recordings: list[_Recording], voices: list[np.ndarray]) -> Iterator[TalkingClip]:
    for clip, spoken in zip(recordings, voices, strict=True):
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
