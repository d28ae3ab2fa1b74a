"""A face while it is tracked: its observations, frame by frame."""

from dataclasses import dataclass, field

import numpy as np

from transforms.faces.mesh import box_of_mesh
from transforms.media.face_crop import FaceCrop


@dataclass(slots=True, kw_only=True, eq=False)
class Observation:
    """One face in one frame."""

    box_xyxy: np.ndarray  # px
    mesh: np.ndarray | None  # (468, 3) px; None: found by the detector only
    presence: float  # logit


@dataclass(slots=True, kw_only=True, eq=False)
class LiveTrack:
    """One face being tracked. A track has a mesh in all of its observations, or in none."""

    start_frame: int
    has_mesh: bool
    observations: dict[int, Observation] = field(default_factory=dict)  # by timeline frame, ascending
    crops: dict[int, FaceCrop] = field(default_factory=dict)  # of every decoded frame, also those between observations
    scores: dict[int, float] = field(default_factory=dict)  # of the detections that confirmed it, by frame
    last_confirmed_frame: int = 0
    unconfirmed_rounds: int = 0  # detections in a row that did not find it
    size_rank: int | None = None  # of a face that is followed by the detector alone, because more are larger

    def add_mesh(self, frame: int, mesh: np.ndarray, presence: float) -> None:
        """Add the observation of a frame in which the mesh was found."""
        self.observations[frame] = Observation(box_xyxy=box_of_mesh(mesh), mesh=mesh, presence=presence)

    def add_box(self, frame: int, box_xyxy: np.ndarray, presence: float) -> None:
        """Add the observation of a frame in which only the detector found the face."""
        self.observations[frame] = Observation(box_xyxy=box_xyxy, mesh=None, presence=presence)

    def confirm(self, frame: int, score: float) -> None:
        """Take note that the detector found the face too."""
        self.scores[frame] = score
        self.last_confirmed_frame, self.unconfirmed_rounds = frame, 0

    @property
    def last_frame(self) -> int:
        """Frame of the last observation."""
        return next(reversed(self.observations))

    @property
    def last_box(self) -> np.ndarray:
        """Box of the last observation, px."""
        return self.observations[self.last_frame].box_xyxy

    @property
    def last_mesh(self) -> np.ndarray:
        """Mesh of the last observation; see `mesh_at`."""
        return self.mesh_at(self.last_frame)

    def mesh_at(self, frame: int) -> np.ndarray:
        """Mesh (468, 3), px, of an observation of a track that has meshes."""
        mesh = self.observations[frame].mesh
        assert mesh is not None, "this track has no meshes"
        return mesh

    def box_near(self, frame: int) -> np.ndarray:
        """Box of the observation nearest to a frame, px."""
        return self.observations[min(self.observations, key=lambda observed: abs(observed - frame))].box_xyxy

    def part(self, start_frame: int, end_frame: int) -> "LiveTrack":
        """The track from its first observation in these frames (end excluded) on."""
        inside = range(start_frame, end_frame)
        observations = {frame: seen for frame, seen in self.observations.items() if frame in inside}
        first = next(iter(observations), start_frame)
        return LiveTrack(
            start_frame=first,
            has_mesh=self.has_mesh,
            size_rank=self.size_rank,
            observations=observations,
            crops={frame: crop for frame, crop in self.crops.items() if first <= frame < end_frame},
            scores={frame: score for frame, score in self.scores.items() if frame in inside} or dict(self.scores),
        )

    def cut_off_at(self, frame: int) -> None:
        """Drop observations at or after this frame."""
        for late in [observed for observed in self.observations if observed >= frame]:
            del self.observations[late]
