"""A window's audio as a sync network embeds it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import FaceTrack, WindowFaces
from transforms.media.speech_mask import speech_mask
from transforms.speakers.runs import runs_of
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import MAX_SHIFT, same_length

AUDIO_MARGIN_FRAMES = FRAME_RATE
"""Audio beyond each edge of a window that is embedded with it."""
_AROUND_FRAMES = 2 * FRAME_RATE  # embedded around speech, so that its ends are embedded like its middle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioEmbedding:
    """A window's audio in the space of a sync network, with a margin on both sides: embedded once for all its faces."""

    start_frame: int  # timeline frame of the first vector; negative at the source's beginning
    vectors: np.ndarray  # float32 (S, D); NaN where no face is compared with it, or the network gives none
    speech: np.ndarray  # bool (S,): frames of the source with speech


def embed_window_audio(
    faces: WindowFaces, tracks: Iterable[FaceTrack], audio: np.ndarray, network: SyncNetwork
) -> AudioEmbedding:
    """Embed the audio around the speech that some of the window's tracks are compared with.

    audio: int16, from AUDIO_MARGIN_FRAMES before the window's first frame to as much after its last.
    """
    window, num_frames = faces.window, len(audio) // SAMPLES_PER_FRAME
    first = window.start_frame - AUDIO_MARGIN_FRAMES
    frames = np.arange(first, first + num_frames)
    speech = speech_mask(window.video.speech, first, first + num_frames)
    speech &= (frames >= 0) & (frames < window.video.num_frames)
    compared = np.zeros(num_frames, bool)
    for track in tracks:
        compared[max(0, track.start_frame - MAX_SHIFT - first) : track.end_frame + MAX_SHIFT - first] = True
    spans = _spans_around(speech & compared)
    parts = [network.embed_audio(audio[begin * SAMPLES_PER_FRAME : end * SAMPLES_PER_FRAME]) for begin, end in spans]
    vectors = np.full((num_frames, parts[0].shape[1]), np.nan, np.float32)
    for (begin, end), part in zip(spans, parts, strict=True):
        vectors[begin:end] = part
    return AudioEmbedding(start_frame=first, vectors=vectors, speech=speech)


def _spans_around(frames: np.ndarray) -> list[tuple[int, int]]:
    """Spans of the frames within _AROUND_FRAMES of some of bool (S,), at least one; all frames for none."""
    if not frames.any():
        return [(0, len(frames))]
    return runs_of(same_length(frames.astype(np.float32), np.ones(2 * _AROUND_FRAMES + 1, np.float32)) > 0.5)
