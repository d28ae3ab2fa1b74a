"""A window's audio as a sync network embeds it."""

from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.records import WindowFaces
from transforms.media.speech_mask import speech_mask
from transforms.speakers.sync_network import SyncNetwork

AUDIO_MARGIN_FRAMES = FRAME_RATE
"""Audio beyond each edge of a window that is embedded with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioEmbedding:
    """A window's audio in the space of a sync network, with a margin on both sides: embedded once for all its faces."""

    start_frame: int  # timeline frame of the first vector; negative at the source's beginning
    vectors: np.ndarray  # float32 (S, D)
    speech: np.ndarray  # bool (S,): frames of the source with speech


def embed_window_audio(faces: WindowFaces, audio: np.ndarray, network: SyncNetwork) -> AudioEmbedding:
    """Embed int16 samples from AUDIO_MARGIN_FRAMES before the window's first frame to as much after its last."""
    window, num_frames = faces.window, len(audio) // SAMPLES_PER_FRAME
    first = window.start_frame - AUDIO_MARGIN_FRAMES
    frames = np.arange(first, first + num_frames)
    speech = speech_mask(window.video.speech, first, first + num_frames)
    speech &= (frames >= 0) & (frames < window.video.num_frames)
    vectors = network.embed_audio(audio[: num_frames * SAMPLES_PER_FRAME])
    return AudioEmbedding(start_frame=first, vectors=vectors, speech=speech)
