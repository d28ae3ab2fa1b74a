"""Intersection over union of boxes."""

import numpy as np


def iou_matrix(boxes_a: np.ndarray, boxes_b: np.ndarray) -> np.ndarray:
    """Overlap of each of boxes (N, 4) with each of (M, 4), x1 y1 x2 y2: float64 (N, M), 0..1."""
    a, b = (np.asarray(boxes, np.float64).reshape(-1, 4) for boxes in (boxes_a, boxes_b))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=2)
    area_a, area_b = (np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (a, b))
    return inside / np.maximum(area_a[:, None] + area_b[None] - inside, 1e-9)
