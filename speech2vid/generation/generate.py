"""Generate a video of a person's face that says the driving audio, from stills of the person."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech2vid.generation.driving_audio import open_audio
from speech2vid.generation.stills import StillFinder, find_stills
from speech2vid.generation.talking_faces import mean_talking_face, talking_faces
from speech2vid.generation.talking_video import TalkingVideo
from speech2vid.generator.file import DEFAULT_PATH, DeblurringFile, GeneratorFile


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedVideo:
    """A written video: its length, its generator, and the speed of generation."""

    num_frames: int  # at 25 per second
    generator: str  # file name
    recipe: str
    frames_per_s: float


def generate(
    identity: Sequence[str],
    audio: str,
    output: Path,
    *,
    checkpoint: Path = DEFAULT_PATH,
    gain: float = 1.0,
    deblurring: Path | None = None,
    size_px: int = 224,
) -> GeneratedVideo:
    """Write a video in which a person says the audio of a media file.

    identity: images of the person, or videos. gain: see talking_faces. UsageError, MediaError: an input cannot be used.
    """
    network = GeneratorFile(checkpoint)
    sharpener = DeblurringFile(deblurring) if deblurring else None
    driving = open_audio(audio)
    stills = find_stills(list(identity), network.shape.num_identity, StillFinder(network.shape.still_px))
    start = time.monotonic()
    mean_face = mean_talking_face(network, stills, driving) if gain != 1 else None
    comment = (
        f"Generated: this person did not say this. Made by talkshard generate, recipe {network.shape.recipe}, "
        f"network sha256 {network.sha256}"
    )
    with TalkingVideo(output, size_px, comment) as video:
        blocks = _written(driving.blocks(), video)
        for faces in talking_faces(network, stills, blocks, driving.num_frames, mean_face, gain, sharpener):
            video.write_faces(faces)
    return GeneratedVideo(
        num_frames=driving.num_frames,
        generator=network.name,
        recipe=network.shape.recipe,
        frames_per_s=driving.num_frames / (time.monotonic() - start),
    )


def _written(blocks: Iterable[np.ndarray], video: TalkingVideo) -> Iterator[np.ndarray]:
    """The same blocks, each written to the video first."""
    for block in blocks:
        video.write_audio(block)
        yield block
