"""Images as PNG files."""

from pathlib import Path

import cv2
import numpy as np

from schemas.errors import StorageError


def write_png(path: Path, rgb: np.ndarray) -> Path:
    """Write RGB uint8 (H, W, 3); returns the path. StorageError: it cannot be written."""
    try:
        path.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}; choose another --output") from error
    return path
