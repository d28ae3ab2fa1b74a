"""A paste changes the stored numbers of a frame where it lies, in whatever pixel format, and no others."""

import av
import numpy as np
import pytest

from schemas.errors import NoDecoder
from schemas.media import VideoColour
from speech2vid.dubbing.image_planes import FramePlanes
from transforms.media.colour import colour_of

RANDOM = np.random.default_rng(0)
WIDTH, HEIGHT = 96, 64
CORNER, SIDE = (22, 14), 32
FORMATS = ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "yuv420p10le", "yuv444p12le", "gbrp", "gray", "nv12",
           "rgb24", "yuyv422", "yuva420p"]  # fmt: skip


def smooth_image():
    """A smooth colour image, so that subsampled chroma holds it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([80 + x, 60 + y, 200 - x]).astype(np.uint8)


def frame_in(pixel_format, matrix=1):
    frame = av.VideoFrame.from_ndarray(smooth_image(), format="rgb24")
    stored = frame.reformat(format=pixel_format, dst_colorspace=matrix)
    stored.colorspace = matrix
    return stored


def planes_of(frame):
    return FramePlanes(frame, colour_of(frame))


def pasted(frame, patch_rgb, share):
    planes = planes_of(frame)
    planes.paste(patch_rgb, share, CORNER)
    return planes.image


def grey_patch(level):
    return np.full((SIDE, SIDE, 3), level, np.uint8), np.ones((SIDE, SIDE), np.float32)


def numbers(frame):
    """The numbers of every plane, of 8 or 16 bits."""
    kind = np.dtype(np.uint16 if frame.format.components[0].bits > 8 else np.uint8)
    return [np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes]


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_outside_the_patch_every_number_stays(pixel_format):
    frame = frame_in(pixel_format)
    untouched, changed = planes_of(frame).image, pasted(frame, *grey_patch(250))
    for before, after, plane in zip(numbers(untouched), numbers(changed), changed.planes, strict=True):
        across, down = WIDTH // plane.width, HEIGHT // plane.height
        rows, columns = np.nonzero(before != after)
        if not len(rows):
            continue
        assert rows.min() * down >= CORNER[1] - 4 and rows.max() * down < CORNER[1] + SIDE + 4
        assert columns.min() * across >= CORNER[0] - 4
        assert columns.max() * across < CORNER[0] + SIDE + 4


@pytest.mark.parametrize("pixel_format", [name for name in FORMATS if not name.startswith("gray")])
@pytest.mark.parametrize("matrix", [1, 5])
def test_a_patch_shows_its_own_colours(pixel_format, matrix):
    patch = np.full((SIDE, SIDE, 3), (200, 120, 60), np.uint8)
    image = pasted(frame_in(pixel_format, matrix), patch, np.ones((SIDE, SIDE), np.float32))
    image.colorspace = matrix
    shown = planes_of(image).rgb
    inside = shown[CORNER[1] + 8 : CORNER[1] + SIDE - 8, CORNER[0] + 8 : CORNER[0] + SIDE - 8]
    np.testing.assert_allclose(inside.astype(int), np.broadcast_to(patch[0, 0], inside.shape), atol=4)


def test_a_patch_is_seen_as_far_as_its_share_says():
    planes = planes_of(frame_in("gbrp"))
    before = planes.rgb.astype(int)
    patch, share = grey_patch(255)
    planes.paste(patch, share * np.float32(0.25), CORNER)
    inside = np.s_[CORNER[1] : CORNER[1] + SIDE, CORNER[0] : CORNER[0] + SIDE]
    after = planes_of(planes.image).rgb.astype(int)
    np.testing.assert_allclose(after[inside], 0.75 * before[inside] + 0.25 * 255, atol=1)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
def test_the_source_frame_is_not_written_to(pixel_format):
    frame = frame_in(pixel_format)
    before = [plane.copy() for plane in numbers(frame)]
    pasted(frame, *grey_patch(255))
    assert all((old == new).all() for old, new in zip(before, numbers(frame), strict=True))


def test_light_beyond_white_stays_white():
    frame = frame_in("yuvj420p")
    patch = np.full((SIDE, SIDE, 3), 400.0)
    image = pasted(frame, patch, np.ones((SIDE, SIDE), np.float32))
    assert numbers(image)[0][CORNER[1] + 4, CORNER[0] + 4] == 255


def test_a_format_that_cannot_be_edited_is_named():
    with pytest.raises(NoDecoder, match=r"xyz12le.*convert the video"):
        FramePlanes(av.VideoFrame(WIDTH, HEIGHT, "xyz12le"), VideoColour())
