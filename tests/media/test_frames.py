import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.made_media import damage_packets, frame_image, make_plain_video, make_video, number_of, steady_times
from tests.packed_avi import make_packed_avi
from tests.shared_data import needs_shared, shared
from transforms.media import frames, frames_decord, frames_pyav
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.container import open_media
from transforms.media.frames import FrameReader
from transforms.media.frames_decord import DecordFrames
from transforms.media.frames_pyav import PyavFrames
from transforms.media.probe import probe_media


def reader_of(path):
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    return FrameReader(str(path), probe, timeline), len(timeline.presentation_ticks)


def numbers(path, source_frames=None):
    reader, num_frames = reader_of(path)
    with reader:
        wanted = np.arange(num_frames) if source_frames is None else np.array(source_frames)
        return [None if image is None else number_of(image) for _, image in reader.frames(wanted)]


CONTAINERS = [
    ("mp4", "libx264"),
    ("mkv", "libx264"),
    ("avi", "libx264"),
    ("avi", "mpeg4"),
    ("mpg", "mpeg1video"),
    ("vob", "mpeg2video"),
    ("ts", "libx264"),
    ("flv", "libx264"),
    ("mkv", "libx265"),
    ("webm", "libvpx"),
]


@pytest.mark.parametrize(("suffix", "codec"), CONTAINERS)
def test_every_frame_is_itself_in_every_container(tmp_path, suffix, codec):
    options = {"g": "12", "x265-params": "log-level=none"} if codec == "libx265" else {"g": "12"}
    options |= {} if codec == "libvpx" else {"bf": "2"}
    # decord brings a libvpx of its own: once it is loaded, PyAV cannot encode VP8 in the same process.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        path = pool.submit(make_plain_video, tmp_path / f"a.{suffix}", codec=codec, options=options).result()
    assert numbers(path) == list(range(75))
    assert numbers(path, range(31, 75, 3)) == list(range(31, 75, 3))
    assert numbers(path, [50]) == [50]


def test_open_gops_are_exact_after_a_seek(tmp_path):
    path = make_plain_video(tmp_path / "a.mkv", options={"g": "12", "bf": "2", "x264-params": "open-gop=1:scenecut=0"})
    for first in (11, 12, 13, 30, 40):
        assert numbers(path, range(first, 60)) == list(range(first, 60))


REORDERED = [("mpeg4", {"g": "24", "bf": "2"}), ("mpeg2video", {"g": "12", "bf": "2"}), ("libx264", {"bf": "3"})]


@pytest.mark.parametrize(("codec", "options"), REORDERED)
@pytest.mark.parametrize("first", [0, 1, 22, 23, 24, 150, 288])
def test_reordered_frames_in_avi_are_exact_after_a_seek(tmp_path, codec, options, first):
    path = make_plain_video(tmp_path / "a.avi", 300, codec=codec, options={"g": "24", **options})
    assert numbers(path, range(first, min(first + 30, 300))) == list(range(first, min(first + 30, 300)))


@pytest.mark.parametrize("first", [0, 22, 23, 24, 150])
def test_packed_b_frames_are_exact_after_a_seek_and_cost_two_groups_more(tmp_path, first):
    path = make_packed_avi(tmp_path / "a.avi", 300, 24)
    assert num_packets(path, range(first, first + 20)) < 20 + 3 * 24


def num_packets(path, source_frames):
    """Packets that are decoded to read these frames."""
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    reader = PyavFrames(str(path), probe.used_video, timeline)
    for source_frame in source_frames:
        assert number_of(reader.read(source_frame)) == source_frame
    reader.close()
    return reader.num_packets


@pytest.mark.parametrize(("codec", "options"), REORDERED)
def test_reordered_frames_in_avi_cost_two_groups_more_than_they_are_and_no_file(tmp_path, codec, options):
    path = make_plain_video(tmp_path / "a.avi", 900, codec=codec, options={"g": "24", **options})
    assert num_packets(path, range(800, 830)) < 30 + 4 * 24
    assert num_packets(path, range(0, 900, 5)) <= 900


DAMAGED = [
    ("mp4", "libx264", {"g": "12", "bf": "2", "x264-params": "open-gop=1:scenecut=0"}),
    ("mkv", "mpeg4", {"g": "12"}),
    ("mp4", "mpeg2video", {"g": "12", "bf": "2"}),
]


