"""How many faces an image shows, by the detector that tracks them later."""

import numpy as np

from transforms.faces.config import FacesConfig
from transforms.faces.detectors.detections import FaceDetector
from transforms.faces.detectors.registry import load_detector


class FaceCounter:
    """Counts faces. The detector is loaded at the first image, so that this can be sent to another process before."""

    def __init__(self, faces: FacesConfig) -> None:
        """faces: the settings of the detector."""
        self._faces = faces
        self._detector: FaceDetector | None = None

    def __call__(self, rgb: np.ndarray) -> int:
        """Number of faces of at least `faces.min_box_px` in an RGB uint8 (H, W, 3) image."""
        if self._detector is None:
            self._detector = load_detector(
                self._faces.detector,
                min_box_px=self._faces.min_box_px,
                score=self._faces.detector_score,
                tiles=self._faces.tiles,
            )
        boxes_xyxy = self._detector.detect(rgb).boxes_xyxy
        sides_px = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).min(axis=1)
        return int((sides_px >= self._faces.min_box_px).sum())
