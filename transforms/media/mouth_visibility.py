"""How surely a mouth is seen: a logistic regression on the edges and colours at the place where the mesh has a mouth.

The mesh network fits a mouth to captions, hands and microphones as well, with full presence; only the pixels tell. The
weights, their data and their numbers: transforms/media/weights/mouth_visibility.md.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from transforms.media.canonical import INNER_LIPS, MESH_UNIT, MOUTH_CORNERS, CanonicalFace, invert_affine
from transforms.media.tubes import FaceTube

WEIGHTS_PATH = Path(__file__).parent / "weights" / "mouth_visibility.npz"
PATCH_SIZE = (32, 24)  # px, width and height
_REACH = (1.1, 0.8)  # of the distance of the eyes: width and height of a patch
_CELLS = (8, 6)  # over a patch
_NUM_DIRECTIONS = 8
_EVERY = 10  # frames
_EDGE_FLOOR = 20.0  # grey levels; fainter edges count less
_CONTRAST, _CONTRAST_FLOOR = 50.0, 6.0  # grey levels, standard deviation: of a patch after scaling; added before


def mouth_visibility(tube: FaceTube, canonical: CanonicalFace) -> np.ndarray:
    """Probability that the mouth is seen, float32 (T,): measured in every tenth frame, and kept until the next."""
    num_frames = len(tube.boxes_xyxy)
    seen = [visibility(mouth_patch(tube.crop(t), tube, t, canonical)) for t in range(0, num_frames, _EVERY)]
    return np.repeat(np.array(seen, np.float32), _EVERY)[:num_frames]


def mouth_patch(crop_rgb: np.ndarray, tube: FaceTube, frame: int, canonical: CanonicalFace) -> np.ndarray:
    """RGB uint8 (24, 32, 3) around the mouth of one frame of a tube, in the direction of the aligned face."""
    lips = tube.mesh[frame, [*MOUTH_CORNERS, *INNER_LIPS], :2].astype(np.float64)
    centre = lips.mean(0) * (canonical.image_px / MESH_UNIT)
    eyes = float(np.linalg.norm(canonical.targets[0] - canonical.targets[1]))
    fine = (2 * PATCH_SIZE[0], 2 * PATCH_SIZE[1])  # shrunk by area afterwards
    step = np.array(_REACH) * eyes / fine
    to_aligned = np.column_stack([np.diag(step), centre - step * (np.array(fine) - 1) / 2])
    to_source = invert_affine(tube.align[frame : frame + 1].astype(np.float64))[0]
    to_crop = invert_affine(tube.crop_to_source[frame : frame + 1].astype(np.float64))[0]
    patch_to_crop = _after(to_crop, _after(to_source, to_aligned))
    patch = cv2.warpAffine(
        crop_rgb, patch_to_crop, fine, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(patch, PATCH_SIZE, interpolation=cv2.INTER_AREA)


def visibility(patch_rgb: np.ndarray) -> float:
    """Probability that a patch shows a mouth."""
    weights, offset = _weights()
    return float(1 / (1 + np.exp(-np.clip(features(patch_rgb) @ weights + offset, -30, 30))))


def features(patch_rgb: np.ndarray) -> np.ndarray:
    """Float64 (528,): edges by direction, light and colour of each cell, whatever the patch's light and contrast."""
    grey = cv2.cvtColor(patch_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.clip((grey - grey.mean()) * (_CONTRAST / (grey.std() + _CONTRAST_FLOOR)) + 128, 0, 255)
    cells = cv2.resize(_edges_by_direction(grey), _CELLS, interpolation=cv2.INTER_AREA)
    nearby = cv2.blur((cells**2).sum(2), (3, 3), borderType=cv2.BORDER_REPLICATE) * 9
    edges = np.minimum(cells / (np.sqrt(nearby) + _EDGE_FLOOR)[..., None], 0.5) * 3
    light = cv2.resize(grey, _CELLS, interpolation=cv2.INTER_AREA) / 50 - 2.5
    lab = cv2.cvtColor(cv2.resize(patch_rgb, _CELLS, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    colour = lab[..., 1:].astype(np.float32)
    colour = (colour - colour.mean((0, 1))) / 10
    return np.concatenate([edges.ravel(), light.ravel(), colour.ravel()]).astype(np.float64)


def _edges_by_direction(grey: np.ndarray) -> np.ndarray:
    """Float32 (h, w, 8): each pixel's gradient, shared by the two nearest of 8 directions."""
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1)
    place = (np.arctan2(down, across) % np.pi) * (_NUM_DIRECTIONS / np.pi)
    distance = np.abs(place[..., None] - np.arange(_NUM_DIRECTIONS))
    share = np.maximum(1 - np.minimum(distance, _NUM_DIRECTIONS - distance), 0)
    return (np.hypot(across, down)[..., None] * share).astype(np.float32)


def _after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine map (2, 3) that applies `first`, then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


@cache
def _weights() -> tuple[np.ndarray, float]:
    """Weights float64 (528,) and offset of the bundled regression."""
    with np.load(WEIGHTS_PATH, allow_pickle=False) as stored:
        return stored["weights"].astype(np.float64), float(stored["offset"])
