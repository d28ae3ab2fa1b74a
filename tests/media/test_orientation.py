import numpy as np
import pytest

from schemas.media import VideoStream
from tests.made_media import HEIGHT, STORED_FROM_SHOWN, WIDTH, frame_image, make_plain_video, number_of
from tests.shared_data import needs_shared, shared
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.frames_decord import DecordFrames, NotExact
from transforms.media.frames_pyav import PyavFrames
from transforms.media.probe import probe_media

NEAREST = [
    ((0.7, 0.2, -0.2, 0.9), (0, False)),  # turned by some degrees, and not to scale
    ((-0.7, 0.2, 0.2, 0.9), (0, True)),
    ((0.1, 2.0, -1.5, 0.4), (90, False)),
    ((0.0, 0.0, 0.0, 0.0), (0, False)),
]


def probed(path):
    return probe_media(str(path), LimitsConfig(), AudioConfig())


def images_of(path, source_frames):
    probe, timeline = probed(path)
    with FrameReader(str(path), probe, timeline) as reader:
        return [image for _, image in reader.frames(np.array(source_frames))], probe.used_video


@pytest.mark.parametrize("matrix", STORED_FROM_SHOWN)
@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_all_eight_orientations_come_upright(tmp_path, matrix, suffix):
    if suffix == "mkv" and matrix[0] * matrix[3] - matrix[1] * matrix[2] < 0 and matrix != (-1, 0, 0, 1):
        pytest.skip("Matroska states a turn, or a horizontal flip")
    path = make_plain_video(tmp_path / f"a.{suffix}", 12, display_matrix=matrix)
    (image,), video = images_of(path, [7])
    shown = frame_image(7, *((WIDTH, HEIGHT) if matrix[0] else (HEIGHT, WIDTH)))
    assert (video.width, video.height) == shown.shape[1::-1]
    assert number_of(image) == 7
    assert np.abs(image.astype(int) - shown).mean() < 6


@pytest.mark.parametrize("matrix", STORED_FROM_SHOWN)
def test_decord_shows_what_pyav_shows_or_leaves_it_to_pyav(tmp_path, matrix):
    path = make_plain_video(tmp_path / "a.mp4", 12, display_matrix=matrix)
    probe, timeline = probed(path)
    pyav = PyavFrames(str(path), probe.used_video, timeline)
    if probe.used_video.is_mirrored:
        with pytest.raises(NotExact):
            DecordFrames(str(path), probe, timeline)
    else:
        decord = DecordFrames(str(path), probe, timeline)
        for frame in range(12):
            assert np.abs(decord.read(frame).astype(int) - pyav.read(frame)).mean() < 0.5


@pytest.mark.parametrize(("matrix", "expected"), NEAREST)
def test_other_matrices_are_taken_for_the_nearest_of_the_eight(tmp_path, matrix, expected):
    path = make_plain_video(tmp_path / "a.mp4", 3, display_matrix=(0, 1, -1, 0))
    content = path.read_bytes()
    a, b, c, d = (np.array(round(entry * 65536), ">i4").tobytes() for entry in matrix)
    turned = np.array([0, 65536, 0, -65536, 0, 0], ">i4").tobytes()
    zero = bytes(4)
    assert content.count(turned) == 1
    path.write_bytes(content.replace(turned, a + b + zero + c + d + zero))
    video: VideoStream = probed(path)[0].used_video
    assert (video.rotation_deg, video.is_mirrored) == expected


@needs_shared
@pytest.mark.parametrize("name", ["k09_hflip_matrix", "k11_transpose_matrix"])
def test_real_flips_come_upright(name):
    (original,), _ = images_of(shared("dev/clips/WDA_KatieHill_000.mp4"), [20])
    (image,), _ = images_of(shared(f"hard/footage/{name}.mp4"), [20])
    small = [frame[:: len(frame) // 32, :: len(frame) // 32].mean(2)[:32, :32] for frame in (original, image)]
    similarity = [np.corrcoef(turned.ravel(), small[0].ravel())[0, 1] for turned in _eight(small[1])]
    assert int(np.argmax(similarity)) == 0 and similarity[0] > 0.95


def _eight(image):
    return [np.rot90(flipped, turns) for flipped in (image, image[:, ::-1]) for turns in range(4)]
