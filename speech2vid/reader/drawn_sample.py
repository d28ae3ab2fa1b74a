"""One sample from a clip: audio windows and target faces of some frames, and stills of the same person from others.

Shapes: B clips, K targets, N stills, S image_px.
"""

from dataclasses import dataclass

import numpy as np

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import Clip
from speech2vid.reader.audio_features import (
    AudioFeatures,
    ClipAudioFeatures,
    features_named,
    frames_with_window,
    windows_of,
)
from transforms.media.canonical import mouth_opening
from transforms.speakers.lip_motion import MIRRORED, POINTS, lip_motion

_OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409)
_INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415)
_LIPS = np.isin(POINTS, _OUTER_LIPS + _INNER_LIPS)
_MIRRORED_LIPS = np.searchsorted(np.flatnonzero(_LIPS), MIRRORED[_LIPS])
NUM_LIP_VALUES = 1 + 3 * int(_LIPS.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSettings:
    """What is drawn from each clip."""

    num_identity: int = 5  # stills; 1 or 5 in the paper
    targets_per_clip: int = 4  # frames to generate; they share one set of stills, which the difference loss needs
    audio_features: str = "mfcc"  # or "speech": what the generator is conditioned on, see AudioFeatures
    target_column_offset: int | None = (
        None  # the window's column at which the target frame begins; None: that of audio_features
    )
    target_every_frames: int = 5  # targets of one clip lie on a grid of this step, with a random start
    identity_gap_frames: int = 5  # least distance of stills from all targets, where the clip is long enough
    shuffle_clips: int = 4096  # each clip moves less than this from its place among the shuffled shards
    balance: float = 1.0  # a person is drawn as (number of clips)^balance: 1 as in the dataset, 0 all people alike
    one_still_share: float = 0.0  # of the samples, in which all stills are the same one

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        for name in ("num_identity", "targets_per_clip", "target_every_frames"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("balance", "one_still_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} must be in 0..1, not {getattr(self, name)}")
        if not 0 <= self.target_offset < self.features.window_columns:
            raise UsageError(
                f"target_column_offset must be 0 to {self.features.window_columns - 1} columns, not "
                f"{self.target_column_offset}"
            )

    @property
    def features(self) -> AudioFeatures:
        """The audio features of a sample."""
        return features_named(self.audio_features)

    @property
    def target_offset(self) -> int:
        """The window's column at which the target frame begins."""
        return self.features.target_offset if self.target_column_offset is None else self.target_column_offset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnSamples:
    """Audio windows, target faces and stills of B clips."""

    audio: np.ndarray  # float32 (B, K, 1, C, W): of MFCC (B, K, 1, 12, 35)
    target: np.ndarray  # uint8 (B, K, S, S, 3), RGB
    identity: np.ndarray  # uint8 (B, N, S, S, 3), RGB
    mesh: np.ndarray  # int16 (B, K, 468, 3), of the targets
    frame: np.ndarray  # int64 (B, K), the targets' frames
    identity_frame: np.ndarray  # int64 (B, N)

    @staticmethod
    def empty(num_clips: int, image_px: int, settings: SampleSettings) -> "DrawnSamples":
        """Uninitialised arrays for so many clips; each face is decoded straight into them."""
        targets, stills = (num_clips, settings.targets_per_clip), (num_clips, settings.num_identity)
        return DrawnSamples(
            audio=np.empty((*targets, 1, settings.features.num_channels, settings.features.window_columns), np.float32),
            target=np.empty((*targets, image_px, image_px, 3), np.uint8),
            frame=np.empty(targets, np.int64),
            identity=np.empty((*stills, image_px, image_px, 3), np.uint8),
            identity_frame=np.empty(stills, np.int64),
            mesh=np.empty((*targets, 468, 3), np.int16),
        )


def draw_frames(
    num_frames: int, settings: SampleSettings, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the targets, int64 (K,), and of the stills, int64 (N,); both (0,) for a clip without a whole window."""
    targets = draw_targets(num_frames, settings, random)
    return targets, draw_stills(num_frames, targets, settings, random) if len(targets) else targets


def decode_sample(
    clip: Clip,
    frames: tuple[np.ndarray, np.ndarray],
    settings: SampleSettings,
    clip_features: ClipAudioFeatures,
    samples: DrawnSamples,
    slot: int,
) -> None:
    """Decode the drawn frames of a clip, and only those, into one slot of a batch.

    IntegrityError: no frame was drawn, or a part that is needed is damaged; the slot may be half filled.
    """
    targets, stills = frames
    if not len(targets):
        raise IntegrityError(
            f"clip {clip.key} in {clip.shard}: its {clip.num_frames} frames are too few for a window "
            f"of {settings.features.window_columns} columns"
        )
    samples.frame[slot], samples.identity_frame[slot], samples.mesh[slot] = targets, stills, clip.mesh[targets]
    samples.audio[slot] = windows_of(clip_features.columns(clip), targets, settings.features, settings.target_offset)
    if not np.isfinite(samples.audio[slot]).all():
        raise IntegrityError(
            f"clip {clip.key} in {clip.shard}: its {settings.audio_features} features hold values that are not finite"
        )
    for faces, drawn in ((samples.target[slot], targets), (samples.identity[slot], stills)):
        for number, frame in enumerate(drawn.tolist()):
            faces[number] = clip.face(frame)


def draw_targets(num_frames: int, settings: SampleSettings, random: np.random.Generator) -> np.ndarray:
    """Frames with a whole audio window, int64 (K,), distinct where the clip has enough; (0,) where it has none."""
    fitting = frames_with_window(num_frames, settings.features, settings.target_offset)
    if not len(fitting):
        return fitting
    spaced = fitting[random.integers(min(settings.target_every_frames, len(fitting))) :: settings.target_every_frames]
    chosen = spaced if len(spaced) >= settings.targets_per_clip else fitting
    return np.resize(random.permutation(chosen), settings.targets_per_clip)


def draw_stills(
    num_frames: int, targets: np.ndarray, settings: SampleSettings, random: np.random.Generator
) -> np.ndarray:
    """Frames of a clip away from its targets, int64 (N,); in a short clip, those farthest from them.

    In one_still_share of all cases they are one frame, N times.
    """
    if settings.one_still_share and random.random() < settings.one_still_share:
        return np.resize(_distinct_stills(num_frames, targets, settings, random)[:1], settings.num_identity)
    return _distinct_stills(num_frames, targets, settings, random)


def _distinct_stills(
    num_frames: int, targets: np.ndarray, settings: SampleSettings, random: np.random.Generator
) -> np.ndarray:
    distance = np.abs(np.arange(num_frames)[:, None] - targets).min(1)
    away = np.flatnonzero(distance >= max(settings.identity_gap_frames, 1))
    if len(away) >= settings.num_identity:
        return random.permutation(away)[: settings.num_identity]
    farthest = np.argsort(-distance - random.uniform(0, 0.5, num_frames))[: settings.num_identity]
    return np.resize(farthest, settings.num_identity)


def mirrored_lips(lips: np.ndarray) -> np.ndarray:
    """Lip shapes (K, 121) of the same faces seen in a mirror."""
    points = lips[:, 1:].reshape(len(lips), -1, 3)[:, _MIRRORED_LIPS] * np.array([-1, 1, 1], np.float32)
    return np.column_stack([lips[:, :1], points.reshape(len(lips), -1)])


def lip_shape(mesh: np.ndarray) -> np.ndarray:
    """Mouth opening over eye distance, then x, y, z of 40 lip points, without the motion of the head.

    mesh: (K, 468, 3). Returns float32 (K, 121); the points are in the coordinates of the mean face.
    """
    lips = lip_motion(mesh).reshape(len(mesh), len(POINTS), 3)[:, _LIPS]
    return np.column_stack([mouth_opening(mesh), lips.reshape(len(mesh), -1)]).astype(np.float32)
