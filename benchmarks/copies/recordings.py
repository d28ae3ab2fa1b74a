"""The recordings that are copied, and where the copies lie: VARIANT/ROLE/GROUP/NAME below one folder."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.copies.reencode import VARIANTS, reencode

ORIGINAL = "original"
MAX_S = 3.4
"""Of each recording, so that some hundred copies are tracked in minutes."""
_COPIED = (
    *("train/grid_s1/*[0-9]?.mpg", "train/grid_other/*", "train/talks/*"),
    *("dev/grid_other/*", "dev/matrix/01*", "dev/talks/*", "dev/clips/[!l]*"),
    *(
        "hard/two_people/c*",
        "hard/noise/*",
        "hard/cuts_film/en_m*4.*",
        "hard/face_track_crops/*_[18]*",
        "hard/mcgurk/G*_Ga*",
    ),
)
_EVERY = 17  # of GRID's first speaker


def copied(data: Path) -> Iterator[Path]:
    """The recordings that are copied."""
    for pattern in _COPIED:
        found = sorted(path for path in data.glob(pattern) if path.suffix in (".mpg", ".mkv", ".mp4", ".avi"))
        yield from found[:: _EVERY if "grid_s1" in pattern else 1]


def make_copies(data: Path, folder: Path) -> None:
    """Write all copies that are not there yet, and links to the originals."""
    for source in copied(data):
        name = source.relative_to(data)
        for variant in VARIANTS:
            target = (folder / variant.name / name).with_suffix(variant.suffix)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                half = target.with_name(f".{target.name}")
                reencode(source, half, variant, MAX_S)
                half.rename(target)
        link = folder / ORIGINAL / name
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(source.resolve())
