"""Validation of a painter on clips of people who are held out of its training.

Each clip's frames are made from one still, and from five, with the frame's own mesh: what is missing is what the
painter cannot know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import Clip, open_clip
from schemas.stored.clip_index import find_clips
from speech2vid.evaluation.clips import spread_frames
from speech2vid.generator_training.validation import spread_over_people
from speech2vid.painter_training.pairs import part_of, still_of
from speech2vid.painter_training.settings import PainterValidationSettings
from speech2vid.rendering.combined_still import combine_stills
from speech2vid.rendering.painter_input import PART_PX, VIEW_PX, Part, painter_input, view_px
from speech2vid.rendering.still import Still
from speech2vid.training.held_out import HeldOut
from speech2vid.training.task import Validation
from speech2vid.training.watch import image_grid
from transforms.media.canonical import mouth_window

Paint = Callable[[Tensor], Tensor]
"""Painted parts (B, 3, P, P), 0..1, of planes (B, 19, P, P)."""
_NUM_STILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frames:
    """Frames of one clip from some stills."""

    planes: Tensor  # float32 (F, 19, P, P)
    target: np.ndarray  # float32 (F, 3, P, P), 0..1
    still: np.ndarray  # float32 (3, P, P): the mean of the stills as they are
    part: Part


class ValidationMouths:
    """The frames of a validation, held in memory."""

    def __init__(self, dataset: str, held_out: HeldOut, settings: PainterValidationSettings) -> None:
        """Read the clips. UsageError: none can be read."""
        clips = find_clips(dataset, held_out.split, held_out.where)
        self._from_one: list[_Frames] = []
        self._from_five: list[_Frames] = []
        for stored in clips.read(spread_over_people(clips, settings.clips)):
            try:
                clip = open_clip(stored)
                stills = [still_of(clip, int(frame)) for frame in spread_frames(clip.num_frames, _NUM_STILLS)]
                self._from_one.append(_frames(clip, stills[2:3], settings.frames))
                self._from_five.append(_frames(clip, stills, settings.frames))
            except IntegrityError:
                continue  # a damaged clip; `talkshard verify` names it
        if not self._from_one:
            raise UsageError(f"{dataset}: no clip of validation can be read; see `talkshard verify`")

    @torch.inference_mode()
    def validate(self, paint: Paint, device: torch.device) -> Validation:
        """Compare painted mouths with real ones, and with the mean of the stills."""
        measures, shown = {}, []
        for name, frames in (("one still", self._from_one), ("five stills", self._from_five)):
            painted = [paint(clip.planes.to(device)).float().clamp(0, 1).cpu() for clip in frames]
            rows = [_measured(clip, made.numpy()) for clip, made in zip(frames, painted, strict=True)]
            for measure in rows[0]:
                measures[f"{measure}, {name}"] = float(np.mean([row[measure] for row in rows]))
            shown.append(torch.stack([made[0] for made in painted]))
        targets = torch.from_numpy(np.stack([clip.target[0] for clip in self._from_one]))
        return Validation(
            score=_score(measures),
            measures=measures,
            images={"target, of one still, of five": image_grid([targets, *shown])},
        )


def _frames(clip: Clip, stills: Sequence[Still], num_frames: int) -> _Frames:
    lenders = [combine_stills(stills), *stills] if len(stills) > 1 else stills
    chosen = [int(frame) for frame in spread_frames(clip.num_frames, num_frames)]
    real = [still_of(clip, frame) for frame in chosen]
    seen = [painter_input(lenders[0], lenders, view_px(frame.mesh_px, frame)) for frame in real]
    part = seen[0].part
    return _Frames(
        planes=torch.from_numpy(np.stack([one.planes for one in seen])),
        target=np.stack([part_of(frame, part) for frame in real]),
        still=np.mean([part_of(still, part) for still in stills], 0),
        part=part,
    )


def _measured(frames: _Frames, made: np.ndarray) -> dict[str, float]:
    real, still, painted = (_mouth(parts, frames.part) for parts in (frames.target, frames.still[None], made))
    sharpness = [_sharpness(one) / max(_sharpness(other), 1e-6) for one, other in zip(painted, real, strict=True)]
    return {
        "mouth MSE": float(((painted - real) ** 2).mean()),
        "mouth MSE of the still": float(((still - real) ** 2).mean()),
        "sharpness": float(np.mean(sharpness)),
    }


def _score(measures: dict[str, float]) -> float:
    """The error relative to that of the still, negative; the detail that is shown is mostly the still's own."""
    names = ("one still", "five stills")
    return -sum(measures[f"mouth MSE, {name}"] / measures[f"mouth MSE of the still, {name}"] for name in names)


def _mouth(parts_F3PP: np.ndarray, part: Part) -> np.ndarray:
    """The mouth window of painted parts, float (F, h, w, 3), 0..255."""
    rows, columns = (
        slice(max(0, side.start - edge.start), min(PART_PX, side.stop - edge.start))
        for side, edge in zip(mouth_window(VIEW_PX), part, strict=True)
    )
    return parts_F3PP[:, :, rows, columns].transpose(0, 2, 3, 1) * 255


def _sharpness(mouth_rgb: np.ndarray) -> float:
    """Variance of the Laplacian of the luma."""
    luma = cv2.cvtColor(np.ascontiguousarray(mouth_rgb, np.float32), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_32F).var())
