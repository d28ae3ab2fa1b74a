"""Which video stream of a file is used: of several, the one that shows faces."""

from collections.abc import Callable, Iterator

import numpy as np

from schemas.errors import MediaError
from schemas.media import MediaProbe, Timeline
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames_pyav import PyavFrames
from transforms.media.probe import probe_media

FaceCount = Callable[[np.ndarray], int]
"""How many faces an RGB uint8 (H, W, 3) image shows."""

_NUM_LOOKS = 8  # frames of each stream in which faces are detected
_MIN_KEY_FRAMES = 3  # with fewer, frames that are no key frames are looked at as well
_NEAR_FRAMES = 750  # at the begin, from which those are taken: reading them decodes all frames before
_STILL = 1.0  # mean difference of two images, grey levels, up to which they are the same
_KEPT_SHARE = 0.5  # of the most looks with faces in any stream, from which the default stream is kept


def choose_video(
    path: str, limits: LimitsConfig, audio: AudioConfig, video_index: int = -1, count_faces: FaceCount | None = None
) -> tuple[MediaProbe, Timeline | None]:
    """Probe one file by the video stream that shows faces, with the audio that belongs to it; see `probe_media`.

    Of several streams the default one is used if it shows faces in at least half as many frames as any other, else the
    one that shows them in most. Streams with audio of their own come first. An image that does not change shows no
    face: it is a slide. video_index: container index of the stream to use; -1: choose.
    """
    probe, timeline = probe_media(path, limits, audio, video_index)
    others = [one.index for one in probe.moving_video_streams if probe.video and one.index != probe.video.index]
    if video_index >= 0 or not others or count_faces is None or timeline is None:
        return probe, timeline
    found = [(probe, timeline), *_probed(path, limits, audio, others)]
    has_audio = [one for one in found if one[0].audio_index >= 0]
    looks = [(_looks_with_faces(path, *one, count_faces), one) for one in has_audio or found]
    most = max(count for count, _ in looks)
    if not most:
        return looks[0][1]
    return next(one for count, one in looks if count == most or (one[0] is probe and count >= _KEPT_SHARE * most))


def _probed(
    path: str, limits: LimitsConfig, audio: AudioConfig, indices: list[int]
) -> Iterator[tuple[MediaProbe, Timeline]]:
    """The file probed by each of some video streams; those that cannot be used are left out."""
    for index in indices:
        try:
            probe, timeline = probe_media(path, limits, audio, index)
        except MediaError:
            continue
        if timeline is not None:
            yield probe, timeline


def _looks_with_faces(path: str, probe: MediaProbe, timeline: Timeline, count_faces: FaceCount) -> int:
    """In how many of some frames there are faces, leaving out images that are like the one before."""
    frames = PyavFrames(path, probe.used_video, timeline)
    count, last = 0, None
    try:
        for image in (frames.read(int(frame)) for frame in _frames_to_look_at(timeline)):
            if image is None:
                continue
            is_new = last is None or _differ(last, image)
            count += is_new and count_faces(image) > 0
            last = image
    finally:
        frames.close()
    return count if count > 1 else 0  # a single one may be a slide with a portrait


def _frames_to_look_at(timeline: Timeline) -> np.ndarray:
    """Key frames spread over the file; where these are few, others near the begin as well."""
    num_frames = len(timeline.presentation_ticks)
    keys = np.flatnonzero(timeline.key_frames)
    spread = ((np.arange(_NUM_LOOKS) + 0.5) / _NUM_LOOKS * max(1, len(keys))).astype(int)
    chosen = keys[np.unique(spread)] if len(keys) else keys
    if len(chosen) < _MIN_KEY_FRAMES:
        near = np.linspace(0, min(num_frames, _NEAR_FRAMES) - 1, _NUM_LOOKS + 2)[1:-1].astype(int)
        chosen = np.union1d(chosen[chosen < _NEAR_FRAMES], near)
    return chosen


def _differ(first: np.ndarray, second: np.ndarray) -> bool:
    if first.shape != second.shape:
        return True
    return bool(np.abs(first[::4, ::4].astype(np.int16) - second[::4, ::4]).mean() > _STILL)
