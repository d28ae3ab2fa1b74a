"""The portrait, cut out of its background, and the same portrait in other colours as a second person."""

import cv2
import numpy as np
import skimage.data


def astronaut_rgba() -> np.ndarray:
    """Return NASA's public-domain portrait from scikit-image with a transparent background: uint8 (512, 512, 4)."""
    portrait_rgb = skimage.data.astronaut()
    return np.dstack([portrait_rgb, _person_mask(portrait_rgb)])


def recoloured(portrait_rgba: np.ndarray) -> np.ndarray:
    """Return the portrait with dark hair and a blue suit, as another person: uint8 (512, 512, 4)."""
    hue, saturation, value = cv2.split(cv2.cvtColor(portrait_rgba[..., :3], cv2.COLOR_RGB2HSV).astype(np.float32))
    y, x = np.mgrid[:512, :512].astype(np.float32)
    suit = _soft((y - 195) / 10) * _soft((saturation - 110) / 30)
    # The face is the skin in its middle and the bright pixels around it, but not the dark hair in between.
    middle = _soft(1.15 - np.hypot((x - 225) / 49, (y - 134) / 48), 0.12)
    face = np.maximum(middle, _soft(1.2 - np.hypot((x - 226) / 49, (y - 130) / 54), 0.12) * _soft((value - 160) / 30))
    hair = _soft((205 - y) / 10) * (1 - face)
    hue = np.where(suit > 0.5, (hue + 102) % 180, hue)
    saturation *= 1 - 0.35 * suit - 0.3 * hair
    value *= 1 - 0.25 * suit - 0.5 * hair
    changed = np.clip(np.dstack([hue, saturation, value]).round(), 0, 255).astype(np.uint8)
    return np.dstack([cv2.cvtColor(changed, cv2.COLOR_HSV2RGB), portrait_rgba[..., 3]])


def _soft(distance: np.ndarray, width: float = 1.0) -> np.ndarray:
    return np.clip(distance / width, 0, 1)


def _person_mask(portrait_rgb: np.ndarray) -> np.ndarray:
    """Segment the person, 0..255, by GrabCut from a sketch; flag, shuttle and helmet are background."""
    sketch = np.full((512, 512), cv2.GC_PR_BGD, np.uint8)
    cv2.ellipse(sketch, (226, 110), (85, 95), 0, 0, 360, cv2.GC_PR_FGD, -1)
    sketch[190:, 20:370] = cv2.GC_PR_FGD
    cv2.ellipse(sketch, (226, 85), (55, 50), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.ellipse(sketch, (224, 125), (40, 52), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.ellipse(sketch, (210, 240), (70, 50), 0, 0, 360, cv2.GC_FGD, -1)
    sketch[300:, 80:300] = cv2.GC_FGD
    sketch[:20] = sketch[:180, :130] = sketch[:180, 325:] = cv2.GC_BGD
    sketch[:, 370:] = cv2.GC_BGD
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(portrait_rgb[..., ::-1]),
        sketch,
        None,
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        5,
        cv2.GC_INIT_WITH_MASK,
    )
    person = np.isin(sketch, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    # One pixel smaller and blurred, so that no edge of the old background is visible.
    return cv2.GaussianBlur(cv2.erode(person, np.ones((3, 3), np.uint8)), (0, 0), 0.9)
