"""Data association: which detection is which tracked face, by optimal assignment on their overlap."""

import numpy as np
import scipy

from transforms.media.boxes import iou_matrix


def assign(known_boxes: np.ndarray, found_boxes: np.ndarray, min_iou: float) -> dict[int, int]:
    """Index of known box -> index of found box: the assignment with the largest sum of overlaps from `min_iou` on."""
    overlap = iou_matrix(known_boxes, found_boxes)
    overlap = np.where(overlap >= min_iou, overlap, 0.0)
    rows, columns = scipy.optimize.linear_sum_assignment(-overlap)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if overlap[row, column] > 0}
