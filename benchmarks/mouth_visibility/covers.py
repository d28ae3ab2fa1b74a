"""Covers painted over the mouth of a face crop: caption, bar, hand, microphone, another part of the image."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

KINDS = ("caption", "bar", "hand", "microphone", "patch")
_LETTERS = list("ABCDEFGHIKLMNOPRSTUVWXYZ aeinorstlu")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where a mouth is in a crop, px."""

    centre: np.ndarray  # (2,)
    width: float
    height: float


def cover(image: np.ndarray, place: Place, kind: str, seed: int) -> np.ndarray:
    """A copy of an RGB crop whose mouth is covered; the same seed paints the same cover."""
    random = np.random.default_rng(seed)
    size = random.uniform(1.0, 1.7)
    reach = 0.45 if kind in ("caption", "bar") else 0.2  # a caption that hides one lip hides enough
    shift = random.uniform((-0.3, -reach), (0.3, reach)) * (0.3 * place.width, place.height)
    half = np.array([size * place.width, 0.62 * size * place.height])
    return _PAINTERS[kind](image.copy(), place.centre + shift, half, random)


def _colours(random: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A colour, and one that stands out from it; grey in four of ten."""
    colour = random.integers(0, 256, 3) if random.random() > 0.4 else np.full(3, random.choice([0, 10, 30, 230, 255]))
    other = np.where(np.abs(255 - 2 * colour) > 80, 255 - colour, np.where(colour < 128, 255, 0))
    return tuple(map(int, colour)), tuple(map(int, other))


def _bar(image: np.ndarray, centre: np.ndarray, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
    (x1, y1), (x2, y2) = (centre - half).astype(int), (centre + half).astype(int)
    return cv2.rectangle(image, (int(x1) - 40, int(y1)), (int(x2) + 40, int(y2)), _colours(random)[0], -1)


def _caption(image: np.ndarray, centre: np.ndarray, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
    text = "".join(random.choice(_LETTERS, random.integers(8, 24)))
    font, height = _FONTS[random.integers(len(_FONTS))], 1.24 * half[1]
    scale, thick = height / 22, max(1, round(height / 9))
    width = cv2.getTextSize(text, font, scale, thick)[0][0]
    place = (int(centre[0] - width / 2), int(centre[1] + height / 2))
    back, front = _colours(random)
    if random.random() < 0.5:
        (x1, y1), (x2, y2) = (centre - half).astype(int), (centre + half).astype(int)
        cv2.rectangle(image, (int(x1) - 40, int(y1)), (int(x2) + 40, int(y2)), back, -1)
    else:
        cv2.putText(image, text, place, font, scale, (0, 0, 0), thick + max(2, thick), cv2.LINE_AA)
    return cv2.putText(image, text, place, font, scale, front, thick, cv2.LINE_AA)


def _hand(image: np.ndarray, centre: np.ndarray, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Fingers of the colour of the cheek, with shadows between them."""
    cheek = np.clip(centre - (0.9 * half[0], 0), 0, np.array(image.shape[1::-1]) - 5).astype(int)
    skin = image[cheek[1] : cheek[1] + 4, cheek[0] : cheek[0] + 4].reshape(-1, 3).mean(0) * random.uniform(0.7, 1.2)
    angle, count = random.uniform(-0.8, 0.8), int(random.integers(1, 5))
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    mask, thick = np.zeros(image.shape[:2], np.uint8), int(max(2, 2 * half[1] / count + 2))
    for finger in range(count):
        middle = centre + across * (finger - (count - 1) / 2) * (2 * half[1] / count)
        ends = middle - along * half[0], middle + along * half[0] * random.uniform(1, 2.5)
        first, last = ((int(end[0]), int(end[1])) for end in ends)
        cv2.line(mask, first, last, 255, thick)
    noise = random.normal(0, 28, image.shape[:2]).astype(np.float32)
    light = (
        cv2.GaussianBlur(noise, (0, 0), max(half[0] / 12, 1))[..., None]
        + np.linspace(-15, 15, len(image))[:, None, None]
    )
    rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[..., None] / 255
    share = cv2.GaussianBlur(mask, (0, 0), 1.2)[..., None] / 255
    return np.clip(image * (1 - share) + share * (skin + light) * (1 - 0.35 * rim), 0, 255).astype(np.uint8)


def _microphone(image: np.ndarray, centre: np.ndarray, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A dark, grainy ball with a gleam, on a stick."""
    radius = max(2.0, float(half[1]))
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    inside = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 < radius**2
    gleam = (columns - centre[0] + 0.4 * radius) ** 2 + (rows - centre[1] + 0.4 * radius) ** 2
    ball = random.normal(random.uniform(5, 80), 18, image.shape) + 40 * np.exp(-gleam / (0.1 * radius**2))[..., None]
    image[inside] = np.clip(ball[inside], 0, 255).astype(np.uint8)
    foot = (int(centre[0] + random.uniform(-0.8, 0.8) * radius), len(image))
    return cv2.line(image, (int(centre[0]), int(centre[1] + radius)), foot, (20, 20, 20), max(3, int(radius) // 2))


def _patch(image: np.ndarray, centre: np.ndarray, half: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another part of the upper image over the mouth."""
    height, width = image.shape[:2]
    size = np.maximum(2 * half, 4).astype(int)
    left = int(random.integers(0, max(1, width - size[0])))
    top = int(random.integers(0, max(1, int(0.45 * height) - min(size[1], int(0.4 * height)))))
    part = cv2.resize(image[top : top + size[1], left : left + size[0]], tuple(map(int, size)))
    low = (centre - half).astype(int)
    x1, y1, x2, y2 = max(low[0], 0), max(low[1], 0), min(low[0] + size[0], width), min(low[1] + size[1], height)
    if x2 > x1 and y2 > y1:
        image[y1:y2, x1:x2] = part[y1 - low[1] : y2 - low[1], x1 - low[0] : x2 - low[0]]
    return image


_PAINTERS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]] = {
    "caption": _caption,
    "bar": _bar,
    "hand": _hand,
    "microphone": _microphone,
    "patch": _patch,
}
