"""Frames per second of a talking portrait, and its memory over long audio.

    python -m benchmarks.portrait [--sizes 256 512] [--cores 1 2] [--frames 200] [--minutes 60]

The portrait is scikit-image's astronaut, the audio is noise whose level varies as speech does. Each number of cores is
measured in a process that may use so many: audio features, motion, warp and painter, without encoding a video. The
memory is that of one process that takes --minutes of audio, and renders one of 50 frames: its peak in each quarter.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.peak_memory import peak_mb
from schemas.clock import FRAME_RATE, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from speech2vid.generation.stills import StillFinder
from speech2vid.generation.talking_faces import audio_windows
from speech2vid.generation.talking_portrait import TalkingPortrait
from speech2vid.motion import file as motion_file
from speech2vid.motion.file import MotionFile
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile

_RENDERED_EVERY = 50


def main(argv: list[str] | None = None) -> int:
    """Measure and print one JSON line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512], help="sides of the face, px")
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--frames", type=int, default=200, help="that are timed (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="of audio, for the memory; 0: not measured")
    parser.add_argument("--motion", type=Path, default=motion_file.DEFAULT_PATH)
    parser.add_argument("--painter", type=Path, default=painter_file.DEFAULT_PATH)
    parser.add_argument("--measure", choices=("speed", "memory"), help="one measurement in this process")
    args = parser.parse_args(argv)
    if args.measure:
        measured = _speed(args) if args.measure == "speed" else _memory(args)
        print(json.dumps(measured), flush=True)
        return 0
    for cores in args.cores:
        for size in args.sizes:
            _in_process(args, "speed", cores, ["--sizes", str(size)])
    if args.minutes:
        _in_process(args, "memory", max(args.cores), ["--sizes", str(args.sizes[0])])
    return 0


def _in_process(args: argparse.Namespace, measure: str, cores: int, more: list[str]) -> None:
    usable = sorted(os.sched_getaffinity(0))
    if cores > len(usable):
        print(json.dumps({"cores": cores, "skipped": f"this machine has {len(usable)}"}))
        return
    given = ["--frames", str(args.frames), "--minutes", str(args.minutes)]
    given += ["--motion", str(args.motion), "--painter", str(args.painter)]
    call = ["taskset", "-c", ",".join(map(str, usable[:cores])), sys.executable, "-m", "benchmarks.portrait"]
    subprocess.run([*call, "--measure", measure, *given, *more], check=True)


def _speed(args: argparse.Namespace) -> dict[str, object]:
    """Frames per second, the first second of audio not counted."""
    portrait, motion = _portrait(args)
    warm, num_frames = FRAME_RATE, FRAME_RATE + args.frames
    begun, made = time.monotonic(), 0
    for windows in audio_windows(_noise(num_frames), num_frames, motion):
        for _ in portrait.faces(windows) if len(windows) else ():
            made += 1
            begun = time.monotonic() if made == warm else begun
    taken = time.monotonic() - begun
    return {
        "face_px": args.sizes[0],
        "cores": len(os.sched_getaffinity(0)),
        "frames_per_s": round((made - warm) / taken, 1),
    }


def _memory(args: argparse.Namespace) -> dict[str, object]:
    """Peak memory in MB after each quarter of the audio."""
    portrait, motion = _portrait(args)
    num_frames, made, peaks = int(args.minutes * 60 * FRAME_RATE), 0, list[int]()
    for windows in audio_windows(_noise(num_frames), num_frames, motion):
        for _ in portrait.faces(windows[::_RENDERED_EVERY]) if len(windows) else ():
            pass
        made += len(windows)
        while made * 4 >= num_frames * (len(peaks) + 1):
            peaks.append(round(peak_mb()))
    return {"face_px": args.sizes[0], "minutes": args.minutes, "peak_mb_by_quarter": peaks}


def _portrait(args: argparse.Namespace) -> tuple[TalkingPortrait, MotionFile]:
    from skimage import data

    cv2.setNumThreads(1)
    found = StillFinder(args.sizes[0]).find(data.astronaut(), "astronaut")
    assert found is not None
    motion = MotionFile(args.motion)
    return TalkingPortrait([found.still], motion, PainterFile(args.painter)), motion


def _noise(num_frames: int) -> Iterator[np.ndarray]:
    """A second of noise at a time, int16, whose level rises and falls four times in it."""
    random = np.random.default_rng(0)
    level = 6000 * np.sin(np.linspace(0, 4 * np.pi, SAMPLE_RATE_HZ)) ** 2
    for first in range(0, num_frames, FRAME_RATE):
        length = min(FRAME_RATE, num_frames - first) * SAMPLES_PER_FRAME
        yield (random.normal(0, 0.3, length) * level[:length]).astype(np.int16)


if __name__ == "__main__":
    sys.exit(main())
