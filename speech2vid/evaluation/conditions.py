"""The conditions that are compared on each clip: the generator, baselines without one, and real video."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.generation.talking_faces import to_bytes
from speech2vid.generator.file import DeblurringFile, GeneratorFile
from speech2vid.reader.audio_features import ClipAudioFeatures, windows_of

GENERATED, WRONG_AUDIO, STILL, MEAN_STILLS, MEAN_FACE, OWN_MEAN, OTHER_CLIP, REAL = CONDITIONS = (
    "generated",
    "generated from wrong audio",
    "a still image",
    "mean of the stills",
    "mean face of other people",
    "the clip's own mean face",
    "another clip of the same speaker",
    "real video",
)
"""Names of the conditions, in the order of the tables."""
_BATCH = 25


@dataclass(frozen=True, kw_only=True)
class FaceGenerator:
    """A generator with the gain and deblurring that it is evaluated with."""

    network: GeneratorFile
    gain: float = 1.0
    deblurring: DeblurringFile | None = None

    @functools.cached_property
    def _features(self) -> ClipAudioFeatures:
        return ClipAudioFeatures(self.network.shape.audio_features)

    def faces(self, clip: EvaluationClip, audio: EvaluationClip) -> np.ndarray:
        """Generate faces RGB uint8 (<= K, S, S, 3) from one clip's stills and another clip's audio."""
        shape = self.network.shape
        frames = audio.frames[: len(clip.frames)]
        columns = self._features.columns(audio.stored)
        windows = windows_of(columns, frames, shape.audio_features, shape.target_offset)[:, 0]
        stills = resized_faces(clip.stills(), shape.still_px)
        faces = np.concatenate(
            [self.network.faces(windows[start : start + _BATCH], stills) for start in range(0, len(windows), _BATCH)]
        )
        if self.gain != 1:
            mean = faces.mean(0)
            faces = mean + self.gain * (faces - mean)
        return to_bytes(faces if self.deblurring is None else self.deblurring.sharpen(faces.astype(np.float32)))


def faces_by_condition(
    generator: FaceGenerator, clip: EvaluationClip, clips: Sequence[EvaluationClip], mean_faces: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Faces RGB uint8 (<= K, S, S, 3) of one clip by condition, without conditions that have no material.

    clips: all clips; mean_faces: mean still of each speaker, float (image_px, image_px, 3).
    """
    generated, stills, true = generator.faces(clip, clip), clip.stills(), clip.faces()
    side_px, num_frames = generated.shape[1], len(clip.frames)
    wrong, same = wrong_audio(clip, clips), other_clip(clip, clips)
    other_means = [face for speaker, face in mean_faces.items() if speaker != clip.speaker]
    faces = {
        GENERATED: generated,
        WRONG_AUDIO: None if wrong is None else generator.faces(clip, wrong),
        STILL: _repeated(stills[0], num_frames),
        MEAN_STILLS: _repeated(stills.mean(0), num_frames),
        MEAN_FACE: _repeated(np.mean(other_means, 0), num_frames) if other_means else None,
        OWN_MEAN: _repeated(true.mean(0), num_frames),
        OTHER_CLIP: None if same is None else same.faces()[:num_frames],
        REAL: true,
    }
    return {condition: resized_faces(found, side_px) for condition, found in faces.items() if found is not None}


def wrong_audio(clip: EvaluationClip, clips: Sequence[EvaluationClip]) -> EvaluationClip | None:
    """The next clip of another person that is long enough, else the longest one; None without another person."""
    after = [other for other in clips if other.key > clip.key] + [other for other in clips if other.key < clip.key]
    of_others = [other for other in after if other.speaker != clip.speaker]
    long_enough = [other for other in of_others if len(other.frames) >= len(clip.frames)]
    return long_enough[0] if long_enough else max(of_others, key=lambda other: len(other.frames), default=None)


def other_clip(clip: EvaluationClip, clips: Sequence[EvaluationClip]) -> EvaluationClip | None:
    """The longest other clip of the same person; None without one."""
    same = [other for other in clips if other.speaker == clip.speaker and other.key != clip.key]
    return max(same, key=lambda other: (len(other.frames), other.key), default=None)


def mean_stills(clips: Sequence[EvaluationClip]) -> dict[str, np.ndarray]:
    """Mean of the stills of each speaker's clips, by speaker."""
    speakers = sorted({clip.speaker for clip in clips})
    return {
        speaker: np.mean([clip.stills().mean(0) for clip in clips if clip.speaker == speaker], 0)
        for speaker in speakers
    }


def resized_faces(faces_rgb: np.ndarray, side_px: int) -> np.ndarray:
    """Resize faces (N, S, S, 3) as the generator's targets are resized in training."""
    if faces_rgb.shape[1] == side_px:
        return faces_rgb
    return np.stack([cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_LINEAR) for face in faces_rgb])


def _repeated(face: np.ndarray, num_frames: int) -> np.ndarray:
    return np.broadcast_to(np.round(face).astype(np.uint8), (num_frames, *face.shape))
