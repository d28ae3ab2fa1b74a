"""Mouths laid on a face: recordings that show only a mouth become videos in which a face mesh can be found.

`python -m speech2vid.sync_training.composite_mouths --input FOLDER --output FOLDER`. People who are seen from nose to chin only are of no
use to a sync network that sees mesh points; the rest of a face is lent to them by a portrait in the public domain
(scikit-image's astronaut). Fit for teaching how lips move with audio, and for nothing else.
"""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

from schemas.errors import UnreadableSource, UsageError

_SIDE_PX = 384
# Places in the portrait (512 x 512), px: the square around the head, and the middle and width of the mouth.
_PORTRAIT_SQUARE = (131.0, 39.5, 187.0)  # left, top, side
_MOUTH_XY, _MOUTH_PX = (223.3, 141.1), 49.9
# The same in the recordings, as shares of the picture's width: crops of the mouth, a third of it wider than the lips.
_RECORDED_MOUTH_XY, _RECORDED_MOUTH = (0.5, 0.46), 0.645
_EDGE = (0.05, 0.05, 0.05, 0.02)  # left, top, right, bottom: share of the recorded image that is blended out


def composite_mouths(folder: Path, output: Path) -> list[Path]:
    """Write NAME.mkv for each recording; UsageError when there is none. Inputs are only read."""
    recordings = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not recordings:
        raise UsageError(f"{folder} holds no recordings of mouths: give the folder they lie in")
    output.mkdir(parents=True, exist_ok=True)
    portrait = _portrait_rgb()
    return [composite_mouth(path, output / f"{path.stem}.mkv", portrait) for path in recordings]


def composite_mouth(recording: Path, output: Path, portrait: np.ndarray) -> Path:
    """One recording, its presentation times kept and its audio copied. UnreadableSource when it cannot be read."""
    if output.exists():
        raise UsageError(f"{output} exists: choose another --output")
    try:
        with av.open(str(recording)) as source, av.open(str(output), "w", options={"fflags": "+bitexact"}) as made:
            _write(source, made, portrait)
    except (av.FFmpegError, IndexError) as error:
        output.unlink(missing_ok=True)
        raise UnreadableSource(f"cannot read {recording}: {error}") from error
    return output


def with_mouth(portrait: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """The portrait, RGB uint8 (384, 384, 3), with a recorded image (h, w, 3) blended in, mouth on mouth."""
    to_face = _to_face(mouth.shape[1])
    size = (_SIDE_PX, _SIDE_PX)
    seen = cv2.warpAffine(mouth, to_face, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    weight = cv2.warpAffine(_window(*mouth.shape[:2]), to_face, size)[..., None]
    inside = weight[..., 0] > 0.9
    light = (portrait[inside].mean(0) + 1) / (seen[inside].mean(0) + 1)
    return (np.clip(seen * light, 0, 255) * weight + portrait * (1 - weight)).astype(np.uint8)


def _portrait_rgb() -> np.ndarray:
    from skimage.data import astronaut

    left, top, side = _PORTRAIT_SQUARE
    scale = side / _SIDE_PX
    to_portrait = np.array([[scale, 0, left], [0, scale, top]])
    return cv2.warpAffine(astronaut(), to_portrait, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def _to_face(width: int) -> np.ndarray:
    """Recorded px -> px of the completed face, float64 (2, 3)."""
    left, top, side = _PORTRAIT_SQUARE
    enlarged = _SIDE_PX / side
    scale = _MOUTH_PX * enlarged / (_RECORDED_MOUTH * width)
    x, y = ((_MOUTH_XY[0] - left) * enlarged, (_MOUTH_XY[1] - top) * enlarged)
    return np.array(
        [[scale, 0, x - scale * _RECORDED_MOUTH_XY[0] * width], [0, scale, y - scale * _RECORDED_MOUTH_XY[1] * width]]
    )


def _window(height: int, width: int) -> np.ndarray:
    left, top, right, bottom = (round(share * width) for share in _EDGE)
    window = np.zeros((height, width), np.float32)
    window[top : height - bottom, left : width - right] = 1
    return cv2.GaussianBlur(window, (0, 0), 0.03 * width)


def _write(source, made, portrait: np.ndarray) -> None:
    video, audio = source.streams.video[0], source.streams.audio[0]
    images = made.add_stream("ffv1", rate=video.average_rate)
    images.width = images.height = _SIDE_PX
    images.pix_fmt, images.time_base = "bgr0", video.time_base
    images.codec_context.thread_count = 1
    copied = made.add_stream_from_template(audio)
    for packet in source.demux(video, audio):
        if packet.stream is audio and packet.dts is not None:
            packet.stream = copied
            made.mux(packet)
        elif packet.stream is video:
            for frame in packet.decode():
                face = av.VideoFrame.from_ndarray(
                    with_mouth(portrait, frame.to_ndarray(format="rgb24")), format="rgb24"
                )
                face.pts, face.time_base = frame.pts, frame.time_base
                made.mux(images.encode(face.reformat(format="bgr0")))
    made.mux(images.encode())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech2vid.sync_training.composite_mouths", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--input", type=Path, required=True, help="folder of recordings that show only a mouth")
    parser.add_argument("--output", type=Path, required=True, help="folder for the completed faces, NAME.mkv")
    args = parser.parse_args()
    made = composite_mouths(args.input, args.output)
    print(f"{args.output}: {len(made)} completed faces")


if __name__ == "__main__":
    main()
