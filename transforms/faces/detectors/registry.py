"""All face detectors. A new one is a file with an ENTRY, and its place in this table."""

from transforms.faces.detectors import blazeface, centerface, insightface_pack
from transforms.faces.detectors.detections import FaceDetector
from transforms.faces.detectors.tiled import TiledDetector
from transforms.media.choices import chosen, forms_of, is_choice

DETECTORS = {entry.name: entry for entry in (centerface.ENTRY, blazeface.ENTRY, insightface_pack.ENTRY)}
"""Detector name -> its entry; the first is the default."""


def detector_forms() -> str:
    """What --detector takes: "A, B or C:FOLDER"."""
    return forms_of(DETECTORS)


def detector_help() -> str:
    """What --detector takes, each with a remark."""
    return "; ".join(f"{entry.form}: {entry.about}" for entry in DETECTORS.values())


def is_detector(setting: str) -> bool:
    """Whether a setting names a detector, with an argument exactly where its form has one."""
    return is_choice(DETECTORS, setting)


def load_detector(setting: str, *, min_box_px: float, score: float, tiles: int = 1) -> FaceDetector:
    """Load the detector that a setting names; UsageError where its weights are missing.

    tiles: along the image's longer side; 1: the image is searched as a whole only; 0: as many as `min_box_px` needs.
    """
    entry, argument = chosen(DETECTORS, setting)
    detector = entry.load(argument, min_box_px=min_box_px, score=score)
    return detector if tiles == 1 else TiledDetector(detector, tiles=tiles, min_box_px=min_box_px)


def require_detector(setting: str) -> None:
    """Raise UsageError where the weights of the named detector are missing, IntegrityError where they are wrong."""
    entry, argument = chosen(DETECTORS, setting)
    entry.require(argument)


def detector_weights(setting: str) -> dict[str, dict[str, str]]:
    """Weights of the named detector, for run.json: file -> its sha256 and licence."""
    entry, argument = chosen(DETECTORS, setting)
    return entry.weights(argument)
