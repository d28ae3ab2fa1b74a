"""`talkshard generate --identity FILE --audio FILE --output OUT.mp4`: make a face say audio."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.parser import CommandParser, require_file
from pipeline.native_call import call_in_child
from schemas.clock import FRAME_RATE
from schemas.errors import UsageError
from transforms.media.config import LimitsConfig

if TYPE_CHECKING:
    from speech2vid.generation.generate import GeneratedVideo

MAX_GAIN = 10
MIN_SIZE_PX = 16
MAX_S = 86_400.0
MAX_MEMORY_MB = 32_000
_DESCRIPTION = """Make a video of a face that says audio. The
audio is stored with it. The file's metadata says that it was generated: show it only as generated, and only faces of
people who agreed to it."""


def main(argv: list[str], program: str) -> int:
    """Write the video; returns the exit code."""
    args = _parse(argv, program)
    made = call_in_child(args.audio, _generated, args, limits=LimitsConfig(prepare_s=MAX_S, memory_mb=MAX_MEMORY_MB))
    print(
        f"{args.output}: {made.num_frames} frames, {made.num_frames / FRAME_RATE:.2f} s, "
        f"{made.frames_per_s:.1f} frames/s, by {made.networks}"
    )
    return 0


def _generated(args: argparse.Namespace) -> "GeneratedVideo":
    from speech2vid.generation.generate import GenerateOptions, generate

    files = {name: Path(path) for name in ("motion", "checkpoint", "deblurring") if (path := getattr(args, name))}
    options = GenerateOptions(gain=args.gain, motion_of=args.motion_of, frame=args.frame, size_px=args.size_px, **files)
    return generate(args.identity, args.audio, Path(args.output), options)


def add_generator_options(parser: CommandParser) -> None:
    """Add the options that choose a generator and how it is used."""
    parser.add_argument(
        "--checkpoint",
        metavar="FILE.onnx",
        help="painter (recipe tiny) or generator of pixels (recipe paper) that talkshard train wrote (default: the "
        "bundled painter)",
    )
    parser.add_argument(
        "--motion",
        metavar="MOTION.onnx",
        help="motion network (recipe motion) that talkshard train wrote (default: the bundled one); a generator of "
        "pixels has none",
    )
    parser.add_argument(
        "--gain",
        type=float,
        default=1.0,
        metavar="G",
        help="factor on the mouth's motion; of a generator of pixels, on a face's difference from the mean face "
        "(default: %(default)s)",
    )
    parser.add_argument("--deblurring", metavar="D.onnx", help="network that sharpens a generator's pixels")


def check_generator_options(args: argparse.Namespace) -> None:
    """Raise UsageError for a gain that makes no sense."""
    if not 0 < args.gain <= MAX_GAIN:
        raise UsageError(f"--gain must be above 0 and at most {MAX_GAIN}, not {args.gain:g}")


def _parse(argv: list[str], program: str) -> argparse.Namespace:
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument(
        "--identity",
        required=True,
        nargs="+",
        metavar="FILE",
        help="images of one person, or a video, of which the first minute is used",
    )
    parser.add_argument(
        "--audio", required=True, metavar="FILE", help="the audio to say: any file with an audio stream"
    )
    parser.add_argument("--output", required=True, metavar="OUT.mp4", help="video to write")
    add_generator_options(parser)
    parser.add_argument(
        "--motion_of",
        metavar="VIDEO",
        help="take small head motion, blinks and brows from the face that this video shows longest (default: only the "
        "mouth, jaw and cheeks move)",
    )
    parser.add_argument(
        "--frame",
        choices=("whole", "face"),
        default="whole",
        help="show the whole image of the person, or the aligned face alone (default: %(default)s)",
    )
    parser.add_argument(
        "--size_px",
        type=int,
        default=0,
        metavar="PX",
        help="longer side of the video, even (default: the image's own, up to 1280; a face 256, one of pixels 224)",
    )
    args = parser.parse(argv)
    _check(args)
    return args


def _check(args: argparse.Namespace) -> None:
    """Raise UsageError for options that make no sense, and for files that are not there."""
    if args.size_px and (args.size_px < MIN_SIZE_PX or args.size_px % 2):
        raise UsageError(f"--size_px must be even and {MIN_SIZE_PX} or more, not {args.size_px}")
    if not args.output.endswith(".mp4"):
        raise UsageError(f"--output must end in .mp4, not {args.output}")
    check_generator_options(args)
    require_file("--audio", args.audio)
    if args.motion_of:
        require_file("--motion_of", args.motion_of)
