"""Speech, voices and overlap by a pyannote segmentation model. Imports torch, so it is imported only when chosen."""

from collections.abc import Iterable

import numpy as np
import torch

from schemas.clock import SAMPLE_RATE_HZ
from schemas.records import SpeechTurn
from transforms.prepare.pyannote_checkpoint import duration_s, load_segmentation, sliding_inference, sliding_scores
from transforms.prepare.speech_spans import SpeechThresholds
from transforms.prepare.voices import stitch_voices, voice_turns

_STEP_S = 1.0


class PyannoteSpeech:
    """A segmentation model slid over the audio in steps of a second; see SpeechModel."""

    def __init__(self, model_name: str, thresholds: SpeechThresholds) -> None:
        """Load a file, a folder or a hub id; UsageError where it cannot be loaded."""
        torch.set_num_threads(1)
        self._thresholds = thresholds
        model, sha256 = load_segmentation(model_name)
        self._duration_s = duration_s(model)
        self._inference = sliding_inference(model, _STEP_S)
        self.name = f"pyannote {type(model).__name__} {sha256[:16]}"

    def find_speech(self, blocks: Iterable[np.ndarray]) -> tuple[SpeechTurn, ...]:
        """Turns with voices, cut where the voice changes and where overlap begins or ends.

        Holds the audio in memory.
        """
        audio = np.concatenate([*blocks, np.zeros(0, np.int16)])
        if not audio.any():
            return ()
        waveform = torch.from_numpy(audio.astype(np.float32) / 32768)[None]
        scores = np.nan_to_num(sliding_scores(self._inference, waveform))
        frame_s = self._duration_s / scores.shape[1]
        voices = stitch_voices(scores, _STEP_S / frame_s, self._thresholds.onset)
        return voice_turns(
            voices, frame_s, lambda frame: min(round(frame * frame_s * SAMPLE_RATE_HZ), len(audio)), self._thresholds
        )
