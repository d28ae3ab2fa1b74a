"""Generate a video of a person that says the driving audio, from stills of the person."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from schemas.errors import UsageError
from speech2vid.generation.driving_audio import DrivingAudio, open_audio
from speech2vid.generation.pixel_faces import PixelSpeaker
from speech2vid.generation.portrait_images import PortraitSpeaker
from speech2vid.generation.talking_video import TalkingVideo
from speech2vid.generator.file import DeblurringFile, GeneratorFile, recipe_of
from speech2vid.motion import file as motion_file
from speech2vid.motion.file import MotionFile
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile

FACE, WHOLE = FRAMES = ("face", "whole")
"""What is shown: the aligned face alone, or the whole image."""


class Speaker(Protocol):
    """A person who can be made to say audio."""

    about: str  # the networks, for the video's metadata
    size_px: tuple[int, int]  # width and height of its images

    def images(self, blocks: Iterable[np.ndarray], num_frames: int) -> Iterator[np.ndarray]:
        """Images RGB uint8 (H, W, 3), num_frames in all, of streaming blocks of int16 samples at 16 kHz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions:
    """Which networks generate, and what is shown."""

    motion: Path = motion_file.DEFAULT_PATH
    checkpoint: Path = painter_file.DEFAULT_PATH  # a painter, or a generator of pixels
    gain: float = 1.0  # factor on the motion
    motion_of: str | None = None  # a video, whose head motion, blinks and brows are taken
    deblurring: Path | None = None  # for a generator of pixels
    frame: str = WHOLE  # one of FRAMES; a generator of pixels has the face alone
    size_px: int = 0  # side of the shown face's image, or the longer side of the whole image; 0: as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedVideo:
    """A written video: its length, its networks, and the speed of generation."""

    num_frames: int  # at 25 per second
    networks: str
    frames_per_s: float


def generate(
    identity: Sequence[str], audio: str, output: Path, options: GenerateOptions | None = None
) -> GeneratedVideo:
    """Write a video in which a person says the audio of a media file.

    identity: images of the person, or videos. UsageError, MediaError: an input cannot be used.
    """
    options = options or GenerateOptions()
    driving = open_audio(audio)
    speaker = _speaker(identity, driving, options)
    start = time.monotonic()
    comment = f"Generated: this person did not say this. Made by talkshard generate, {speaker.about}"
    with TalkingVideo(output, speaker.size_px, comment) as video:
        for image in speaker.images(_written(driving.blocks(), video), driving.num_frames):
            video.write_image(image)
    return GeneratedVideo(
        num_frames=driving.num_frames,
        networks=speaker.about,
        frames_per_s=driving.num_frames / (time.monotonic() - start),
    )


def _speaker(identity: Sequence[str], driving: DrivingAudio, options: GenerateOptions) -> Speaker:
    kind = recipe_of(options.checkpoint)
    if kind == "motion":
        raise UsageError(f"--checkpoint {options.checkpoint} is a motion network: give it with --motion")
    if kind == painter_file.KIND:
        return PortraitSpeaker(
            identity,
            MotionFile(options.motion),
            PainterFile(options.checkpoint),
            options.gain,
            motion_of=options.motion_of,
            whole=options.frame == WHOLE,
            size_px=options.size_px,
        )
    network = GeneratorFile(options.checkpoint)
    deblurring = DeblurringFile(options.deblurring) if options.deblurring else None
    return PixelSpeaker(identity, driving, network, options.gain, deblurring, options.size_px)


def _written(blocks: Iterable[np.ndarray], video: TalkingVideo) -> Iterator[np.ndarray]:
    """The same blocks, each written to the video first."""
    for block in blocks:
        video.write_audio(block)
        yield block
