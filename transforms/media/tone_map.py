"""Light of HDR and wide-gamut video as SDR BT.709: the table of colours that FFmpeg's lut3d filter applies.

HDR is shown with one exposure for a whole source: its reference white becomes the white of SDR, and brighter light
is rolled off as in ITU-R BT.2390. Colours outside BT.709 lose saturation, not hue.
"""

import numpy as np

from schemas.media import VideoColour

TABLE_SIZE = 65
"""Steps of each channel. Between them the filter interpolates: 0.5 grey levels off on average with rounding, at the
99th percentile 1.3 for grey and 1.4 (HLG) to 4 (PQ) for other colours; 33 steps: up to 10 (measured)."""

_REFERENCE_WHITE_NITS = (100.0, 203.0)
"""Where reference white lies: 203 nits by ITU-R BT.2408, 100 nits in masters made from SDR at its own brightness. The
peak of the source decides between them."""

_UNKNOWN_PEAK_NITS = 1000.0
_HLG_PEAK_NITS = 1000.0
_SDR_GAMMA = 2.4  # ITU-R BT.1886
_PQ_M1, _PQ_M2, _PQ_C1, _PQ_C2, _PQ_C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # SMPTE ST 2084
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073  # ITU-R BT.2100
_HLG_SYSTEM_GAMMA = 1.2

_D65, _DCI_WHITE = (0.3127, 0.3290), (0.314, 0.351)
_BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)  # x, y of red, green, blue and white
_WIDE_GAMUTS = {
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI_WHITE),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}


def needs_mapping(colour: VideoColour) -> bool:
    """Whether frames of this colour are not SDR BT.709, or so close to it that players show them as such."""
    return colour.dynamic_range != "sdr" or colour.primaries in _WIDE_GAMUTS


def light_of(rgb: np.ndarray, colour: VideoColour) -> np.ndarray:
    """RGB of the file (..., 3), 0 to 1, as linear light of BT.709 primaries: nits for HDR, 1 for white for SDR."""
    rgb = np.asarray(rgb, np.float64)
    if colour.dynamic_range == "pq":
        light = _pq_to_nits(rgb)
    elif colour.dynamic_range == "hlg":
        light = _hlg_to_nits(rgb, colour)
    else:
        light = rgb**_SDR_GAMMA
    return _inside_gamut(light @ _to_bt709(colour).T)


def sdr_of(rgb: np.ndarray, colour: VideoColour) -> np.ndarray:
    """RGB of the file (..., 3), 0 to 1, as SDR BT.709, 0 to 1."""
    light = light_of(rgb, colour)
    if colour.dynamic_range != "sdr":
        peak = colour.peak_nits or _UNKNOWN_PEAK_NITS
        white = float(np.clip(peak, *_REFERENCE_WHITE_NITS))
        light = _rolled_off(light, white, peak) / white
    return np.clip(light, 0, 1) ** (1 / _SDR_GAMMA)


def colour_table(colour: VideoColour) -> np.ndarray:
    """The SDR colours of a grid of file colours, float64 (TABLE_SIZE³, 3), red fastest, as lut3d reads them."""
    steps = np.linspace(0, 1, TABLE_SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    return sdr_of(np.stack([red, green, blue], axis=-1).reshape(-1, 3), colour)


def _rolled_off(light: np.ndarray, white: float, peak: float) -> np.ndarray:
    """Light whose largest channel, `peak` at most, was brought to `white` at most (BT.2390, in PQ)."""
    if peak <= white:
        return light
    largest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    scale = _nits_to_pq(np.array(peak))
    most, relative = float(_nits_to_pq(np.array(white)) / scale), np.minimum(_nits_to_pq(largest) / scale, 1)
    knee = 1.5 * most - 0.5
    share = np.clip((relative - knee) / (1 - knee), 0, 1)
    curve = (
        (2 * share**3 - 3 * share**2 + 1) * knee
        + (share**3 - 2 * share**2 + share) * (1 - knee)
        + (3 * share**2 - 2 * share**3) * most
    )
    return light * _pq_to_nits(np.where(relative < knee, relative, curve) * scale) / largest


def _inside_gamut(light: np.ndarray) -> np.ndarray:
    """Colours with a negative channel, moved towards grey of their own luminance until it is zero."""
    luminance = np.maximum(light @ _xyz_of(_BT709)[1], 0)[..., None]
    lowest = np.minimum(light.min(axis=-1, keepdims=True), 0)
    return np.maximum(luminance + (light - luminance) * luminance / np.maximum(luminance - lowest, 1e-12), 0)


def _to_bt709(colour: VideoColour) -> np.ndarray:
    return np.linalg.inv(_xyz_of(_BT709)) @ _xyz_of(_gamut(colour))


def _gamut(colour: VideoColour) -> tuple[tuple[float, float], ...]:
    """Primaries of the file; HDR that does not state them is BT.2020."""
    unstated = "bt709" if colour.dynamic_range == "sdr" else "bt2020"
    return _WIDE_GAMUTS.get(colour.primaries or unstated, _BT709)


def _xyz_of(gamut: tuple[tuple[float, float], ...]) -> np.ndarray:
    """The matrix from linear RGB to CIE XYZ; white has luminance 1. The white point is D65 for all (DCI adapted)."""
    primaries = np.array([(x / y, 1, (1 - x - y) / y) for x, y in gamut[:3]]).T
    x, y = _D65
    return primaries * np.linalg.solve(primaries, np.array([x / y, 1, (1 - x - y) / y]))


def _pq_to_nits(code: np.ndarray) -> np.ndarray:
    power = np.maximum(code, 0) ** (1 / _PQ_M2)
    return 10_000 * (np.maximum(power - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * power)) ** (1 / _PQ_M1)


def _nits_to_pq(nits: np.ndarray) -> np.ndarray:
    power = (np.maximum(nits, 0) / 10_000) ** _PQ_M1
    return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2


def _hlg_to_nits(code: np.ndarray, colour: VideoColour) -> np.ndarray:
    """Light of a display of 1000 nits, with the system gamma that belongs to it."""
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    luminance = np.maximum(scene @ _xyz_of(_gamut(colour))[1], 0)[..., None]
    return _HLG_PEAK_NITS * scene * luminance ** (_HLG_SYSTEM_GAMMA - 1)
