import numpy as np
import pytest

from tests.made_media import make_plain_video
from tests.media.made_colours import PATCHES, Coding, luma_of, make_patches, patches_of
from tests.shared_data import needs_shared, shared
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media

PQ = {"pixel_format": "yuv420p10le", "transfer": 16, "primaries": 9, "matrix": 9, "value_range": 1}
HLG = PQ | {"transfer": 18}
SDR = [
    Coding(matrix=1, value_range=1),
    Coding(matrix=5, value_range=1),
    Coding(matrix=6, value_range=2),
    Coding(matrix=1, value_range=2),
    Coding(pixel_format="yuv422p", matrix=1, value_range=1),
    Coding(pixel_format="yuv422p10le", matrix=1, transfer=1, primaries=1, value_range=1),
    Coding(pixel_format="yuv444p", matrix=1, value_range=1),
    Coding(pixel_format="yuva420p", matrix=1, value_range=1),
]
WIDE = [
    Coding(pixel_format="yuv420p10le", transfer=14, primaries=9, matrix=9, value_range=1),
    Coding(pixel_format="yuv420p10le", transfer=14, primaries=9, matrix=9, value_range=2),
    Coding(matrix=1, transfer=1, primaries=12, value_range=1),
]


def read(path, frame=1):
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    with FrameReader(str(path), probe, timeline) as reader:
        return next(reader.frames(np.array([frame])))[1], probe.used_video.colour


@pytest.mark.parametrize("coding", SDR + WIDE, ids=str)
def test_sdr_of_every_matrix_range_depth_and_gamut_shows_its_colours(tmp_path, coding):
    image, _ = read(make_patches(tmp_path / "a.mkv", coding))
    assert np.abs(patches_of(image) - PATCHES).max() < 4


@pytest.mark.parametrize("pixel_format", ["yuv420p", "gray", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [1, 5])
@pytest.mark.parametrize("value_range", [1, 2])
def test_files_that_decord_could_read_show_the_same_colours(tmp_path, pixel_format, matrix, value_range):
    coding = Coding(codec="libx264", pixel_format=pixel_format, matrix=matrix, value_range=value_range)
    image, colour = read(make_patches(tmp_path / "a.mp4", coding))
    grey = np.repeat((PATCHES @ luma_of(coding))[:, None], 3, axis=1)
    assert np.abs(patches_of(image) - (grey if pixel_format == "gray" else PATCHES)).max() < 4
    if pixel_format != "gray":  # monochrome H.264 is stored without its range
        assert colour.value_range == ("limited", "full")[value_range - 1]


@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["pq", "hlg"])
@pytest.mark.parametrize("white_nits", [100.0, 150.0, 203.0])
def test_hdr_that_holds_sdr_shows_the_sdr(tmp_path, transfer, white_nits):
    image, colour = read(make_patches(tmp_path / "a.mkv", Coding(white_nits=white_nits, **transfer)))
    assert colour.peak_nits == pytest.approx(white_nits, rel=0.03)
    assert np.abs(patches_of(image) - PATCHES).max() < 5


@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["pq", "hlg"])
def test_light_above_reference_white_is_rolled_off_and_the_rest_keeps_its_order(tmp_path, transfer):
    image, colour = read(make_patches(tmp_path / "a.mkv", Coding(white_nits=203.0, glint_nits=900.0, **transfer)))
    shown = patches_of(image)
    assert colour.peak_nits == pytest.approx(900, rel=0.03)
    assert shown[8].min() > 250 and 200 < shown[1].mean() < 250  # the glint is white, paper is a little darker
    darker = [0, 2, 4, 5, 6, 7]
    assert np.abs(shown[darker] - PATCHES[darker]).max() < 6  # below the knee nothing changes


def test_frames_far_from_a_key_frame_count_for_the_peak_too(tmp_path):
    coding = Coding(codec="libx264", white_nits=203.0, **PQ)
    _, colour = read(make_patches(tmp_path / "a.mp4", coding, num_dark=20, num_bright=60), 30)
    assert colour.peak_nits == pytest.approx(203, rel=0.03)  # its only key frame is dark


def test_full_range_hdr_and_hdr_without_primaries(tmp_path):
    full = read(make_patches(tmp_path / "a.mkv", Coding(**PQ | {"value_range": 2})))[0]
    bare = read(make_patches(tmp_path / "b.mkv", Coding(**PQ | {"primaries": 2})))[0]
    assert np.abs(patches_of(full) - PATCHES).max() < 5
    assert np.abs(patches_of(bare) - PATCHES).max() < 5


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le"])
@pytest.mark.parametrize("value_range", [1, 2])
def test_grey_video_keeps_its_contrast(tmp_path, pixel_format, value_range):
    image, _ = read(make_patches(tmp_path / "a.mkv", Coding(pixel_format=pixel_format, value_range=value_range)))
    luma = PATCHES @ luma_of(Coding())
    assert np.abs(patches_of(image) - luma[:, None]).max() < 3


@pytest.mark.parametrize("matrix", [3, 8, 11, 13, 14, 15])
def test_a_matrix_that_ffmpeg_does_not_convert_costs_no_frame(tmp_path, matrix):
    image, _ = read(make_patches(tmp_path / "a.mkv", Coding(matrix=matrix, value_range=1)))
    assert np.abs(patches_of(image) - PATCHES).max() < 4  # read like a file that does not state its matrix


def test_constant_luminance_is_read_as_bt2020(tmp_path):
    image, colour = read(make_patches(tmp_path / "a.mkv", Coding(**PQ | {"matrix": 10})))
    assert colour.matrix == "bt2020c"
    assert image is not None


def test_what_the_file_states_is_in_the_probe(tmp_path):
    _, colour = read(make_patches(tmp_path / "a.mkv", Coding(**HLG)))
    assert (colour.transfer, colour.primaries, colour.matrix) == ("arib-std-b67", "bt2020", "bt2020nc")
    assert (colour.value_range, colour.bit_depth, colour.dynamic_range) == ("limited", 10, "hlg")
    _, plain = read(make_plain_video(tmp_path / "a.mp4", 3))
    assert (plain.transfer, plain.primaries, plain.bit_depth, plain.dynamic_range) == ("", "", 8, "sdr")
    assert plain.peak_nits == 0


def test_the_same_file_gives_the_same_images(tmp_path):
    path = make_patches(tmp_path / "a.mkv", Coding(white_nits=203.0, glint_nits=600.0, **HLG))
    assert np.array_equal(read(path)[0], read(path)[0])


@needs_shared
def test_real_hdr_looks_like_the_sdr_that_it_was_made_of():
    image, colour = read(shared("hard/footage/k12_hdr_pq.mp4"), 20)
    original, _ = read(shared("dev/clips/WDA_KatieHill_000.mp4"), 20)
    rows = (np.arange(320) * 1.6 + 0.8).astype(int)
    original = original[rows][:, rows].astype(float)
    assert colour.dynamic_range == "pq" and 90 < colour.peak_nits < 110
    assert abs(image.std() - original.std()) < 3
    assert np.abs(image.mean((0, 1)) - original.mean((0, 1))).max() < 4
