"""Which detection is which known face: optimal assignment by overlap."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from transforms.media.boxes import iou_matrix


def assign(known_boxes: np.ndarray, found_boxes: np.ndarray, min_iou: float) -> dict[int, int]:
    """Index of known box -> index of found box, the assignment with the greatest summed overlap above `min_iou`."""
    overlap = iou_matrix(known_boxes, found_boxes)
    overlap = np.where(overlap >= min_iou, overlap, 0.0)
    rows, columns = linear_sum_assignment(-overlap)
    return {int(row): int(column) for row, column in zip(rows, columns) if overlap[row, column] > 0}
