"""A line of the detectors' registry: how --detector names a detector, and what must be known before it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from transforms.faces.detectors.detections import FaceDetector
from transforms.media.models import MODELS, model_sha256, verify_models


class LoadDetector(Protocol):
    """Loads a detector."""

    def __call__(self, argument: str, *, min_box_px: float, score: float) -> FaceDetector:
        """Load it; `argument`: what follows the colon in the setting, `score`: detections at or below it are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorEntry:
    """One detector that --detector can name."""

    name: str  # the setting, or its part before the colon
    argument: str = ""  # the part after the colon, as --help shows it: FOLDER; "" where the name is the whole setting
    about: str  # for --help
    load: LoadDetector
    require: Callable[[str], None]  # argument -> UsageError or IntegrityError where weights are missing or wrong
    weights: Callable[[str], dict[str, dict[str, str]]]  # argument -> for run.json: file -> its sha256 and licence

    @property
    def form(self) -> str:
        """What the setting looks like: "centerface", "insightface:FOLDER"."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


def installed_entry(name: str, *, about: str, load: LoadDetector) -> DetectorEntry:
    """Entry of a detector whose weights are in the table of models, under the detector's own name."""
    return DetectorEntry(
        name=name,
        about=about,
        load=load,
        require=lambda argument: verify_models((name,)),
        weights=lambda argument: {name: {"sha256": model_sha256(name), "licence": MODELS[name].licence}},
    )
