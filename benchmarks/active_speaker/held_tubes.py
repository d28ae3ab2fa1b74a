"""Face tubes of the cache, of which the last few stay in memory."""

import os
from functools import lru_cache
from pathlib import Path

from transforms.media.tubes import FaceTube, TubeFile

_MAX_HELD = 24


def read_tube(folder: Path, tube_uri: str, name: str) -> FaceTube:
    """Tube of one track of a file in the folder."""
    return _tube(os.fspath(folder / tube_uri), name)


@lru_cache(_MAX_HELD)
def _tube(path: str, name: str) -> FaceTube:
    return TubeFile(Path(path).read_bytes()).tube(name)
