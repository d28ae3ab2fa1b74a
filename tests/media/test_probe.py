from fractions import Fraction

import numpy as np
import pytest

from schemas.errors import LimitExceeded, MediaError, MissingStream, NoDecoder, NotMedia, UnreadableSource
from tests.made_media import MadeAudio, cut_tail, make_plain_video, make_video, with_unknown_codec
from tests.made_streams import make_streams, tone, with_late_streams
from tests.shared_data import needs_shared, shared
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.container import open_media
from transforms.media.probe import probe_media
from transforms.sources.demuxed import why_no_video_of

MONO = MadeAudio(clicks_s=(1.0,))


def probed(path, limits=None, stream=-1):
    return probe_media(str(path), limits or LimitsConfig(), AudioConfig(stream=stream))


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001"])
def test_constant_rates_are_exact(tmp_path, rate):
    probe, timeline = probed(make_plain_video(tmp_path / "a.mp4", rate=Fraction(rate)))
    assert probe.video.average_rate == Fraction(rate)
    assert probe.video.num_frames == len(timeline.presentation_ticks) == 75
    times_s = timeline.presentation_ticks * float(timeline.time_base)
    assert np.allclose(times_s, np.arange(75) / float(Fraction(rate)), atol=1e-4)


def test_variable_rate_times_are_kept(tmp_path):
    steps = np.random.default_rng(1).integers(1500, 9000, 60)
    ticks = np.concatenate([[0], np.cumsum(steps)])
    _, timeline = probed(make_video(tmp_path / "a.mp4", [Fraction(int(tick), 90_000) for tick in ticks]))
    assert timeline.time_base == Fraction(1, 90_000)
    assert np.array_equal(timeline.presentation_ticks, ticks)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_rotation_is_clockwise_and_turns_the_shown_size(tmp_path, rotation_deg):
    video = probed(make_plain_video(tmp_path / "a.mp4", 5, rotation_deg=rotation_deg))[0].video
    assert video.rotation_deg == rotation_deg
    assert (video.width, video.height) == ((160, 96) if rotation_deg == 180 else (96, 160))


def test_anamorphic_pixels_are_shown_square(tmp_path):
    video = probed(make_plain_video(tmp_path / "a.mp4", 5, aspect=Fraction(16, 11)))[0].video
    assert (video.width, video.height, video.coded_width) == (233, 96, 160)


def test_the_default_audio_stream_is_used_and_all_are_named(tmp_path):
    german = MadeAudio(clicks_s=(2.0,), is_default=True, language="deu")
    probe, _ = probed(make_plain_video(tmp_path / "a.mkv", audio_streams=[MONO, german]))
    assert [audio.index for audio in probe.audio_streams] == [1, 2]
    assert probe.audio_streams[probe.audio_index].language == "deu"


def test_the_first_audio_stream_is_used_where_none_is_the_default(tmp_path):
    probe, _ = probed(make_plain_video(tmp_path / "a.mkv", audio_streams=[MONO, MONO]))
    assert probe.audio_index == 0


def test_an_audio_stream_is_chosen_by_its_container_index(tmp_path):
    path = make_plain_video(tmp_path / "a.mkv", audio_streams=[MONO, MONO])
    assert probed(path, stream=2)[0].audio_index == 1
    with pytest.raises(MissingStream, match="no audio stream 0; its audio streams are: 1, 2"):
        probed(path, stream=0)


def test_a_late_audio_stream_says_so(tmp_path):
    late = MadeAudio(clicks_s=(1.0,), start_s=0.32)
    assert probed(make_plain_video(tmp_path / "a.mkv", audio_streams=[late]))[0].audio_streams[
        0
    ].start_s == pytest.approx(0.32)


def test_cover_art_beside_a_video_is_not_used(tmp_path):
    probe, timeline = probed(make_plain_video(tmp_path / "a.mp4", cover_art=True))
    assert probe.video.codec == "h264"
    assert len(timeline.presentation_ticks) == 75


def test_cover_art_alone_is_no_video(tmp_path):
    probe, timeline = probed(
        make_video(
            tmp_path / "a.m4a",
            [],
            audio_streams=[MadeAudio(clicks_s=(1.0,), codec="aac")],
            cover_art=True,
            container="mp4",
        )
    )
    assert probe.video is None and timeline is None
    assert probe.audio_index == 0
    assert probe.duration_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"this is text\n" * 100])
