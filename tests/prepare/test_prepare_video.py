import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from schemas.errors import NotMedia
from schemas.records import SpeechTurn
from tests.made_media import MadeAudio, click_times_s, make_plain_video, make_video
from tests.made_records import made_source
from tests.media.made_colours import Coding, make_patches
from transforms.media.config import AudioConfig, LimitsConfig, VideoConfig
from transforms.media.timeline_file import timeline_from_bytes
from transforms.prepare.prepare_video import DEFAULT_VIDEO, prepare_video


class FakeSpeech:
    """Takes every sample; finds the spans it was given."""

    name = "fake 00"

    def __init__(self, *spans):
        self._spans = spans
        self.num_samples = 0

    def find_speech(self, blocks):
        self.num_samples = sum(len(block) for block in blocks)
        return tuple(
            SpeechTurn(start_sample=start, end_sample=end, voice="", overlapped=False) for start, end in self._spans
        )


def prepared(path, tmp_path, speech, video=DEFAULT_VIDEO):
    folder = tmp_path / "staging"

    def publish(name, local_path):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(local_path, folder / name))

    return prepare_video(
        made_source(str(path)),
        str(path),
        speech,
        limits=LimitsConfig(),
        audio=AudioConfig(),
        min_speech_s=0.2,
        publish=publish,
        video=video,
    )


def rules(result):
    return [(row.rule, row.kept) for row in result.decisions]


AUDIO = MadeAudio(clicks_s=(0.5, 2.5))


def test_a_talking_video_gets_its_audio_times_and_speech_into_staging(tmp_path):
    speech = FakeSpeech((0, 16_000), (20_000, 24_000))
    result = prepared(
        make_plain_video(tmp_path / "a.mp4", audio_streams=[MadeAudio(clicks_s=(0.5, 2.5), codec="aac")]),
        tmp_path,
        speech,
    )
    video = result.video
    assert rules(result) == [(rule, True) for rule in ("has_video", "has_audio", "dynamic_range", "has_speech")]
    assert (video.num_frames, result.facts.num_frames, result.facts.speech_s) == (75, 75, 1.25)
    samples, rate = soundfile.read(video.audio_uri, dtype="int16")
    assert (rate, len(samples), speech.num_samples) == (16_000, 48_000, 48_000)
    assert click_times_s(samples) == pytest.approx([0.5, 2.5], abs=0.001)
    timeline = timeline_from_bytes(Path(video.timeline_uri).read_bytes(), video.probe.video.time_base)
    assert len(timeline.presentation_ticks) == 75 and timeline.key_frames[0]
    assert video.speech_model == "fake 00"


def test_a_video_without_audio_ends_at_has_audio(tmp_path):
    result = prepared(make_plain_video(tmp_path / "a.mp4"), tmp_path, FakeSpeech())
    assert result.video is None and rules(result) == [("has_video", True), ("has_audio", False)]


def test_hdr_ends_at_dynamic_range_where_sdr_is_wanted_and_sdr_does_not(tmp_path):
    transfers = {"sdr": Coding(), "pq": Coding(transfer=16), "hlg": Coding(transfer=18)}
    for kind, coding in transfers.items():
        path = make_patches(tmp_path / f"{kind}.mkv", coding, audio_s=0.12)
        assert prepared(path, tmp_path, FakeSpeech((0, 1_900))).decisions[2].kept
        row = prepared(path, tmp_path, FakeSpeech((0, 1_900)), VideoConfig(dynamic_range="sdr")).decisions[2]
        assert (row.rule, row.comparison, row.value_text, row.kept) == ("dynamic_range", "in", kind, kind == "sdr")


def test_audio_with_cover_art_ends_at_has_video(tmp_path):
    path = make_video(tmp_path / "a.mp4", [], audio_streams=[MadeAudio(clicks_s=(1.0,), codec="aac")], cover_art=True)
    result = prepared(path, tmp_path, FakeSpeech())
    assert result.video is None and rules(result) == [("has_video", False)]


def test_too_little_speech_ends_at_has_speech_with_its_seconds(tmp_path):
    result = prepared(make_plain_video(tmp_path / "a.mkv", audio_streams=[AUDIO]), tmp_path, FakeSpeech((0, 1600)))
    assert result.video is None
    last = result.decisions[-1]
    assert (last.rule, last.kept, last.comparison, last.value, last.threshold, last.unit) == (
        "has_speech",
        False,
        ">=",
        0.1,
        0.2,
        "s",
    )


def test_a_text_file_raises_what_it_is(tmp_path):
    (tmp_path / "a.mp4").write_text("text")
    with pytest.raises(NotMedia):
        prepared(tmp_path / "a.mp4", tmp_path, FakeSpeech())


def test_the_source_is_not_touched(tmp_path):
    path = make_plain_video(tmp_path / "a.mkv", audio_streams=[AUDIO])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    prepared(path, tmp_path, FakeSpeech((0, 16_000)))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert np.all([entry.name in ("a.mkv", "staging") for entry in tmp_path.iterdir()])
