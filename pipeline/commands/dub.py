"""`talkshard dub --video V --audio A --output OUT`: give a video's speaker other words, with a mouth that says them."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.parser import CommandParser, require_file
from pipeline.native_call import call_in_child
from schemas.errors import UsageError
from transforms.media.config import LimitsConfig

if TYPE_CHECKING:
    from speech2vid.dubbing.dub import Dubbed

MAX_S = 7 * 86_400.0  # of CPU time
MAX_MEMORY_MB = 32_000
_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")
_LOSSLESS_SUFFIX = ".mkv"
_BLENDS, _FITS = ("poisson", "context"), ("trim", "loop", "hold")
_DESCRIPTION = """Dub a video: its speaker says other audio. Each frame is changed around the mouth alone; size, times,
rotation, colour and the other streams stay. The new audio takes the place of the video's own. The file's metadata says
that it was generated: show it only as generated, and dub only people who agreed to it."""


def main(argv: list[str], program: str) -> int:
    """Write the video; returns the exit code."""
    args = _parse(argv, program)
    limits = LimitsConfig(prepare_s=MAX_S, memory_mb=MAX_MEMORY_MB)
    print("\n".join(_lines(args, call_in_child(args.video, _dubbed, args, limits=limits))))
    return 0


def _dubbed(args: argparse.Namespace) -> "Dubbed":
    from speech2vid.dubbing.dub import DubOptions, dub
    from speech2vid.motion import file as motion_file
    from speech2vid.rendering import painter_file

    options = DubOptions(
        speakers=tuple(args.speaker or ()),
        blend=args.blend,
        fit=args.fit,
        is_lossless=args.lossless,
        is_marked=args.mark,
        motion=Path(args.motion or motion_file.DEFAULT_PATH),
        painter=Path(args.painter or painter_file.DEFAULT_PATH),
    )
    return dub(args.video, args.audio, Path(args.output), options)


def _lines(args: argparse.Namespace, made: "Dubbed") -> list[str]:
    """What was done, a line for each thing."""
    faces = ", ".join(map(str, made.faces))
    lines = [
        f"{args.output}: {made.num_frames} frames, {made.length_s:.2f} s; face {faces} dubbed in {made.num_dubbed}, "
        f"{made.num_frames - made.num_dubbed} left as they were; {made.frames_per_s:.1f} frames/s"
    ]
    if made.audio_s > made.video_s + 1 / 25:
        what = {
            "trim": "its end was cut (--fit loop or --fit hold keeps it)",
            "loop": "the video begins again",
            "hold": "the last frame stays",
        }
        lines.append(f"the audio is {made.audio_s - made.video_s:.2f} s longer than the video: {what[args.fit]}")
    elif made.audio_s < made.video_s - 1 / 25:
        lines.append(f"the audio is {made.video_s - made.audio_s:.2f} s shorter than the video: silence follows it")
    if made.num_damaged:
        lines.append(f"{made.num_damaged} frames cannot be decoded: the frames before them are shown for longer")
    if made.left_out:
        lines.append(f"left out, as {Path(args.output).suffix} cannot hold them: {', '.join(made.left_out)}")
    return lines


def _parse(argv: list[str], program: str) -> argparse.Namespace:
    parser = CommandParser(program, _DESCRIPTION)
    parser.add_argument("--video", required=True, metavar="FILE", help="video whose speaker is dubbed")
    parser.add_argument(
        "--audio", required=True, metavar="FILE", help="the audio to say: any file with an audio stream"
    )
    parser.add_argument("--output", required=True, metavar="OUT", help="video to write: .mp4, .mov or .mkv")
    parser.add_argument(
        "--speaker",
        type=int,
        nargs="+",
        metavar="N",
        help="faces to dub, by the numbers that an error lists (default: the face that speaks the video's own audio, "
        "or the only one)",
    )
    _add_making_options(parser)
    args = parser.parse(argv)
    require_file("--video", args.video)
    require_file("--audio", args.audio)
    _check_output(args)
    return args


def _add_making_options(parser: CommandParser) -> None:
    parser.add_argument(
        "--blend",
        choices=_BLENDS,
        default=_BLENDS[0],
        help="where lips and teeth come from: poisson takes them from other frames of the person, joined by their "
        "gradients; context has a network paint the mouth (default: %(default)s)",
    )
    parser.add_argument(
        "--fit",
        choices=_FITS,
        default=_FITS[0],
        help="of audio longer than the video: trim cuts it, loop begins the video again, hold keeps its last frame "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--lossless",
        action="store_true",
        help="FFV1 and FLAC in .mkv: what is not dubbed stays bit for bit (default: H.264 and AAC)",
    )
    parser.add_argument("--mark", action="store_true", help="write into each frame, visibly, that it was generated")
    parser.add_argument("--motion", metavar="MOTION.onnx", help="motion network (default: the bundled one)")
    parser.add_argument(
        "--painter", metavar="PAINTER.onnx", help="painter of --blend context (default: the bundled one)"
    )


def _check_output(args: argparse.Namespace) -> None:
    suffix = Path(args.output).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(f"--output must end in .mp4, .mov or .mkv, not {args.output}")
    if args.lossless and suffix != _LOSSLESS_SUFFIX:
        raise UsageError(f"--lossless writes FFV1: --output must end in .mkv, not {args.output}")
    for option in ("video", "audio"):
        if os.path.exists(args.output) and os.path.samefile(args.output, getattr(args, option)):
            raise UsageError(f"--output {args.output} is --{option}: inputs are never changed; choose another name")
    if os.path.isdir(args.output):
        raise UsageError(f"--output {args.output} is a folder; give the name of a file")
