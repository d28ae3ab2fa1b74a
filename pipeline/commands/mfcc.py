"""`talkshard mfcc FILE --preset speech2vid|syncnet --output OUT.npy`: the MFCC of a whole media file."""

import numpy as np

from pipeline.commands.parser import CommandParser
from pipeline.native_call import call_in_child
from schemas.errors import StorageError
from transforms.media.mfcc_file import mfcc_of_file


def main(argv: list[str], program: str) -> int:
    """Write the MFCC of one media file; returns the exit code."""
    parser = CommandParser(program, "Write the MFCC of any media file: float32 (13, N), 100 columns a second.")
    parser.add_argument("media", metavar="FILE", help="a file with audio")
    parser.add_argument(
        "--preset", choices=("speech2vid", "syncnet"), required=True, help="whose MFCC: they differ in every step"
    )
    parser.add_argument("--output", metavar="OUT.npy", required=True, help="file to write")
    args = parser.parse(argv)
    features = call_in_child(args.media, mfcc_of_file, args.media, args.preset)
    try:
        with open(args.output, "wb") as file:
            np.save(file, features)
    except OSError as error:
        raise StorageError(f"cannot write {args.output}: {error.strerror}") from error
    print(f"{args.output}: {features.dtype} {features.shape[0]} x {features.shape[1]}, {features.shape[1] / 100:.2f} s")
    return 0
