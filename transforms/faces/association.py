"""Which detection is which known face: optimal assignment by overlap."""
import numpy as np
from scipy.optimize import linear_sum_assignment


def iou_matrix(boxes_a: np.ndarray, boxes_b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (N, 4) and (M, 4), x1 y1 x2 y2: float64 (N, M)."""
    a, b = (np.asarray(boxes, np.float64).reshape(-1, 4) for boxes in (boxes_a, boxes_b))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=2)
    area_a, area_b = (np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (a, b))
    return inside / np.maximum(area_a[:, None] + area_b[None] - inside, 1e-9)


def assign(known_boxes: np.ndarray, found_boxes: np.ndarray, min_iou: float) -> dict[int, int]:
    """Index of known box -> index of found box, the assignment with the greatest summed overlap above `min_iou`."""
    overlap = iou_matrix(known_boxes, found_boxes)
    overlap = np.where(overlap >= min_iou, overlap, 0.0)
    rows, columns = linear_sum_assignment(-overlap)
    return {int(row): int(column) for row, column in zip(rows, columns) if overlap[row, column] > 0}
