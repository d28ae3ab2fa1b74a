"""One clip as one image: its provenance, a strip of faces, and waveform, MFCC and mouth opening on one time axis."""

from itertools import pairwise

import cv2
import numpy as np

from audit.shown_clip import ShownClip, provenance
from schemas.clock import FRAME_RATE
from transforms.media.canonical import mouth_opening

WIDTH_PX = 1280
_NUM_FACES = 10
_PLOT_PX, _LINE_PX, _TEXT_PX, _MARGIN_PX = 110, 20, 15, 8
_PAPER, _INK, _FAINT, _LINE, _MARK = (255, 255, 255), (25, 25, 25), (205, 205, 205), (30, 90, 170), (200, 60, 40)  # RGB
_FONT, _WEIGHT, _WRAP = cv2.FontFace("sans"), 400, cv2.PUT_TEXT_WRAP


def clip_sheet(shown: ShownClip) -> np.ndarray:
    """RGB uint8 (H, WIDTH_PX, 3)."""
    clip = shown.clip
    seconds = f"{clip.num_frames / FRAME_RATE:.2f} s"
    opening = mouth_opening(clip.mesh)
    panels = [
        *map(_text_line, provenance(shown.row)),
        _faces(shown),
        _text_line(f"waveform, {seconds}, full scale"),
        _waveform(clip.samples),
        _text_line("MFCC, coefficient 1 at the top, each between its percentiles 5 and 95"),
        _mfcc(clip.mfcc),
        _text_line(f"mouth opening over eye distance, {opening.min():.2f} to {opening.max():.2f}"),
        _plot(opening, np.linspace(0, 1, 2 * len(opening) + 1)[1::2]),
        *_sync_curve(shown),
    ]
    return np.vstack(panels)


def _canvas(height: int) -> np.ndarray:
    return np.full((height, WIDTH_PX, 3), _PAPER, np.uint8)


def _text_line(text: str) -> np.ndarray:
    """Text on a line, or on several where it is longer than the image is wide."""
    box = cv2.getTextSize((WIDTH_PX, 10_000), text, (_MARGIN_PX, _TEXT_PX), _FONT, _TEXT_PX, _WEIGHT, _WRAP)
    image = _canvas(max(_LINE_PX, box[1] + box[3] + _LINE_PX - _TEXT_PX))
    cv2.putText(image, text, (_MARGIN_PX, _TEXT_PX), _INK, _FONT, _TEXT_PX, _WEIGHT, _WRAP)
    return image


def _faces(shown: ShownClip) -> np.ndarray:
    """Faces in the middles of the parts of the clip below them, with their times."""
    side = WIDTH_PX // _NUM_FACES
    frames = ((np.arange(_NUM_FACES) + 0.5) * shown.clip.num_frames / _NUM_FACES).astype(int)
    image = _canvas(side + _LINE_PX)
    for place, frame in enumerate(frames.tolist()):
        left = place * side
        image[:side, left : left + side] = cv2.resize(
            shown.clip.face(frame), (side, side), interpolation=cv2.INTER_AREA
        )
        text = f"{frame / FRAME_RATE:.2f} s"
        cv2.putText(image, text, (left + _MARGIN_PX, side + _TEXT_PX), _INK, _FONT, _TEXT_PX)
    return image


def _waveform(samples: np.ndarray) -> np.ndarray:
    """Smallest and largest sample of each column of the image."""
    image, middle = _canvas(_PLOT_PX), _PLOT_PX // 2
    bounds = np.linspace(0, len(samples), WIDTH_PX + 1).astype(int)
    for column, (begin, end) in enumerate(pairwise(bounds.tolist())):
        part = samples[begin : max(end, begin + 1)] / 32768 * (middle - 1)
        cv2.line(image, (column, middle - round(part.max())), (column, middle - round(part.min())), _LINE)
    return image


def _mfcc(mfcc: np.ndarray) -> np.ndarray:
    """Coefficients between their percentiles 5 and 95, as colours."""
    low, high = np.percentile(mfcc, (5, 95), axis=1, keepdims=True)
    grey = np.clip((mfcc - low) / np.maximum(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    return cv2.resize(colours, (WIDTH_PX, _PLOT_PX), interpolation=cv2.INTER_NEAREST)


def _plot(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A line through values (N,), whose range fills the height, at places 0..1 of the width; NaN is a gap."""
    image = _canvas(_PLOT_PX)
    known = np.isfinite(values)
    if not known.any():
        return image
    low, span = values[known].min(), max(float(np.ptp(values[known])), 1e-6)
    heights = _MARGIN_PX + (1 - (values - low) / span) * (_PLOT_PX - 2 * _MARGIN_PX)
    points = np.stack([places * (WIDTH_PX - 1), np.where(known, heights, 0)], axis=1).round().astype(np.int32)
    for number, (begin, end) in enumerate(pairwise(points)):
        if known[number] and known[number + 1]:
            cv2.line(image, begin.tolist(), end.tolist(), _LINE, 2, cv2.LINE_AA)
    return image


def _sync_curve(shown: ShownClip) -> list[np.ndarray]:
    """The curve of the clip's track, with its measured lag, and a text above it; the text alone where there is none."""
    curve, lag = shown.sync_curve, shown.row["audio_lag_frames"]
    if not np.isfinite(curve).any():
        return [_text_line("sync curve of the track: none is stored")]
    middle = len(curve) // 2
    known = curve[np.isfinite(curve)]
    image = _plot(curve, np.linspace(0.5 / len(curve), 1 - 0.5 / len(curve), len(curve)))
    _mark(image, 0.5, _FAINT, "0")
    if lag is not None:
        _mark(image, (lag + middle + 0.5) / len(curve), _MARK, f"lag {lag:+.2f}")
    about = f"of the track with audio delayed by {-middle} to {middle} frames, {known.min():.3f} to {known.max():.3f}"
    return [_text_line(f"sync curve: similarity {about}"), image]


def _mark(image: np.ndarray, place: float, colour: tuple[int, int, int], text: str) -> None:
    column = round(place * (WIDTH_PX - 1))
    cv2.line(image, (column, 0), (column, _PLOT_PX), colour)
    cv2.putText(image, text, (column + 4, _PLOT_PX - 4), colour, _FONT, _TEXT_PX)
