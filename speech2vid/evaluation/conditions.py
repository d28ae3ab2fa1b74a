"""What is held against a clip's true faces: what the generator makes, and what needs no generator."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.evaluation.judged_clips import JudgedClip
from speech2vid.generation.talking_faces import to_bytes
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.reader.audio_features import ClipAudioFeatures, windows_of

MADE, WRONG_AUDIO, STILL, MEAN_STILLS, MEAN_FACE, OWN_MEAN, OTHER_CLIP, REAL = SHOWN = (
    "generated",
    "generated from a wrong sound",
    "a still image",
    "mean of the stills",
    "mean face of other people",
    "the clip's own mean face",
    "another clip of the same speaker",
    "real video",
)
"""Kinds of conditions, in the order of the tables."""
_BATCH = 25


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A generator as it is to be judged."""

    network: GeneratorFile
    gain: float = 1.0
    deblurring: DeblurringFile | None = None

    @functools.cached_property
    def _listener(self) -> ClipAudioFeatures:
        return ClipAudioFeatures(self.network.shape.audio)

    def faces(self, clip: JudgedClip, audio: JudgedClip) -> np.ndarray:
        """Faces RGB uint8 (<= K, S, S, 3) of a clip's stills that say a clip's audio."""
        shape = self.network.shape
        columns = self._listener.columns(audio.clip)
        windows = windows_of(columns, audio.frames[: len(clip.frames)], shape.audio, shape.target_offset)[:, 0]
        stills = sized(clip.stills(), shape.still_px)
        faces = np.concatenate(
            [self.network.faces(windows[start : start + _BATCH], stills) for start in range(0, len(windows), _BATCH)]
        )
        if self.gain != 1:
            mean = faces.mean(0)
            faces = mean + self.gain * (faces - mean)
        return to_bytes(faces if self.deblurring is None else self.deblurring.sharpen(faces.astype(np.float32)))


def conditions(
    maker: Maker, clip: JudgedClip, others: Sequence[JudgedClip], mean_faces: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Kind -> faces RGB uint8 (<= K, S, S, 3); a kind that there is nothing for is left out.

    mean_faces: mean still of each speaker, float (image_px, image_px, 3).
    """
    made, stills, true = maker.faces(clip, clip), clip.stills(), clip.faces()
    side_px, num_frames = made.shape[1], len(clip.frames)
    wrong, same = wrong_audio(clip, others), other_clip(clip, others)
    other_means = [face for speaker, face in mean_faces.items() if speaker != clip.speaker]
    shown = {
        MADE: made,
        WRONG_AUDIO: None if wrong is None else maker.faces(clip, wrong),
        STILL: _still(stills[0], num_frames),
        MEAN_STILLS: _still(stills.mean(0), num_frames),
        MEAN_FACE: _still(np.mean(other_means, 0), num_frames) if other_means else None,
        OWN_MEAN: _still(true.mean(0), num_frames),
        OTHER_CLIP: None if same is None else same.faces()[:num_frames],
        REAL: true,
    }
    return {kind: sized(faces, side_px) for kind, faces in shown.items() if faces is not None}


def wrong_audio(clip: JudgedClip, others: Sequence[JudgedClip]) -> JudgedClip | None:
    """Another person's clip, the next one that is long enough, else the longest; None: there is one person."""
    after = [other for other in others if other.key > clip.key] + [other for other in others if other.key < clip.key]
    strange = [other for other in after if other.speaker != clip.speaker]
    enough = [other for other in strange if len(other.frames) >= len(clip.frames)]
    return enough[0] if enough else max(strange, key=lambda other: len(other.frames), default=None)


def other_clip(clip: JudgedClip, others: Sequence[JudgedClip]) -> JudgedClip | None:
    """Another clip of the same person, the longest."""
    same = [other for other in others if other.speaker == clip.speaker and other.key != clip.key]
    return max(same, key=lambda other: (len(other.frames), other.key), default=None)


def mean_stills(clips: Sequence[JudgedClip]) -> dict[str, np.ndarray]:
    """Speaker -> mean of the stills of the speaker's clips."""
    speakers = sorted({clip.speaker for clip in clips})
    return {
        speaker: np.mean([clip.stills().mean(0) for clip in clips if clip.speaker == speaker], 0)
        for speaker in speakers
    }


def sized(faces_rgb: np.ndarray, side_px: int) -> np.ndarray:
    """Faces (N, S, S, 3) at another side, as the generator's targets are resized in training."""
    if faces_rgb.shape[1] == side_px:
        return faces_rgb
    return np.stack([cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_LINEAR) for face in faces_rgb])


def _still(face: np.ndarray, num_frames: int) -> np.ndarray:
    return np.broadcast_to(np.round(face).astype(np.uint8), (num_frames, *face.shape))
