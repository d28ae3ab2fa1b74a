"""Where a new face may be: the whole image is searched, or only the places of the faces that are followed already.

Outside these places a face can only appear where the view has changed since the last search. A small cut-out confirms
a followed face for a fifth to a twentieth of the time that the whole image takes.
"""

import cv2
import numpy as np

from transforms.faces.association import assign
from transforms.faces.cuts import ShotImage
from transforms.faces.detectors.detections import NO_DETECTIONS, Detections, FaceDetector, suppress
from transforms.faces.thumbnail import grey_levels
from transforms.media.shrink import shrink

_MAX_PARTIAL_SEARCHES = 7  # in a row
_MAX_FOLLOWED = 4  # faces; the cut-outs of more cost as much as the whole image
_CHANGED_LEVELS = 20  # grey levels of a thumbnail; new faces change it by 20 to 111, still scenes by 12 (median)
_FACE_REACH = 0.8  # of a box's sides, from its centre: what changes when the face moves
_CUT_OUT_SIDE = 2.0  # times the longer side of a face's box
_CUT_OUT_PX = 96  # a face of 48 px is found in it as surely, and as sure, as in the whole image (measured)


class FaceSearch:
    """Searches the images of one window, in order."""

    def __init__(self, detector: FaceDetector, join_iou: float) -> None:
        """Begin a window; join_iou: overlap from which on a detection is that of a followed face."""
        self._detector, self._join_iou = detector, join_iou
        self._view: np.ndarray = np.zeros((0, 0), np.uint8)  # of the last search of the whole image
        self._faces: np.ndarray = np.zeros((0, 4), np.float32)  # that it found
        self._num_partial = 0

    def detect(self, image: ShotImage, followed: np.ndarray) -> Detections:
        """Faces of an image; followed: boxes (N, 4), px, of all tracked faces; N = 0 to search it as a whole."""
        rgb, small = image.rgb, image.small
        assert rgb is not None and small is not None, "an image that was decoded"
        view = cv2.blur(grey_levels(small), (3, 3))
        if self._is_known(view, followed, small.shape[1] / rgb.shape[1]):
            found = self._near(rgb, followed)
            if found is not None:
                self._num_partial += 1
                return found
        whole = self._detector.detect(rgb)
        self._view, self._faces, self._num_partial = view, whole.boxes_xyxy, 0
        return whole

    def _is_known(self, view: np.ndarray, followed: np.ndarray, scale: float) -> bool:
        """Whether the view is that of the last search but for the faces found then, which are those followed now."""
        is_same_number = 1 <= len(followed) == len(self._faces) <= _MAX_FOLLOWED
        if self._num_partial >= _MAX_PARTIAL_SEARCHES or view.shape != self._view.shape or not is_same_number:
            return False
        change = cv2.absdiff(view, self._view)
        for box in np.concatenate([followed, self._faces]) * scale:
            centre, reach = (box[:2] + box[2:]) / 2, _FACE_REACH * (box[2:] - box[:2])
            x1, y1 = np.maximum(np.floor(centre - reach), 0).astype(int)
            x2, y2 = np.maximum(np.ceil(centre + reach), 0).astype(int)
            change[y1:y2, x1:x2] = 0
        return int(change.max()) < _CHANGED_LEVELS

    def _near(self, rgb: np.ndarray, followed: np.ndarray) -> Detections | None:
        """The followed faces; None where one of them is not found again, or another face is."""
        parts = [self._around(rgb, box) for box in followed]
        found = suppress(
            np.concatenate([part.boxes_xyxy for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
        )
        known = assign(followed, found.boxes_xyxy, self._join_iou)
        return found if len(known) == len(followed) == len(found) else None

    def _around(self, rgb: np.ndarray, box: np.ndarray) -> Detections:
        """Faces in a cut-out around a box, in px of the image."""
        centre, reach = (box[:2] + box[2:]) / 2, _CUT_OUT_SIDE / 2 * float((box[2:] - box[:2]).max())
        x1, y1 = np.maximum(np.floor(centre - reach), 0).astype(int)
        x2, y2 = np.minimum(np.ceil(centre + reach), [rgb.shape[1], rgb.shape[0]]).astype(int)
        if min(x2 - x1, y2 - y1) < 1:
            return NO_DETECTIONS
        factor = min(1.0, _CUT_OUT_PX / max(x2 - x1, y2 - y1))
        size = (max(1, round((x2 - x1) * factor)), max(1, round((y2 - y1) * factor)))
        found = self._detector.detect(shrink(rgb[y1:y2, x1:x2], size))
        scale, start = np.array([(x2 - x1) / size[0], (y2 - y1) / size[1]], np.float32), np.array([x1, y1], np.float32)
        return Detections(
            boxes_xyxy=found.boxes_xyxy * np.tile(scale, 2) + np.tile(start, 2),
            scores=found.scores,
            landmarks=found.landmarks * scale + start,
        )
