"""Small faces in large images: a detector that searches the whole image and, larger, overlapping tiles of it."""

import numpy as np

from transforms.faces.detectors.detections import Detections, FaceDetector, suppress

MAX_TILES = 8
_OVERLAP = 0.25  # of a tile's side, at least
_EDGE_PX = 2.0  # a face that comes closer to a tile's inner edge may be cut off there; the next tile has it whole


class TiledDetector:
    """A detector applied to the whole image, and to tiles of it."""

    def __init__(self, detector: FaceDetector, *, tiles: int, min_box_px: float) -> None:
        """tiles: along the longer side; 0: as many as faces of `min_box_px` need."""
        self.name, self.sha256 = detector.name, detector.sha256
        self._detector, self._tiles, self._min_box_px = detector, tiles, min_box_px

    def detect(self, rgb: np.ndarray) -> Detections:
        """See FaceDetector."""
        height, width = rgb.shape[:2]
        parts = [self._detector.detect(rgb)]
        tiles = _tiles(width, height, self._num_tiles(width, height))
        parts += [self._detect_in(rgb, tile) for tile in tiles if len(tiles) > 1]
        if len(parts) == 1:
            return parts[0]
        return suppress(
            np.concatenate([part.boxes_xyxy for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
        )

    def smallest_face_px(self, width: int, height: int) -> float:
        """See FaceDetector."""
        return self._smallest(width, height, self._num_tiles(width, height))

    def _smallest(self, width: int, height: int, num_tiles: int) -> float:
        x1, y1, x2, y2 = _tiles(width, height, num_tiles)[0]
        return self._detector.smallest_face_px(x2 - x1, y2 - y1)

    def _num_tiles(self, width: int, height: int) -> int:
        if self._tiles:
            return self._tiles
        enough = (n for n in range(1, MAX_TILES) if self._smallest(width, height, n) <= self._min_box_px)
        return next(enough, MAX_TILES)

    def _detect_in(self, rgb: np.ndarray, tile: tuple[int, int, int, int]) -> Detections:
        """Faces of one tile that do not reach its inner edges, in px of the image."""
        x1, y1, x2, y2 = tile
        found = self._detector.detect(np.ascontiguousarray(rgb[y1:y2, x1:x2]))
        shift = np.array([x1, y1], np.float32)
        boxes = found.boxes_xyxy + np.tile(shift, 2)
        low = np.where(np.array([x1, y1]) > 0, np.array([x1, y1]) + _EDGE_PX, -np.inf)
        high = np.where(np.array([x2, y2]) < rgb.shape[1::-1], np.array([x2, y2]) - _EDGE_PX, np.inf)
        whole = (boxes[:, :2] > low).all(1) & (boxes[:, 2:] < high).all(1)
        return Detections(
            boxes_xyxy=boxes[whole], scores=found.scores[whole], landmarks=(found.landmarks + shift)[whole]
        )


def _tiles(width: int, height: int, num_tiles: int) -> list[tuple[int, int, int, int]]:
    """Tiles x1 y1 x2 y2, about square, `num_tiles` along the longer side, row by row."""
    side = max(width, height) / (num_tiles - (num_tiles - 1) * _OVERLAP)
    columns, rows = _spans(width, side), _spans(height, side)
    return [(x1, y1, x2, y2) for y1, y2 in rows for x1, x2 in columns]


def _spans(length: int, side: float) -> list[tuple[int, int]]:
    """Spans of `side` or less that cover a length and overlap."""
    side = min(side, length)
    count = 1 if side >= length else 1 + int(np.ceil((length - side) / (side * (1 - _OVERLAP)) - 1e-9))
    starts = np.linspace(0, length - side, count)
    return [(round(float(start)), min(length, round(float(start + side)))) for start in starts]
