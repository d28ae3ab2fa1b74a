"""The two scenes of the demonstration: people, their places, the wall behind them, and the frames."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from demo.face import FACE_BOX_XYXY, Pose, posed
from schemas.clock import FRAME_RATE

SIZE_WH = (800, 450)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person in a scene."""

    name: str
    speaks: bool
    portrait_rgba: np.ndarray  # uint8 (512, 512, 4)
    corner_xy: tuple[float, float]  # px of the portrait in the top left corner of the scene (top right when mirrored)
    scale: float  # px of the scene per px of the portrait
    mirrored: bool
    phase: float  # of the head's motion at time 0, rad

    def box_xyxy(self) -> tuple[float, ...]:
        """Return the box of the face at rest, px of the scene."""
        left, top, right, bottom = (
            self.scale * (value - self.corner_xy[i % 2] + 0.5) for i, value in enumerate(FACE_BOX_XYXY)
        )
        return (SIZE_WH[0] - right, top, SIZE_WH[0] - left, bottom) if self.mirrored else (left, top, right, bottom)

    def drawn(self, time_s: float, opening: float, rounding: float) -> np.ndarray:
        """Draw the person alone, float32 (h, w, 4), 0..255; the mouth stays closed if the person is silent."""
        opening, rounding = (opening, rounding) if self.speaks else (0.0, 0.3)
        pose = Pose(
            opening=opening,
            rounding=rounding,
            tilt_deg=1.6 * np.sin(1.7 * time_s + self.phase),
            move_xy=(1.6 * np.sin(1.1 * time_s + 2 * self.phase), 1.2 * np.sin(2.3 * time_s + 3 * self.phase)),
        )
        drawn = posed(self.portrait_rgba, self.corner_xy, self.scale, SIZE_WH, pose)
        return drawn[:, ::-1] if self.mirrored else drawn


@dataclass(frozen=True, kw_only=True)
class Scene:
    """People in front of a wall, from back to front."""

    people: tuple[Person, ...]
    wall_rgb: tuple[int, int, int]

    def drawn(self, frame: int, opening: float, rounding: float) -> np.ndarray:
        """Draw one frame with the given shape of the speaker's mouth: uint8 (h, w, 3)."""
        image = self._wall.copy()
        for person in self.people:
            layer = person.drawn(frame / FRAME_RATE, opening, rounding)
            image += layer[..., 3:] / 255 * (layer[..., :3] - image)
        return np.clip(image, 0, 255).round().astype(np.uint8)

    @cached_property
    def _wall(self) -> np.ndarray:
        """An uneven wall with a spot of light: float32 (h, w, 3)."""
        width, height = SIZE_WH
        y, x = np.mgrid[:height, :width].astype(np.float32)
        light = 1.15 - 0.55 * np.hypot((x - 0.45 * width) / width, (y - 0.3 * height) / height)
        grain = np.random.default_rng(7).normal(0, 1, (height, width)).astype(np.float32)
        blotches = cv2.GaussianBlur(grain, (0, 0), 25)
        light += 0.04 * blotches / blotches.std()
        return np.float32(self.wall_rgb) * light[..., None]


def scenes(portrait_rgba: np.ndarray, silent_rgba: np.ndarray) -> tuple[Scene, Scene]:
    """Make both scenes: two people, one of whom is silent, and after the cut a close-up of the speaker."""
    silent = Person(
        name="silent",
        speaks=False,
        portrait_rgba=silent_rgba,
        corner_xy=(77.0, -27.0),
        scale=1.2,
        mirrored=True,
        phase=2.0,
    )
    speaker = Person(
        name="speaker",
        speaks=True,
        portrait_rgba=portrait_rgba,
        corner_xy=(76.0, 18.0),
        scale=1.5,
        mirrored=False,
        phase=0.0,
    )
    near = Person(
        name="speaker",
        speaks=True,
        portrait_rgba=portrait_rgba,
        corner_xy=(56.0, 28.0),
        scale=2.4,
        mirrored=False,
        phase=1.0,
    )
    return (Scene(people=(silent, speaker), wall_rgb=(186, 172, 150)), Scene(people=(near,), wall_rgb=(52, 92, 104)))
