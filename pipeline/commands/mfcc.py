"""`talkshard mfcc IN --preset speech2vid|syncnet --output OUT.npy`: the literal preset on a whole file."""

import numpy as np

from pipeline.line_parser import LineParser
from schemas.errors import StorageError
from transforms.media.mfcc_file import mfcc_of_file


def main(words: list[str], program: str) -> int:
    """Write the features of one media file; returns the exit code."""
    options = LineParser(prog=program, description="MFCC of any media file: float32 (13, N), 100 columns a second.")
    options.add_argument("media", metavar="IN", help="a file with sound")
    options.add_argument(
        "--preset", choices=("speech2vid", "syncnet"), required=True, help="whose MFCC; they differ in every step"
    )
    options.add_argument("--output", metavar="OUT.npy", required=True, help="file to write")
    own = options.parse_args(words)
    features = mfcc_of_file(own.media, own.preset)
    try:
        with open(own.output, "wb") as file:
            np.save(file, features)
    except OSError as error:
        raise StorageError(f"cannot write {own.output}: {error.strerror}") from error
    print(f"{own.output}: {features.dtype} {features.shape[0]} x {features.shape[1]}, {features.shape[1] / 100:.2f} s")
    return 0
