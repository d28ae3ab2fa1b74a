"""Speaker, group and split from a path, for the folder layouts of known datasets."""

import re
from collections.abc import Callable

from schemas.errors import UsageError

_LRS2_SPLITS = {"pretrain": "train", "train": "train", "val": "val", "test": "test"}
_VOXCELEB_SPEAKER = re.compile(r"id\d{5}")
_GRID_SPEAKER = re.compile(r"s\d{1,2}")


def fields_from_path(uri: str, layout: str) -> dict[str, str]:
    """The VideoSource fields that one path gives in a layout. UsageError: the path does not have that layout."""
    folders = uri.split("/")[:-1]
    fields = LAYOUTS[layout](folders)
    if fields is None:
        raise UsageError(f"{uri!r} is not laid out as --layout {layout} expects: {EXPECTED[layout]}")
    return fields


def _flat(folders: list[str]) -> dict[str, str]:
    return {}


def _grid(folders: list[str]) -> dict[str, str] | None:
    speaker = next((name for name in reversed(folders) if _GRID_SPEAKER.fullmatch(name)), None)
    return None if speaker is None else {"speaker": speaker}


def _lrs2(folders: list[str]) -> dict[str, str] | None:
    if len(folders) < 2 or folders[-2] not in (*_LRS2_SPLITS, "main"):
        return None
    # `main` holds train, val and test; their lists, not the paths, say which.
    split = _LRS2_SPLITS.get(folders[-2], "")
    return {"group": folders[-1], "split": split} if split else {"group": folders[-1]}


def _voxceleb2(folders: list[str]) -> dict[str, str] | None:
    if len(folders) < 2 or not _VOXCELEB_SPEAKER.fullmatch(folders[-2]):
        return None
    fields = {"speaker": folders[-2], "group": folders[-1]}
    root = next((name for name in reversed(folders[:-2]) if name in ("dev", "test")), "")
    return fields | {"dev": {"split": "train"}, "test": {"split": "test"}, "": {}}[root]


LAYOUTS: dict[str, Callable[[list[str]], dict[str, str] | None]] = {
    "flat": _flat,
    "grid": _grid,
    "lrs2": _lrs2,
    "voxceleb2": _voxceleb2,
}
"""Layout name -> fields from the folders above a file; None when they do not have that layout."""

EXPECTED = {
    "flat": "any path",
    "grid": ".../s1/NAME.mpg",
    "lrs2": ".../main|pretrain|train|val|test/GROUP/NAME.mp4",
    "voxceleb2": ".../dev|test/mp4/id00017/VIDEO/00001.mp4",
}
"""Layout name -> an example path."""