def test_an_empty_file_and_a_text_file_are_no_media(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(NotMedia, match=r"a\.mp4"):
        probed(path)


def test_a_truncated_header_is_no_media(tmp_path):
    whole = make_plain_video(tmp_path / "a.mp4")
    with pytest.raises(NotMedia, match=r"cut\.mp4"):
        probed(cut_tail(whole, 0.02, tmp_path / "cut.mp4"))


def test_a_missing_file_is_unreadable(tmp_path):
    with pytest.raises(UnreadableSource, match=r"gone\.mp4"):
        probed(tmp_path / "gone.mp4")


def test_a_truncated_tail_leaves_the_frames_before_it(tmp_path):
    whole = make_plain_video(tmp_path / "a.mkv")
    _, timeline = probed(cut_tail(whole, 0.5, tmp_path / "cut.mkv"))
    assert 10 < len(timeline.presentation_ticks) < 70


def test_streams_that_appear_in_the_middle_of_a_file_cost_no_frame(tmp_path):
    video = make_streams(tmp_path / "a.ts", num_frames=500, audio_codec="mp2")
    other = make_streams(tmp_path / "b.ts", num_frames=5, audio=[tone(3_200)] * 3, audio_codec="mp2")
    _, timeline = probed(with_late_streams(video, other, tmp_path / "late.ts"))
    assert len(timeline.presentation_ticks) == 500


def test_a_codec_that_no_decoder_knows_is_named_as_such(tmp_path):
    whole = make_plain_video(tmp_path / "a.mkv", 25, codec="mpeg4", audio_streams=[MONO])
    path = with_unknown_codec(whole, tmp_path / "b.mkv")
    with pytest.raises(NoDecoder, match=r"b\.mkv' has a stream 0 \(video\) whose codec FFmpeg cannot decode"):
        probed(path)
    assert why_no_video_of(str(path)) == "video that FFmpeg cannot decode (matroska,webm)"


def test_limits_on_duration_and_frame_size(tmp_path):
    path = make_plain_video(tmp_path / "a.mp4")
    with pytest.raises(LimitExceeded, match=r"limits\.duration_h"):
        probed(path, LimitsConfig(duration_h=0.0005))
    with pytest.raises(LimitExceeded, match=r"160 x 96 px.*limits\.frame_megapixels"):
        probed(path, LimitsConfig(frame_megapixels=0.01))


def jumping(path, hours):
    """A video of 3 s, and 3 s more after the clock has jumped."""
    times_s = [Fraction(number, 25) + (hours * 3600 if number >= 75 else 0) for number in range(150)]
    return make_video(path, times_s)


def test_a_jump_of_the_clock_parts_the_timeline_and_is_no_duration(tmp_path):
    probe, _ = probed(jumping(tmp_path / "a.mkv", 10), LimitsConfig(duration_h=6))
    assert probe.video.num_parts == 2
    assert probe.video.gap_frames == 10 * 3600 * 25 - 1


def test_times_of_days_are_beyond_any_clock(tmp_path):
    with pytest.raises(LimitExceeded, match=r"h apart.*remux it"):
        probed(jumping(tmp_path / "a.mkv", 60))


def test_a_constant_rate_is_one_part_without_gaps(tmp_path):
    video = probed(make_plain_video(tmp_path / "a.mp4"))[0].video
    assert (video.num_parts, video.gap_frames) == (1, 0)


def test_names_with_a_colon_are_files_not_protocols(tmp_path, monkeypatch):
    make_plain_video(tmp_path / "plain.mp4", 5).rename(tmp_path / 'http:a "b"\n\udcff%d.mp4')
    monkeypatch.chdir(tmp_path)
    assert probed('http:a "b"\n\udcff%d.mp4')[0].video.num_frames == 5


@needs_shared
def test_frames_hidden_by_an_edit_list_are_not_in_the_timeline():
    probe, timeline = probed(shared("hard/pose/sample_video.mp4"))
    assert probe.video.num_frames == 209  # of 266 packets
    assert timeline.presentation_ticks[0] == 0
    assert probe.audio_streams[0].start_s == pytest.approx(0.0)


@needs_shared
def test_a_real_program_stream_has_every_frame():
    probe, timeline = probed(shared("dev/grid_other/lbax4n.mpg"))
    assert np.array_equal(timeline.presentation_ticks, np.arange(75) * 3600)
    assert np.array_equal(np.flatnonzero(timeline.key_frames), np.arange(0, 75, 12))
    assert probe.duration_s == pytest.approx(3.0)


def test_a_damaged_header_is_never_a_file_that_may_not_be_read(tmp_path):
    content = make_plain_video(tmp_path / "a.asf", 5, codec="h264").read_bytes()
    damaged, kinds = tmp_path / "b.asf", set()
    for place in range(400):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :])
        try:
            open_media(str(damaged)).close()
        except MediaError as error:
            kinds.add(error.kind)
    assert kinds == {"not_media"}
