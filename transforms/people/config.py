"""Settings of FindPeople."""

from dataclasses import dataclass

from schemas.settings import require, setting

DLIB, NONE = "dlib", "none"
DLIB_NUMBERS = 128
"""Numbers of an embedding of dlib's network."""
DLIB_DISTANCE, ARCFACE_DISTANCE = 0.42, 0.8  # chosen on the people of train/, see docs/decisions/020


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleConfig:
    """How the faces of one person are found across sources."""

    network: str = setting(DLIB, "", "dlib, none, a recognition FILE.onnx or the folder of an InsightFace pack")
    faces: int = setting(5, "faces", "of a track that are embedded: sharp, frontal and spread over its clips")
    max_distance: float | None = setting(
        None,
        "distance of embeddings",
        f"largest, root mean square, of one person's faces; none: {DLIB_DISTANCE} with dlib, {ARCFACE_DISTANCE} else",
    )

    def __post_init__(self) -> None:
        """Check the settings; UsageError."""
        require(bool(self.network), "people.network must be dlib, none, FILE.onnx or a folder, not empty")
        require(1 <= self.faces <= 100, f"people.faces must be in 1..100, not {self.faces}")
        require(
            self.max_distance is None or 0 < self.max_distance <= 2,
            f"people.max_distance must be above 0 and at most 2, not {self.max_distance}",
        )

    @property
    def is_on(self) -> bool:
        """Whether people are looked for."""
        return self.network != NONE

    @property
    def distance(self) -> float:
        """The largest root mean square distance between the faces of one person."""
        if self.max_distance is not None:
            return self.max_distance
        return DLIB_DISTANCE if self.network == DLIB else ARCFACE_DISTANCE
