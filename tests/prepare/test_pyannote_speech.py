import os
import pickle

import numpy as np
import pytest

from schemas.errors import UsageError
from tests.shared_data import needs_shared, shared
from transforms.media.models import model_path
from transforms.prepare.config import SpeechConfig
from transforms.prepare.speech_models import load_speech_model

pytest.importorskip("pyannote.audio", reason="the extra pyannote is not installed")
try:
    CHECKPOINT = model_path("pyannote_segmentation")
except UsageError:
    CHECKPOINT = ""
needs_checkpoint = pytest.mark.skipif(
    not os.path.isfile(CHECKPOINT), reason="talkshard models install pyannote_segmentation"
)


class Marker:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_missing_file_is_one_line_with_the_cure(tmp_path):
    with pytest.raises(UsageError, match=r"no file .*give a pytorch_model\.bin, a folder with one, or a hub id"):
        load_speech_model(SpeechConfig(model=f"pyannote:{tmp_path}/none.bin"))


def test_a_checkpoint_that_runs_code_is_refused_unrun(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(pickle.dumps({"state_dict": Marker(str(tmp_path / "ran"))}, protocol=2))
    with pytest.raises(UsageError, match="no pyannote segmentation checkpoint"):
        load_speech_model(SpeechConfig(model=f"pyannote:{tmp_path}"))
    assert not (tmp_path / "ran").exists()


def test_telemetry_is_off():
    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    import transforms.prepare.pyannote_speech  # noqa: F401

    assert not is_metrics_enabled()


@needs_shared
@needs_checkpoint
def test_two_voices_at_once_are_overlap_and_one_voice_is_not():
    from tests.prepare.test_speech import audio_of

    model = load_speech_model(SpeechConfig(model=f"pyannote:{CHECKPOINT}"))
    both = model.find_speech([audio_of("hard/known_speaker/two_both_speak.mp4")])
    one = model.find_speech([audio_of("hard/known_speaker/two_left_speaks.mp4")])
    assert sum(turn.end_sample - turn.start_sample for turn in both if turn.overlapped) > 16_000
    assert one and not any(turn.overlapped for turn in one)
    assert model.find_speech([np.zeros(32_000, np.int16)]) == ()
    assert model.name == "pyannote PyanNet 0b5b3216d60a2d32"
    assert shared("hard").is_dir()
