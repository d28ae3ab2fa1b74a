"""Lists of takedowns, made for a test."""

from schemas.tables import TakedownRow
from transforms.manifests.parts import part_bytes


def taken(kind, subject, **fields):
    """A row of a list."""
    known = {
        "content_sha256": "",
        "fingerprints": (),
        "num_clips": 0,
        "clip_s": 0.0,
        "reason": "asked",
        "taken_at": "",
        "generation": 2,
    }
    return TakedownRow(kind=kind, subject=subject, **known | fields)


def write_list(path, rows):
    """A part of the table; its path as text."""
    path.write_bytes(part_bytes("takedowns", rows))
    return str(path)
