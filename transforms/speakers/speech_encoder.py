"""Speech features: Moonshine's speech encoder (Jeffries et al. 2024, MIT), for the sync network and the generator.

The recogniser was trained on the speech of very many people, these networks on that of few. Its middle layers tell more
of the lips than the last, which is near to words, and cost half as much.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from transforms.media.models import model_path, model_sha256
from transforms.media.onnx_runtime import as_onnx, onnx_session, part_session

MODEL = "speech_encoder"
NUM_FEATURES = 288
"""Of one layer."""
FEATURES_PER_FRAME = 2
NUM_LAYERS = 6
_HOP_SAMPLES = 384
_FIRST_MIDDLE = 447  # centre of the first step's receptive field: half of 127 samples, 7 steps of 64, 3 steps of 192
_MIN_SAMPLES = 2048  # three steps
BLOCK_FRAMES = 75
_INPUTS = ["input_values", "attention_mask"]
_NORMALISED_INPUT = "/layers.{}/input_layernorm/LayerNormalization_output_0"  # of a layer: the outputs of those before
_CONTEXT_FRAMES = 12  # encoded beyond each end of a block, so that its ends are encoded like its middle
_FULL_SCALE = 32768.0


class SpeechEncoder:
    """Moonshine tiny's encoder (English) through ONNX Runtime, on blocks of one length.

    With blocks of one length, a moment has nearly the same features in a long window as in a short one.
    """

    def __init__(self, layers: tuple[int, ...] = (NUM_LAYERS,), block_frames: int = BLOCK_FRAMES) -> None:
        """Load the downloaded model; UsageError where it is missing.

        layers: whose features are taken, beside each other; the last one, 6, alone. All others are normalised as the
        next layer would. block_frames: how many frames are encoded at once, without their context.
        """
        self.sha256 = model_sha256(MODEL)
        self.num_features = NUM_FEATURES * len(layers)
        self._block_frames = block_frames
        if layers == (NUM_LAYERS,):
            self._network = onnx_session(model_path(MODEL))
        else:
            outputs = [_NORMALISED_INPUT.format(layer) for layer in layers]
            self._network = part_session(as_onnx(model_path(MODEL)), _INPUTS, *outputs)

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Features float32 (2 S, F) of int16 samples (640 S,) at 16 kHz: 50 per second, i centred on 320 i + 160.

        A frame's features depend on its block and the 12 frames on both sides of it.
        """
        return np.concatenate([np.zeros((0, self.num_features), np.float32), *self.encode_stream([samples])])

    def encode_stream(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The features of samples that arrive in chunks, a block at a time and in bounded memory; see encode."""
        held, first, start = np.zeros(0, np.int16), 0, 0  # samples from frame `first` on, and the next frame to encode
        for chunk in chunks:
            held = np.concatenate([held, chunk])
            while len(held) >= (start - first + self._block_frames + _CONTEXT_FRAMES) * SAMPLES_PER_FRAME:
                yield self._block(held, start - first, start - first + self._block_frames)
                start += self._block_frames
                past = max(0, start - first - _CONTEXT_FRAMES)
                held, first = held[past * SAMPLES_PER_FRAME :], first + past
        num_held = len(held) // SAMPLES_PER_FRAME
        for begin in range(start - first, num_held, self._block_frames):
            yield self._block(held, begin, min(begin + self._block_frames, num_held))

    def _block(self, samples: np.ndarray, start_frame: int, end_frame: int) -> np.ndarray:
        """Features of frames start_frame..end_frame of the samples, encoded with context on both sides."""
        first = max(0, start_frame - _CONTEXT_FRAMES)
        context = samples[first * SAMPLES_PER_FRAME : (end_frame + _CONTEXT_FRAMES) * SAMPLES_PER_FRAME]
        context = context[: (self._block_frames + 2 * _CONTEXT_FRAMES) * SAMPLES_PER_FRAME]
        return _at_frames(self._steps(context), end_frame - start_frame, (start_frame - first) * SAMPLES_PER_FRAME)

    def _steps(self, samples: np.ndarray) -> np.ndarray:
        """The network's own steps, float32 (N, F), one every 384 samples."""
        values = np.pad(samples, (0, max(0, _MIN_SAMPLES - len(samples)))).astype(np.float32)[None] / _FULL_SCALE
        mask = np.ones(values.shape, np.int64)
        found = self._network.run(None, dict(zip(_INPUTS, (values, mask), strict=True)))
        return np.concatenate([steps[0] for steps in found], axis=1)


def _at_frames(steps: np.ndarray, num_frames: int, start_sample: int) -> np.ndarray:
    """Steps (N, F) resampled to 50 per second, linearly, with the ends repeated: float32 (2 num_frames, F)."""
    hop = SAMPLES_PER_FRAME / FEATURES_PER_FRAME
    middles = start_sample + (np.arange(FEATURES_PER_FRAME * num_frames) + 0.5) * hop
    places = np.clip((middles - _FIRST_MIDDLE) / _HOP_SAMPLES, 0, len(steps) - 1)
    before = np.minimum(places.astype(int), max(0, len(steps) - 2))
    share = (places - before)[:, None].astype(np.float32)
    return (1 - share) * steps[before] + share * steps[np.minimum(before + 1, len(steps) - 1)]
