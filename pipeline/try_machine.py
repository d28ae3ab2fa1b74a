"""Whether this machine can do the work of a build: a made clip is decoded, and every network computes something.

An image for workers is tried by it when it is made, so that a library which is missing is found there and not in a job.
"""

import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from pipeline.config import Recipe
from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import IntegrityError
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import FaceRegion, MediaPipeMesh
from transforms.media.audio import decode_audio
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.people.face_networks import DlibNetwork
from transforms.prepare.speech_models import load_speech_model
from transforms.speakers.sync_network import load_sync_network

_SIDE, _FRAMES, _RATE = 256, 25, 25


def try_machine(recipe: Recipe) -> list[str]:
    """A line for each thing that works. Raises what goes wrong; IntegrityError: what was decoded is not what was made.

    UsageError: a model is not installed.
    """
    image = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    samples = np.random.default_rng(1).integers(-3000, 3000, SAMPLE_RATE_HZ).astype(np.int16)
    steps: dict[str, Callable[[], object]] = {
        "a clip decodes": _decode_clip,
        f"faces ({recipe.faces.detector})": lambda: _detect(recipe, image),
        "face mesh": lambda: MediaPipeMesh().locate(image, _MIDDLE),
        f"speech ({recipe.speech.model})": lambda: load_speech_model(recipe.speech).find_speech([samples]),
        "face recognition": lambda: DlibNetwork().embed(image, np.random.default_rng(3).uniform(0, _SIDE, (468, 3))),
        "lip sync": lambda: load_sync_network(recipe.speakers.network).embed_audio(samples),
    }
    return [_tried(name, step) for name, step in steps.items()]


_MIDDLE = FaceRegion(centre_x=_SIDE / 2, centre_y=_SIDE / 2, side=_SIDE / 2, angle_rad=0.0)


def _tried(name: str, step: Callable[[], object]) -> str:
    began = time.process_time()
    step()
    return f"{name}: works, {time.process_time() - began:.2f} s of CPU time"


def _detect(recipe: Recipe, image: np.ndarray) -> None:
    faces = recipe.faces
    load_detector(faces.detector, min_box_px=faces.min_box_px, score=faces.detector_score).detect(image)


def _decode_clip() -> None:
    """Write a second of video and audio, and read it back."""
    recipe = Recipe()
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        path = str(Path(folder, "clip.mkv"))
        _write_clip(path)
        probe, timeline = probe_media(path, recipe.limits, recipe.audio)
        if timeline is None or not probe.audio_streams:
            raise IntegrityError("a clip that was made here is read without its video or audio")
        with FrameReader(path, probe, timeline) as reader:
            brightness = [image.mean() for _, image in reader.frames(np.arange(_FRAMES)) if image is not None]
        audio = decode_audio(path, probe.audio_streams[0].index, timeline.zero_s, SAMPLE_RATE_HZ)
        num_samples = sum(map(len, audio))
    if len(brightness) != _FRAMES or not np.all(np.diff(brightness) > 0) or num_samples != SAMPLE_RATE_HZ:
        raise IntegrityError("a clip that was made here does not decode to what was written")


def _write_clip(path: str) -> None:
    """A clip that gets brighter from frame to frame, with noise."""
    noise = np.random.default_rng(2).integers(-3000, 3000, (1, SAMPLE_RATE_HZ)).astype(np.int16)
    with av.open(path, "w") as container:
        video = container.add_stream("mpeg4", rate=_RATE)
        video.width = video.height = _SIDE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        for number in range(_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((_SIDE, _SIDE, 3), 20 + 8 * number, np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        block = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        block.sample_rate, block.time_base, block.pts = SAMPLE_RATE_HZ, Fraction(1, SAMPLE_RATE_HZ), 0
        container.mux(audio.encode(block))
        container.mux(audio.encode())
