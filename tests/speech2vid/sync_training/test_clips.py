import dataclasses

import numpy as np
import pytest

from schemas.errors import UsageError
from speech2vid.sync_training.clips import TalkingClip, read_lags, source_name, speech_frames, without_lag


def counting_clip(num_frames: int = 50) -> TalkingClip:
    """Frame t has position t; column c has value c, and so has speech feature c, and 160 samples."""
    count = np.arange(4 * num_frames, dtype=np.float32)[:, None]
    return TalkingClip(
        name="a.mp4",
        speaker="a",
        positions=np.repeat(count[:num_frames], 192, 1),
        columns=np.repeat(count, 40, 1),
        spoken=np.repeat(count[: 2 * num_frames], 288, 1)[None],
        samples=np.repeat(count.astype(np.int16), 160),
    )


@pytest.mark.parametrize("lag", [-7, -1.25, -0.5, 0, 0.25, 3, 12])
def test_audio_that_was_late_by_the_lag_is_in_sync_afterwards(lag):
    clip = without_lag(counting_clip(), lag)
    np.testing.assert_array_equal(clip.columns[::4, 0], 4 * clip.positions[:, 0] + 4 * lag)
    assert len(clip) == 50 - np.ceil(abs(lag))
    np.testing.assert_allclose(clip.spoken[0, ::2, 0], 2 * clip.positions[:, 0] + 2 * lag, atol=0.1)
    np.testing.assert_array_equal(clip.samples, np.repeat(clip.columns[:, 0], 160))


def test_a_clip_shorter_than_its_lag_has_nothing_left():
    assert len(without_lag(counting_clip(5), 9)) == 0


@pytest.mark.parametrize(
    "short", [{"columns": np.zeros((19, 40))}, {"spoken": np.zeros((1, 9, 288))}, {"samples": np.zeros(3199, np.int16)}]
)
def test_face_and_audio_of_unequal_length_are_refused(short):
    with pytest.raises(ValueError, match=r"a\.mp4"):
        dataclasses.replace(counting_clip(5), **short)


def test_pauses_are_not_speech_but_the_edges_of_speech_are():
    columns = np.zeros((400, 40), np.float32)
    columns[160:240] = 10.0
    speech = speech_frames(columns)
    assert speech[37:63].all() and not speech[:37].any() and not speech[63:].any()


def test_digital_silence_is_not_speech():
    assert not speech_frames(np.zeros((400, 40), np.float32)).any()


def test_lags_are_read_with_their_comments_and_drops(tmp_path):
    path = tmp_path / "lags.csv"
    path.write_text("# measured\nsource,lag_frames\na.mp4,-2\nb.mp4,0.5\nc.mp4,drop\n")
    assert read_lags(path) == {"a.mp4": -2.0, "b.mp4": 0.5, "c.mp4": None}


@pytest.mark.parametrize("text", ["source,lag\na,1\n", "source,lag_frames\na,soon\n", "source,lag_frames\na\n"])
def test_a_table_of_another_form_gets_one_line_that_names_it(tmp_path, text):
    path = tmp_path / "lags.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"lags\.csv must be CSV"):
        read_lags(path)


def test_a_missing_table_gets_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot read the lags"):
        read_lags(tmp_path / "none.csv")


def test_a_source_is_named_by_its_file_whatever_store_it_lies_in():
    assert source_name("gs://bucket/talks/a b.mp4") == "a b.mp4" == source_name("/data/talks/a b.mp4")
