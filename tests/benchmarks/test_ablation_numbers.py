import cv2
import numpy as np
import pytest

pytest.importorskip("skimage", reason="the demo extra is not installed")
from benchmarks.ablations.numbers import NUMBERS, numbers_of, sharpness_of
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import GENERATED, REAL, WRONG_AUDIO
from speech2vid.evaluation.measures import all_measures

MEASURES = [
    {"name": "opening correlation", "condition": GENERATED, "value": 0.4},
    {"name": "opening correlation", "condition": WRONG_AUDIO, "value": 0.1},
    {"name": "opening correlation", "condition": REAL, "value": 1.0},
    {"name": "MSE", "condition": GENERATED, "value": 300.0},
]


class Clip:
    """The part of a clip that sharpness uses: faces of noise, the same at any frame."""

    def __init__(self, stored=None, frames=None, still_frames=None):
        self.stored, self.frames, self.still_frames = stored, np.arange(10) if frames is None else frames, still_frames

    def faces(self):
        return np.random.default_rng(0).integers(0, 256, (len(self.frames), 112, 112, 3), dtype=np.uint8)


class Blurring:
    def faces(self, clip, audio):
        return np.stack([cv2.GaussianBlur(face, (5, 5), 2) for face in clip.faces()])


class Copying:
    def faces(self, clip, audio):
        return clip.faces()


@pytest.fixture
def made_clips(monkeypatch):
    monkeypatch.setattr("benchmarks.ablations.numbers.EvaluationClip", Clip)
    return [Clip(), Clip()]


def test_right_and_wrong_audio_are_two_numbers_of_one_measure():
    found = numbers_of(MEASURES)
    assert (found["opening r"], found["opening r, wrong audio"], found["MSE"]) == (0.4, 0.1, 300)
    assert found["top-1"] is None


def test_a_condition_without_a_generator_has_no_wrong_audio():
    found = numbers_of(MEASURES, REAL)
    assert (found["opening r"], found["opening r, wrong audio"]) == (1, None)


def test_every_number_is_measured_by_the_evaluation():
    score = ClipScore(
        key="a",
        speaker="ann",
        condition=GENERATED,
        num_frames=50,
        mse=1,
        mouth_mse=1,
        psnr_db=1,
        ssim=1,
        opening_correlation=1,
        opening_deviation_ratio=1,
        identity_distance=1,
        nearest_other_distance=2,
        audio_rank=1,
        num_candidates=2,
        sync_lag_frames=0,
    )
    names = {measure.name for measure in all_measures([score], None, 0)}
    assert {number.measure for number in NUMBERS.values() if number.measure} <= names


def test_blur_lowers_sharpness_and_real_faces_have_sharpness_one(made_clips):
    assert sharpness_of(Copying(), made_clips) == pytest.approx(1)
    assert sharpness_of(Blurring(), made_clips) < 0.3
