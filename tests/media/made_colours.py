"""Videos of plain patches whose light is known, coded without loss: any matrix, range, depth and transfer."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

PATCHES = np.array(
    [
        (0, 0, 0),
        (255, 255, 255),
        (128, 128, 128),
        (224, 172, 140),  # light skin
        (92, 60, 44),  # dark skin
        (200, 60, 50),
        (60, 150, 70),
        (50, 80, 190),
    ]
)
"""RGB of SDR BT.709, grey levels."""

_SIDE = 16  # px of a patch
_TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087
_TO_P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
_LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}  # red, blue by matrix number


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How patches are coded; numbers are those of ITU-T H.273, 2: the file does not say."""

    codec: str = "ffv1"  # or libx264
    pixel_format: str = "yuv420p"
    transfer: int = 2
    primaries: int = 2
    matrix: int = 2
    value_range: int = 0  # 1: limited, 2: full
    white_nits: float = 100.0  # of HDR
    glint_nits: float = 0.0  # of HDR: light of a ninth patch


def make_patches(path: Path, coding: Coding, audio_s: float = 0.0, num_dark: int = 0, num_bright: int = 3) -> Path:
    """Dark frames, then frames that show PATCHES side by side; with silence of `audio_s`, if any."""
    dark = _planes(np.zeros((len(PATCHES), 3)), coding)
    planes = _planes(_codes(coding), coding)
    with av.open(str(path), "w") as file:
        options = {"qp": "0", "g": "250", "x264-params": "scenecut=0"} if coding.codec == "libx264" else {}
        stream = file.add_stream(coding.codec, rate=25, options=options)
        stream.pix_fmt, stream.width, stream.height = coding.pixel_format, planes[0].shape[1], planes[0].shape[0]
        audio = file.add_stream("pcm_s16le", rate=16_000, layout="mono") if audio_s else None
        context = stream.codec_context
        context.color_trc, context.color_primaries = coding.transfer, coding.primaries
        context.colorspace, context.color_range = coding.matrix, coding.value_range
        for number in range(num_dark + num_bright):
            frame = av.VideoFrame(stream.width, stream.height, coding.pixel_format)
            for plane, values in zip(frame.planes, dark if number < num_dark else planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size), np.uint8)
                content = np.ascontiguousarray(values).view(np.uint8)
                rows[:, : content.shape[1]] = content
                plane.update(rows.tobytes())
            frame.pts, frame.time_base = number, Fraction(1, 25)
            frame.color_trc, frame.color_primaries = coding.transfer, coding.primaries
            frame.colorspace, frame.color_range = coding.matrix, coding.value_range
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, int(16_000 * audio_s)), np.int16), layout="mono")
            silence.sample_rate, silence.pts = 16_000, 0
            file.mux([*audio.encode(silence), *audio.encode(None)])
    return path


def patches_of(image: np.ndarray) -> np.ndarray:
    """Mean colour (N, 3) of the middle of each patch that an image shows."""
    middle = slice(_SIDE // 4, 3 * _SIDE // 4)
    return np.stack([image[middle, left + 4 : left + 12].mean((0, 1)) for left in range(0, image.shape[1], _SIDE)])


def luma_of(coding: Coding) -> np.ndarray:
    """Weights (3,) of red, green and blue in the luma of a coding."""
    red, blue = _LUMA.get(coding.matrix, _LUMA[5])
    return np.array([red, 1 - red - blue, blue])


def _codes(coding: Coding) -> np.ndarray:
    """R'G'B' (N, 3) from 0 to 1, as the transfer and the primaries of the file want it."""
    sdr = PATCHES / 255
    if coding.transfer not in (16, 18) and coding.primaries in (1, 2, 5, 6):
        return sdr
    light = sdr**2.4 @ (_TO_P3 if coding.primaries == 12 else _TO_BT2020).T
    if coding.transfer not in (16, 18):
        return light ** (1 / 2.4)
    nits = light * coding.white_nits
    if coding.glint_nits:
        nits = np.vstack([nits, np.full(3, coding.glint_nits)])
    return _pq(nits) if coding.transfer == 16 else _hlg(nits)


def _pq(nits: np.ndarray) -> np.ndarray:
    power = (nits / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(nits: np.ndarray) -> np.ndarray:
    display = nits / 1000
    luminance = np.maximum(display @ [0.2627, 0.6780, 0.0593], 1e-9)[:, None]
    scene = display * luminance ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def _planes(codes: np.ndarray, coding: Coding) -> list[np.ndarray]:
    depth = av.VideoFormat(coding.pixel_format).components[0].bits
    is_full, dtype = coding.value_range == 2, np.uint8 if depth == 8 else np.uint16
    red, _, blue = luma_of(coding)
    luma = codes @ luma_of(coding)
    chroma = [(codes[:, 2] - luma) / (2 - 2 * blue), (codes[:, 0] - luma) / (2 - 2 * red)]
    most, unit = 2**depth - 1, 2 ** (depth - 8)
    luma = luma * most if is_full else (16 + 219 * luma) * unit
    chroma = [128 * unit + one * (most if is_full else 224 * unit) for one in chroma]
    across = 1 if "444" in coding.pixel_format else 2
    down = 2 if "420" in coding.pixel_format else 1
    planes = [_image(luma, 1, 1, dtype)]
    if not coding.pixel_format.startswith("gray"):
        planes += [_image(one, across, down, dtype) for one in chroma]
    if coding.pixel_format.startswith("yuva"):
        planes.append(np.full_like(planes[0], most))
    return planes


def _image(values: np.ndarray, across: int, down: int, dtype: type) -> np.ndarray:
    row = np.repeat(np.round(values).astype(dtype), _SIDE // across)
    return np.repeat(row[None], _SIDE // down, axis=0)
