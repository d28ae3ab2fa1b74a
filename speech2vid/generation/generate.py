"""`talkshard generate`: a person's stills and audio become a video of that face saying it."""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from schemas.errors import UsageError
from speech2vid.generation.driving_audio import open_audio
from speech2vid.generation.stills import StillFinder, find_stills
from speech2vid.generation.talking_faces import mean_talking_face, talking_faces
from speech2vid.generation.talking_video import TalkingVideo
from speech2vid.generator.file import DEFAULT_PATH, DeblurringFile, GeneratorFile

_DESCRIPTION = """Make a video of a face that says audio. The face is aligned by eyes and nose, as in the dataset; the
audio is written beside it. The file's metadata says that it was generated: show it only as what it is, and only faces
of people who agreed."""


def main(argv: list[str], program: str = "talkshard generate") -> int:
    """Write the video; returns the exit code."""
    args = _read_options(argv, program)
    network = GeneratorFile(Path(args.checkpoint))
    deblurring = DeblurringFile(Path(args.deblurring)) if args.deblurring else None
    audio = open_audio(args.audio)
    stills = find_stills(args.identity, network.shape.num_identity, StillFinder(network.shape.still_px))
    start = time.monotonic()
    mean_face = mean_talking_face(network, stills, audio) if args.gain != 1 else None
    comment = (
        f"Generated: this person did not say this. Made by talkshard generate, recipe {network.shape.recipe}, "
        f"network sha256 {network.sha256}"
    )
    with TalkingVideo(Path(args.output), args.size_px, comment) as video:
        heard = _written(audio.blocks(), video)
        for faces in talking_faces(network, stills, heard, audio.num_frames, mean_face, args.gain, deblurring):
            video.write_faces(faces)
    spent_s = time.monotonic() - start
    print(
        f"{args.output}: {audio.num_frames} frames, {audio.num_frames / 25:.2f} s, of {network.name} "
        f"({network.shape.recipe}); {audio.num_frames / spent_s:.1f} frames/s"
    )
    return 0


def _written(blocks: Iterable[np.ndarray], video: TalkingVideo) -> Iterator[np.ndarray]:
    for block in blocks:
        video.write_audio(block)
        yield block


def _read_options(argv: list[str], program: str) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog=program, description=_DESCRIPTION)
    add = options.add_argument
    add(
        "--identity",
        required=True,
        nargs="+",
        metavar="FILE",
        help="pictures of one person, or a video (its first minute is looked at)",
    )
    add("--audio", required=True, metavar="FILE", help="the audio to say: any file with sound")
    add("--output", required=True, metavar="OUT.mp4", help="video to write")
    add(
        "--checkpoint",
        default=str(DEFAULT_PATH),
        metavar="C.onnx",
        help="generator that talkshard train wrote (default: the one that comes with the program)",
    )
    add(
        "--gain",
        type=float,
        default=1.0,
        metavar="G",
        help="how many times a face's difference from the mean face is "
        "taken; 1.7 gives the mouth of the network that comes along its full movement (default: %(default)s)",
    )
    add("--deblurring", metavar="D.onnx", help="network that sharpens the faces afterwards")
    add("--size_px", type=int, default=224, help="side of the video, even (default: %(default)s)")
    args = options.parse_args(argv)
    if args.size_px < 16 or args.size_px % 2:
        raise UsageError(f"--size_px must be even and 16 or more, not {args.size_px}")
    if not 0 < args.gain <= 10:
        raise UsageError(f"--gain must be above 0 and at most 10, not {args.gain:g}")
    if not args.output.endswith(".mp4"):
        raise UsageError(f"--output must end in .mp4, not {args.output}")
    return args
