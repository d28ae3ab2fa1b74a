"""The work of a SyncNet-style pipeline on one process, as a yardstick of the machine.

    python -m benchmarks.syncnet_baseline FILE_OR_FOLDER [--seconds 120]

Every frame, 25 a second, is decoded and searched for faces at a quarter of its sides by the detector of `talkshard
build`, and of each face a crop of 224 px is cut; then the audio is decoded. No cuts, no tracks, no lag, nothing is
written. Prints one JSON line; start-up does not count.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME, num_timeline_frames, source_frame_of
from schemas.errors import MediaError
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.detections import FaceDetector
from transforms.faces.detectors.registry import load_detector
from transforms.media.audio import decode_audio
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.media.shrink import shrink

_QUARTER = 4
_CROP_PX, _CROP_REACH = 224, 1.8  # side of the crop over the longer side of the box, as SyncNet's pipeline has it


def main(argv: list[str] | None = None) -> int:
    """Work through the files and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0, help="of video at most (default: %(default)s)")
    args = parser.parse_args(argv)
    faces = FacesConfig()
    detector = load_detector(faces.detector, min_box_px=faces.min_box_px / _QUARTER, score=faces.detector_score)
    files = sorted(args.input.rglob("*")) if args.input.is_dir() else [args.input]
    print(json.dumps(baseline((path for path in files if path.is_file()), detector, args.seconds)))
    return 0


def baseline(paths: Iterable[Path], detector: FaceDetector, max_s: float) -> dict[str, float]:
    """Seconds of video, core-seconds for each of them, and faces found; files that are no video are left out."""
    start, num_frames, num_faces = time.process_time(), 0, 0
    for path in paths:
        left = round(max_s * FRAME_RATE) - num_frames
        if left <= 0:
            break
        try:
            faces = list(itertools.islice(faces_of(path, detector), left))
        except MediaError:
            continue
        num_frames, num_faces = num_frames + len(faces), num_faces + sum(faces)
    video_s = num_frames / FRAME_RATE
    cpu_s = time.process_time() - start
    return {"video_s": video_s, "core_s_per_video_s": round(cpu_s / max(video_s, 1e-9), 4), "faces": num_faces}


def faces_of(path: Path, detector: FaceDetector) -> Iterator[int]:
    """Number of faces in each frame of a file, and its audio at the end; nothing of what is no video."""
    probe, timeline = probe_media(str(path), LimitsConfig(), AudioConfig())
    if timeline is None:
        return
    num_frames = num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    with FrameReader(str(path), probe, timeline) as reader:
        for _, rgb in reader.frames(shown):
            yield 0 if rgb is None else len(crops_of(rgb, detector))
    if probe.used_audio is not None:
        num_samples = num_frames * SAMPLES_PER_FRAME
        for _ in decode_audio(str(path), probe.used_audio.index, timeline.zero_s, num_samples):
            pass


def crops_of(rgb: np.ndarray, detector: FaceDetector) -> list[np.ndarray]:
    """A crop of 224 px around each face of an image."""
    height, width = rgb.shape[:2]
    boxes = detector.detect(shrink(rgb, (width // _QUARTER, height // _QUARTER))).boxes_xyxy * _QUARTER
    crops = []
    for box in boxes:
        (x, y), side = (box[:2] + box[2:]) / 2, _CROP_REACH * float((box[2:] - box[:2]).max())
        scale = side / _CROP_PX
        to_image = np.array([[scale, 0, x - side / 2], [0, scale, y - side / 2]])
        crops.append(cv2.warpAffine(rgb, to_image, (_CROP_PX, _CROP_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP))
    return crops


if __name__ == "__main__":
    sys.exit(main())
