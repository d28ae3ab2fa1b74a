"""Composite recorded mouths into a portrait, so that a face mesh can be found in recordings that show only a mouth.

    python -m speech2vid.sync_training.composite_mouths --input FOLDER --output FOLDER

The sync network's input is a face mesh, so recordings from nose to chin are of no use to it. Here each is blended
into a public-domain portrait (scikit-image's astronaut). Use such videos to train a sync network only: the face is not
the speaker's.
"""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer

from schemas.errors import UnreadableSource, UsageError

_SIDE_PX = 384
# Places in the portrait (512 x 512), px: the square around the head, and the middle and width of the mouth.
_PORTRAIT_SQUARE = (131.0, 39.5, 187.0)  # left, top, side
_MOUTH_XY, _MOUTH_PX = (223.3, 141.1), 49.9
# The same in the recordings, as shares of the frame's width: the frames are half again as wide as the lips.
_RECORDED_MOUTH_XY, _RECORDED_MOUTH = (0.5, 0.46), 0.645
_EDGE = (0.05, 0.05, 0.05, 0.02)  # left, top, right, bottom: share of the recorded frame that is blended out


def composite_mouths(folder: Path, output: Path) -> list[Path]:
    """Write NAME.mkv for each recording of a folder; UsageError when there is none."""
    recordings = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not recordings:
        raise UsageError(f"{folder} holds no recordings of mouths: give the folder that holds them")
    output.mkdir(parents=True, exist_ok=True)
    portrait = _portrait_rgb()
    return [composite_mouth(path, output / f"{path.stem}.mkv", portrait) for path in recordings]


def composite_mouth(recording: Path, output: Path, portrait: np.ndarray) -> Path:
    """Composite one recording; presentation times are kept and audio is copied. UnreadableSource: it cannot be read."""
    if output.exists():
        raise UsageError(f"{output} exists: choose another --output")
    try:
        with av.open(str(recording)) as source, av.open(str(output), "w", options={"fflags": "+bitexact"}) as composite:
            _write(source, composite, portrait)
    except (av.FFmpegError, IndexError) as error:
        output.unlink(missing_ok=True)
        raise UnreadableSource(f"cannot read {recording}: {error}") from error
    return output


def with_mouth(portrait: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """The portrait, RGB uint8 (384, 384, 3), with a recorded frame (h, w, 3) blended in, mouth on mouth."""
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
    """Affine map from px of a recorded frame to px of the portrait, float64 (2, 3)."""
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


def _write(source: InputContainer, composite: OutputContainer, portrait: np.ndarray) -> None:
    """Write the composited frames with their presentation times, and the audio packets unchanged."""
    video, audio = source.streams.video[0], source.streams.audio[0]
    faces = composite.add_stream("ffv1", rate=video.average_rate)
    faces.width = faces.height = _SIDE_PX
    faces.pix_fmt, faces.time_base = "bgr0", video.time_base
    faces.codec_context.thread_count = 1
    copied = composite.add_stream_from_template(audio)
    for packet in source.demux(video, audio):
        if packet.stream is audio and packet.dts is not None:
            packet.stream = copied
            composite.mux(packet)
        elif packet.stream is video:
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame)
                face = av.VideoFrame.from_ndarray(
                    with_mouth(portrait, frame.to_ndarray(format="rgb24")), format="rgb24"
                )
                face.pts, face.time_base = frame.pts, frame.time_base
                composite.mux(faces.encode(face.reformat(format="bgr0")))
    composite.mux(faces.encode())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech2vid.sync_training.composite_mouths", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--input", type=Path, required=True, help="folder of recordings that show only a mouth")
    parser.add_argument("--output", type=Path, required=True, help="folder for the composited videos, NAME.mkv")
    args = parser.parse_args()
    written = composite_mouths(args.input, args.output)
    print(f"{args.output}: {len(written)} composited videos")


if __name__ == "__main__":
    main()
