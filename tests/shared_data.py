"""Where the real recordings lie, when they are there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not ROOT.is_dir(), reason=f"the shared recordings are not at {ROOT}")


def shared(path: str) -> Path:
    """A recording by its path below the shared data."""
    return ROOT / path