@pytest.mark.parametrize(("suffix", "codec", "options"), DAMAGED)
def test_a_file_that_stays_open_gives_the_images_of_one_that_is_opened_for_each(tmp_path, suffix, codec, options):
    made = make_plain_video(tmp_path / f"whole.{suffix}", codec=codec, options=options)
    path = damage_packets(made, [13, 24, 38, 50], tmp_path / f"a.{suffix}")
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    open_one = PyavFrames(str(path), probe.used_video, timeline)
    for source_frame in (60, 49, 50, 37, 25, 24, 13, 0, 48, 36, 12, 74, 26):
        new_one = PyavFrames(str(path), probe.used_video, timeline)
        np.testing.assert_array_equal(open_one.read(source_frame), new_one.read(source_frame))
        new_one.close()
    open_one.close()


def test_a_file_with_an_index_is_opened_once_however_often_it_seeks(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(frames_pyav, "open_media", lambda path: opened.append(path) or open_media(path))
    path = make_plain_video(tmp_path / "a.mp4", options={"g": "12"})
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    reader = PyavFrames(str(path), probe.used_video, timeline)
    assert [number_of(reader.read(source_frame)) for source_frame in (60, 48, 36, 24, 12)] == [60, 48, 36, 24, 12]
    reader.close()
    assert len(opened) == 1


def test_of_a_long_file_no_more_images_are_held_than_are_asked_for(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(frames, "DecordFrames", lambda *given: opened.append(given) or DecordFrames(*given))
    path = make_plain_video(tmp_path / "a.mp4", 100)
    assert numbers(path) == list(range(100)) and len(opened) == 1
    monkeypatch.setattr(frames, "_MAX_DECORD_BYTES", 100 * 160 * 96 * 3 - 1)
    assert numbers(path) == list(range(100)) and len(opened) == 1


def test_a_jump_opens_decord_again_because_a_seek_keeps_what_was_decoded_ahead(tmp_path, monkeypatch):
    opened, open_reader = [], frames_decord.decord.VideoReader
    monkeypatch.setattr(
        frames_decord.decord,
        "VideoReader",
        lambda *given, **named: opened.append(given) or open_reader(*given, **named),
    )
    path = make_plain_video(tmp_path / "a.mp4", 200, options={"g": "12", "bf": "2"})
    assert numbers(path, [*range(20), *range(100, 120), *range(180, 200)]) == [
        *range(20),
        *range(100, 120),
        *range(180, 200),
    ]
    assert len(opened) == 3


@pytest.mark.parametrize("rate", [30, 50, 60, 120])
def test_of_fast_videos_the_frames_between_are_left_out(tmp_path, rate):
    path = make_plain_video(tmp_path / "a.mp4", 240, Fraction(rate), options={"g": str(rate // 2), "bf": "2"})
    wanted = [round(number * rate / 25) for number in range(240 * 25 // rate)]
    assert numbers(path, wanted) == wanted


def test_variable_rates_are_exact(tmp_path):
    ticks = np.cumsum(np.random.default_rng(2).integers(1500, 9000, 70)).tolist()
    path = make_video(tmp_path / "a.mp4", [Fraction(tick - ticks[0], 90_000) for tick in ticks])
    assert numbers(path) == list(range(70))


def test_windows_read_one_after_the_other_and_back(tmp_path):
    reader, _ = reader_of(make_plain_video(tmp_path / "a.mp4"))
    with reader:
        for first, last in ((0, 25), (25, 50), (60, 70), (10, 20)):
            seen = [number_of(image) for _, image in reader.frames(np.arange(first, last))]
            assert seen == list(range(first, last))


def test_a_repeated_frame_is_the_same_array(tmp_path):
    reader, _ = reader_of(make_plain_video(tmp_path / "a.mp4", 10))
    with reader:
        seen = list(reader.frames(np.array([3, 3, 4])))
    assert [position for position, _ in seen] == [0, 1, 2]
    assert seen[0][1] is seen[1][1] and seen[1][1] is not seen[2][1]


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_rotated_video_comes_upright(tmp_path, rotation_deg):
    path = make_plain_video(tmp_path / "a.mp4", 20, rotation_deg=rotation_deg)
    assert numbers(path) == list(range(20))


def test_anamorphic_video_comes_with_square_pixels(tmp_path):
    reader, _ = reader_of(make_plain_video(tmp_path / "a.mp4", 20, aspect=Fraction(2)))
    with reader:
        image = next(reader.frames(np.array([7])))[1]
    assert image.shape == (96, 320, 3) and image.dtype == np.uint8
    assert number_of(image) == 7


def test_colours_are_red_green_blue(tmp_path):
    reader, _ = reader_of(make_plain_video(tmp_path / "a.mp4", 5))
    with reader:
        image = next(reader.frames(np.array([2])))[1]
    made = frame_image(2)
    assert np.abs(image[60:84, :].astype(int) - made[60:84, :]).mean() < 12


def test_a_damaged_program_stream_has_gaps_and_no_wrong_frames(tmp_path):
    whole = make_plain_video(tmp_path / "a.ts", codec="libx264", options={"g": "10", "bf": "0"})
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2 // 188 * 188
    del content[middle : middle + 188 * 20]
    (tmp_path / "cut.ts").write_bytes(content)
    seen = numbers(tmp_path / "cut.ts")
    shown = [number for number in seen if number is not None]
    assert 40 < len(shown) < 75
    assert shown[-10:] == list(range(65, 75))


def test_what_decord_gives_up_on_is_read_on_by_pyav(tmp_path):
    whole = make_plain_video(tmp_path / "a.mp4", 100, options={"bf": "0", "x264-params": "scenecut=0:keyint=20"})
    seen = numbers(damage_packets(whole, [40, 45], tmp_path / "b.mp4"))  # 40 is a key frame
    assert len(seen) == 100
    assert seen[:40] == list(range(40)) and seen[60:] == list(range(60, 100))
    assert None in seen[40:60]


def test_the_images_of_a_window_do_not_depend_on_those_before_it(tmp_path):
    path = make_plain_video(tmp_path / "a.mp4", 100, options={"bf": "0", "x264-params": "scenecut=0:keyint=20"})
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    hidden = packets[85].pos + packets[85].size // 2  # damage that decord conceals and PyAV reports
    damage_packets(path, [40], tmp_path / "b.mp4")  # a key frame: decord gives up
    content = bytearray((tmp_path / "b.mp4").read_bytes())
    content[hidden] ^= 8
    (tmp_path / "b.mp4").write_bytes(content)
    images = []
    for windows in (((0, 60), (60, 100)), ((60, 100),)):
        reader, _ = reader_of(tmp_path / "b.mp4")
        with reader:
            for start, end in windows:
                reader.begin_window()
                last = list(reader.frames(np.arange(start, end)))
        images.append([image for _, image in last])
    assert [image is None for image in images[0]] == [image is None for image in images[1]]
    assert all(np.array_equal(one, other) for one, other in zip(*images, strict=True) if one is not None)


REAL = [
    "dev/clips/FAzSK8PLmGI.mp4",
    "dev/clips/latentsync_demo3.mp4",
    "dev/grid_other/lbax4n.mpg",
    "dev/matrix/01_T8_matrix1206.mkv",
    "hard/face_track_crops/merkel_video_10.avi",
    "hard/pose/sample_video.mp4",
    "hard/pose/retalking_5_rotated.mp4",
    "hard/mcgurk/Ba_Ba.mp4",
    "hard/noise/original.mp4",
    "hard/noise/mixture.avi",
]


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_real_frames_are_those_of_their_presentation_time(name):
    path = shared(name)
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    with av.open(str(path)) as container:
        stream = container.streams[probe.video.index]
        stream.codec_context.thread_count = 1
        frames = {}
        for frame in container.decode(stream):
            upright = np.rot90(frame.to_ndarray(format="rgb24"), -probe.video.rotation_deg // 90)
            frames[frame.pts] = upright[::8, ::8].astype(int)
            if len(frames) == 50:
                break
    wanted = np.arange(14, 44)
    with FrameReader(str(path), probe, timeline) as reader:
        for position, image in reader.frames(wanted):
            true = frames[int(timeline.presentation_ticks[wanted[position]])]
            assert np.abs(image[::8, ::8] - true).mean() < 0.1


def test_steady_times_are_rational():
    assert steady_times(3, Fraction(30000, 1001))[2] == Fraction(2002, 30000)
