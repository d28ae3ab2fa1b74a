"""Counting faces with the detector of a recipe."""

import pickle

from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared
from transforms.faces.config import FacesConfig
from transforms.faces.face_counter import FaceCounter
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.video_choice import choose_video


def test_it_can_be_sent_to_another_process():
    pickle.loads(pickle.dumps(FaceCounter(FacesConfig())))


@needs_models
@needs_shared
def test_the_camera_is_chosen_before_colour_bars():
    path = str(shared("hard/footage/k21_slides_then_camera.mkv"))
    probe, _ = choose_video(path, LimitsConfig(), AudioConfig(), -1, FaceCounter(FacesConfig()))
    assert probe.video.index == 1 and [one.index for one in probe.video_streams] == [0, 1]


@needs_models
@needs_shared
def test_the_programme_with_a_face_is_chosen_with_its_audio():
    path = str(shared("hard/footage/k26_two_programmes.ts"))
    probe, _ = choose_video(path, LimitsConfig(), AudioConfig(), -1, FaceCounter(FacesConfig()))
    assert (probe.video.index, probe.used_audio.index) == (1, 2)
