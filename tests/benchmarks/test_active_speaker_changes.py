import os

import numpy as np
import pytest

from benchmarks.active_speaker.audio_changes import handed_over, reversed_audio, speech_shaped, white, with_noise
from benchmarks.active_speaker.image_changes import CHANGES, Rewriting, changes_of, write_images
from benchmarks.active_speaker.segments import Segment, SegmentAudio, held_still, own_audio
from schemas.clock import SAMPLES_PER_FRAME
from tests.benchmarks.made_people import made_people
from tests.made_media import frame_image, number_of
from tests.speakers.made_windows import made_track, tube_of_events
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media


def audio_of(values):
    return SegmentAudio(
        samples=np.repeat(values, SAMPLES_PER_FRAME).astype(np.int16), counts=np.ones(len(values), bool)
    )


@pytest.mark.parametrize("rate", [15, 24, 25, 30, 60])
def test_a_rewritten_file_shows_each_image_at_its_time(tmp_path, rate):
    path = tmp_path / "rewritten.mp4"
    write_images(path, (frame_image(number) for number in range(50)), Rewriting(rate=rate, crf=4))
    probe, timeline = probe_media(os.fspath(path), LimitsConfig(), AudioConfig())
    count = len(timeline.presentation_ticks)
    assert count == 2 * rate and probe.video.average_rate == rate
    with FrameReader(os.fspath(path), probe, timeline) as reader:
        shown = [number_of(image) for _, image in reader.frames(np.arange(count))]
    assert shown == [number * 25 // rate for number in range(count)]


def test_changes_change_nothing_but_what_they_are_named_after():
    track = made_track(
        0, 0, 10, face_source_px=40.0, boxes_xyxy=((60.0, 20.0, 100.0, 60.0),) * 10, box_xyxy=(60.0, 20.0, 100.0, 60.0)
    )
    image = frame_image(5)
    changed = {name: change(image, track) for name, change in changes_of(track).items()}
    assert np.array_equal(changed["mirrored"][:, ::-1], image)
    assert changed["brighter"].mean() > image.mean() > changed["darker"].mean()
    assert changed["scaled to 0.75"].shape == (72, 120, 3)
    assert changed["cropped"].shape == (84, 88, 3)
    assert changed["turned by 10 degrees"].shape == image.shape
    assert not np.array_equal(changed["JPEG quality 20"], image)
    assert set(changed) == {*CHANGES, "face of 40 px"}  # no face is enlarged


def test_noise_has_the_requested_ratio_to_the_speech():
    audio, rng = audio_of(np.full(100, 1000)), np.random.default_rng(0)
    noise = white(len(audio.samples), rng)
    added = with_noise(audio, noise, 20).samples.astype(float) - audio.samples
    assert 20 * np.log10(1000 / added.std()) == pytest.approx(20, abs=0.1)


def test_speech_shaped_noise_has_the_spectrum_of_the_speech(tmp_path):
    [face, _] = made_people(tmp_path, num_people=1)
    noise = speech_shaped(face, 64_000, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(noise))
    assert (noise**2).mean() == pytest.approx(1)
    assert spectrum[:1000].mean() > 20 * spectrum[-1000:].mean()  # the made audio is nearly a constant


def test_reversed_audio_keeps_its_speech_with_its_samples():
    audio = SegmentAudio(samples=np.arange(1280, dtype=np.int16), counts=np.array([True, False]))
    turned = reversed_audio(audio)
    assert turned.samples[0] == 1279 and turned.counts.tolist() == [False, True]


def test_a_handover_takes_the_first_audio_before_and_the_second_after():
    mixed = handed_over(audio_of([1] * 60), audio_of([2] * 60), 5, 25)
    middles = mixed.samples[SAMPLES_PER_FRAME // 2 :: SAMPLES_PER_FRAME]
    assert middles.tolist() == [1] * 30 + [2] * 30


def test_audio_shifted_late_is_late_and_does_not_count_where_there_is_none(tmp_path):
    [face, _] = made_people(tmp_path, num_people=1)
    segment = Segment(face=face, start_frame=0, end_frame=50)
    still, late = own_audio(segment), own_audio(segment, 10)
    assert late.samples[35 * SAMPLES_PER_FRAME] == still.samples[25 * SAMPLES_PER_FRAME] == 1
    assert still.counts.tolist() == [False] * 25 + [True] * 75
    assert late.counts.tolist() == [False] * 35 + [True] * 65


def test_a_photograph_repeats_one_frame():
    still = held_still(tube_of_events(np.arange(10)), 3, 4)
    assert still.mesh[:, 0, 0].tolist() == [3] * 4
