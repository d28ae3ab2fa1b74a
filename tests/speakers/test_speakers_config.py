import pytest

from transforms.speakers.config import SpeakersConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_probability": 0.05}, "unsure_probability <= speakers.min_probability"),
        ({"min_probability": 1.2}, "min_probability <= 1"),
        ({"unsure_probability": -0.1}, "0 <= speakers.unsure_probability"),
        ({"min_shift_frames": -1.0}, "min_shift_frames must be 0 or more"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SpeakersConfig(**settings)
