"""Settings of face detection and tracking."""

from dataclasses import dataclass

from schemas.settings import require, setting
from transforms.faces.detectors.registry import detector_forms, is_detector
from transforms.faces.detectors.tiled import MAX_TILES


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesConfig:
    """Face detection and tracking. `detector` names a detector of the registry."""

    detector: str = setting("centerface", "", detector_forms())
    detector_score: float = setting(0.5, "detector score", "score below which a detection is dropped")
    detect_every: int = setting(10, "frame", "frames between detections")
    mesh_presence: float = setting(0.0, "logit", "mesh presence below which a face counts as not found in a frame")
    min_box_px: float = setting(32.0, "px", "smallest face: the box's shorter side in the source, median of the track")
    tiles: int = setting(
        1, "tile", "tiles along the longer side, searched for small faces; 0: as many as faces.min_box_px needs"
    )
    max_faces: int = setting(16, "face", "faces in view at once that are judged, the largest first; others are dropped")
    join_iou: float = setting(0.3, "IoU", "overlap from which on a detection belongs to a track")
    max_gap_frames: int = setting(5, "frame", "longest gap that is interpolated, and marked so")
    min_track_s: float = setting(1.0, "s", "shortest track")
    cut_threshold: float = setting(27.0, "HSV difference", "PySceneDetect's content threshold for a hard cut")
    smoothing_frames: int = setting(11, "frame", "length of the zero-phase smoothing of the alignment; odd")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require(is_detector(self.detector), f"faces.detector must be {detector_forms()}, not {self.detector!r}")
        require(0 <= self.tiles <= MAX_TILES, f"faces.tiles must be in 0..{MAX_TILES}, not {self.tiles}")
        require(self.max_faces >= 1, f"faces.max_faces must be at least 1, not {self.max_faces}")
        require(self.detect_every >= 1, f"faces.detect_every must be at least 1, not {self.detect_every}")
        require(self.smoothing_frames % 2 == 1, f"faces.smoothing_frames must be odd, not {self.smoothing_frames}")
