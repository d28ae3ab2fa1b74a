"""Speech features: Moonshine's speech encoder (Jeffries et al. 2024, MIT), which the sync network is conditioned on.

The recogniser was trained on the speech of very many people, the sync network on that of few.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from transforms.media.models import model_path, model_sha256
from transforms.media.onnx_runtime import onnx_session

MODEL = "speech_encoder"
NUM_FEATURES = 288
FEATURES_PER_FRAME = 2
_HOP_SAMPLES = 384
_FIRST_MIDDLE = 447  # centre of the first step's receptive field: half of 127 samples, 7 steps of 64, 3 steps of 192
_MIN_SAMPLES = 2048  # three steps
_BLOCK_FRAMES = 75
_CONTEXT_FRAMES = 12  # encoded beyond each end of a block, so that its ends are encoded like its middle
_FULL_SCALE = 32768.0


class SpeechEncoder:
    """Moonshine tiny's encoder (English) through ONNX Runtime, on segments of four seconds.

    With segments of one length, a moment has nearly the same features in a long window as in a short one.
    """

    def __init__(self) -> None:
        """Load the downloaded model; UsageError where it is missing."""
        self.sha256 = model_sha256(MODEL)
        self._network = onnx_session(model_path(MODEL))

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Features float32 (2 S, 288) of int16 samples (640 S,) at 16 kHz: 50 per second, i centred on 320 i + 160.

        A frame's features depend on the four seconds around it at most.
        """
        return np.concatenate([np.zeros((0, NUM_FEATURES), np.float32), *self.encode_stream([samples])])

    def encode_stream(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The features of samples that arrive in chunks, three seconds at a time and in bounded memory; see encode."""
        held, first, start = np.zeros(0, np.int16), 0, 0  # samples from frame `first` on, and the next frame to encode
        for chunk in chunks:
            held = np.concatenate([held, chunk])
            while len(held) >= (start - first + _BLOCK_FRAMES + _CONTEXT_FRAMES) * SAMPLES_PER_FRAME:
                yield self._block(held, start - first, start - first + _BLOCK_FRAMES)
                start += _BLOCK_FRAMES
                past = max(0, start - first - _CONTEXT_FRAMES)
                held, first = held[past * SAMPLES_PER_FRAME :], first + past
        num_held = len(held) // SAMPLES_PER_FRAME
        for begin in range(start - first, num_held, _BLOCK_FRAMES):
            yield self._block(held, begin, min(begin + _BLOCK_FRAMES, num_held))

    def _block(self, samples: np.ndarray, start_frame: int, end_frame: int) -> np.ndarray:
        """Features of frames start_frame..end_frame of the samples, encoded with context on both sides."""
        first = max(0, start_frame - _CONTEXT_FRAMES)
        context = samples[first * SAMPLES_PER_FRAME : (end_frame + _CONTEXT_FRAMES) * SAMPLES_PER_FRAME]
        context = context[: (_BLOCK_FRAMES + 2 * _CONTEXT_FRAMES) * SAMPLES_PER_FRAME]
        return _at_frames(self._steps(context), end_frame - start_frame, (start_frame - first) * SAMPLES_PER_FRAME)

    def _steps(self, samples: np.ndarray) -> np.ndarray:
        """The network's own steps, float32 (N, 288), one every 384 samples."""
        values = np.pad(samples, (0, max(0, _MIN_SAMPLES - len(samples)))).astype(np.float32)[None] / _FULL_SCALE
        mask = np.ones(values.shape, np.int64)
        return self._network.run(None, {"input_values": values, "attention_mask": mask})[0][0]


def _at_frames(steps: np.ndarray, num_frames: int, start_sample: int) -> np.ndarray:
    """Steps (N, 288) resampled to 50 per second, linearly, with the ends repeated: float32 (2 num_frames, 288)."""
    hop = SAMPLES_PER_FRAME / FEATURES_PER_FRAME
    middles = start_sample + (np.arange(FEATURES_PER_FRAME * num_frames) + 0.5) * hop
    places = np.clip((middles - _FIRST_MIDDLE) / _HOP_SAMPLES, 0, len(steps) - 1)
    before = np.minimum(places.astype(int), max(0, len(steps) - 2))
    share = (places - before)[:, None].astype(np.float32)
    return (1 - share) * steps[before] + share * steps[np.minimum(before + 1, len(steps) - 1)]
