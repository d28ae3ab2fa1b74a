"""All face detectors. A new one is a file with an ENTRY, and its place in this table."""

from transforms.faces.detectors import blazeface, centerface, insightface_pack
from transforms.faces.detectors.detections import FaceDetector
from transforms.faces.detectors.entry import DetectorEntry

DETECTORS = {entry.name: entry for entry in (centerface.ENTRY, blazeface.ENTRY, insightface_pack.ENTRY)}
"""Detector name -> its entry; the first is the default."""


def detector_forms() -> str:
    """What --detector takes: "A, B or C:FOLDER"."""
    *forms, last = (entry.form for entry in DETECTORS.values())
    return f"{', '.join(forms)} or {last}"


def detector_help() -> str:
    """What --detector takes, each with a remark."""
    return "; ".join(f"{entry.form}: {entry.about}" for entry in DETECTORS.values())


def is_detector(setting: str) -> bool:
    """Whether a setting names a detector, with an argument exactly where its form has one."""
    name, colon, argument = setting.partition(":")
    entry = DETECTORS.get(name)
    return entry is not None and (bool(argument) if entry.argument else not colon)


def load_detector(setting: str, *, min_box_px: float, score: float) -> FaceDetector:
    """Load the detector that a setting names; UsageError where its weights are missing."""
    entry, argument = _named(setting)
    return entry.load(argument, min_box_px=min_box_px, score=score)


def require_detector(setting: str) -> None:
    """Raise UsageError where the weights of the named detector are missing, IntegrityError where they are wrong."""
    entry, argument = _named(setting)
    entry.require(argument)


def detector_weights(setting: str) -> dict[str, dict[str, str]]:
    """Weights of the named detector, for run.json: file -> its sha256 and licence."""
    entry, argument = _named(setting)
    return entry.weights(argument)


def _named(setting: str) -> tuple[DetectorEntry, str]:
    if not is_detector(setting):
        raise ValueError(f"a detector is {detector_forms()}, not {setting!r}")
    name, _, argument = setting.partition(":")
    return DETECTORS[name], argument
