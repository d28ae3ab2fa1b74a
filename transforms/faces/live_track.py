"""A face while it is followed: what was seen of it, frame by frame."""

from dataclasses import dataclass, field

import numpy as np

from transforms.faces.mesh import box_of_mesh
from transforms.media.face_crop import FaceCrop


@dataclass(slots=True, kw_only=True)
class Observation:
    """One face in one frame."""

    box_xyxy: np.ndarray  # px
    mesh: np.ndarray | None  # (468, 3) px; None: seen by the detector only
    presence: float


@dataclass(slots=True, kw_only=True)
class LiveTrack:
    """One face being followed. A track has a mesh in every frame in which it is seen, or in none."""

    start_frame: int
    has_mesh: bool
    observations: dict[int, Observation] = field(default_factory=dict)  # by timeline frame
    crops: dict[int, FaceCrop] = field(default_factory=dict)  # of every frame, seen or not
    scores: list[float] = field(default_factory=list)  # of the detections that confirmed it
    embedding: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    last_confirmed_frame: int = 0
    unconfirmed_rounds: int = 0

    def see(self, frame: int, box_xyxy: np.ndarray, mesh: np.ndarray | None, presence: float) -> None:
        """Note that the face was seen in this frame."""
        self.observations[frame] = Observation(
            box_xyxy=box_of_mesh(mesh) if mesh is not None else box_xyxy, mesh=mesh, presence=presence
        )

    def confirm(self, frame: int, score: float) -> None:
        """Note that the detector saw it too."""
        self.scores.append(score)
        self.last_confirmed_frame, self.unconfirmed_rounds = frame, 0

    @property
    def last_frame(self) -> int:
        """Last frame in which the face was seen."""
        return next(reversed(self.observations))

    @property
    def last(self) -> Observation:
        """Last sighting."""
        return self.observations[self.last_frame]

    def end_at(self, frame: int) -> None:
        """Forget observations at or after this frame."""
        for late in [seen for seen in self.observations if seen >= frame]:
            del self.observations[late]
