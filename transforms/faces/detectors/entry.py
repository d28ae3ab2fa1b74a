"""A line of the detectors' registry: how --detector names a detector, and what must be known before it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from transforms.faces.detectors.detections import FaceDetector
from transforms.media.choices import Choice
from transforms.media.model_licences import pinned_weights
from transforms.media.models import verify_models


class LoadDetector(Protocol):
    """Loads a detector."""

    def __call__(self, argument: str, *, min_box_px: float, score: float) -> FaceDetector:
        """Load it; argument: what follows the colon in the setting; score: at or below it, detections are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorEntry(Choice):
    """One detector that --detector can name."""

    about: str  # for --help
    load: LoadDetector
    require: Callable[[str], None]  # argument -> UsageError or IntegrityError where weights are missing or wrong
    weights: Callable[[str], dict[str, dict[str, str]]]  # argument -> for run.json: file -> its sha256 and licence


def installed_entry(name: str, *, about: str, load: LoadDetector) -> DetectorEntry:
    """Entry of a detector whose weights are in the table of models, under the detector's own name."""
    return DetectorEntry(
        name=name,
        about=about,
        load=load,
        require=lambda argument: verify_models((name,)),
        weights=lambda argument: {name: pinned_weights(name)},
    )
