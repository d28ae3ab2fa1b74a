"""`talkshard mfcc IN --preset speech2vid|syncnet --output OUT.npy`: the literal preset on a whole file."""

import numpy as np

from pipeline.line_parser import LineParser
from schemas.errors import StorageError
from transforms.media.mfcc_file import mfcc_of_file


def main(argv: list[str], program: str) -> int:
    """Write the features of one media file; returns the exit code."""
    options = LineParser(prog=program, description="MFCC of any media file: float32 (13, N), 100 columns a second.")
    options.add_argument("media", metavar="IN", help="a file with sound")
    options.add_argument(
        "--preset", choices=("speech2vid", "syncnet"), required=True, help="whose MFCC; they differ in every step"
    )
    options.add_argument("--output", metavar="OUT.npy", required=True, help="file to write")
    args = options.parse_args(argv)
    features = mfcc_of_file(args.media, args.preset)
    try:
        with open(args.output, "wb") as file:
            np.save(file, features)
    except OSError as error:
        raise StorageError(f"cannot write {args.output}: {error.strerror}") from error
    print(f"{args.output}: {features.dtype} {features.shape[0]} x {features.shape[1]}, {features.shape[1] / 100:.2f} s")
    return 0
