"""The shots of a window as thumbnails: where one blends into the next, and which tracks that parts."""

from dataclasses import dataclass, field

import numpy as np

from transforms.faces.live_track import LiveTrack
from transforms.faces.thumbnail import edge_similarity, grey_levels
from transforms.faces.transitions import find_transitions

_REACH = 1.5  # of a face's box: what is compared around it
_MIN_SIDE = 8  # px of a thumbnail; less of a face says nothing
_MIN_STEP = 8.0  # grey levels, mean; a cut of less is one of hue alone, as in the last dark images of a fade
_SAME_FACE_VIEW = (
    0.5  # similarity around a face from which on the transition is elsewhere, as in slides beside a speaker
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transition:
    """Frames that blend two views, half-open."""

    start_frame: int
    end_frame: int
    before: np.ndarray  # grey thumbnails, uint8 (h, w)
    after: np.ndarray
    scale: float  # px of a thumbnail a px of the image

    def reaches(self, box_xyxy: np.ndarray) -> bool:
        """Whether the view changes around a face's box."""
        centre, sides = (box_xyxy[:2] + box_xyxy[2:]) / 2, box_xyxy[2:] - box_xyxy[:2]
        low = np.maximum(np.floor((centre - _REACH / 2 * sides) * self.scale), 0).astype(int)
        high = np.maximum(np.ceil((centre + _REACH / 2 * sides) * self.scale), 0).astype(int)
        part = (slice(low[1], high[1]), slice(low[0], high[0]))
        before, after = self.before[part], self.after[part]
        return min(before.shape) < _MIN_SIDE or edge_similarity(before, after) < _SAME_FACE_VIEW


@dataclass(slots=True, kw_only=True, eq=False)
class _Shot:
    start_frame: int
    scale: float
    greys: list[np.ndarray] = field(default_factory=list)

    @property
    def end_frame(self) -> int:
        """One past the last frame."""
        return self.start_frame + len(self.greys)


class Shots:
    """Thumbnails of the frames of a window, by shot: about 15 kB a frame."""

    def __init__(self) -> None:
        """Begin a window."""
        self._shots: list[_Shot] = []

    def add(self, frame: int, small: np.ndarray | None, *, image_width: int, is_cut: bool) -> None:
        """Add a frame's thumbnail; None stands for the one before. After frames that were left out a shot begins."""
        last = self._shots[-1] if self._shots and self._shots[-1].end_frame == frame else None
        if small is None:
            if last is not None:
                last.greys.append(last.greys[-1])
            return
        grey = grey_levels(small)
        if last is None or last.greys[-1].shape != grey.shape or (is_cut and _is_step(last.greys[-1], grey)):
            last = _Shot(start_frame=frame, scale=small.shape[1] / image_width)
            self._shots.append(last)
        last.greys.append(grey)

    def transitions(self) -> list[Transition]:
        """Gradual transitions inside the shots, by time."""
        return [
            Transition(
                start_frame=shot.start_frame + start,
                end_frame=shot.start_frame + end,
                before=shot.greys[start],
                after=shot.greys[end - 1],
                scale=shot.scale,
            )
            for shot in self._shots
            for start, end in find_transitions(shot.greys)
        ]


def _is_step(before: np.ndarray, after: np.ndarray) -> bool:
    return float(np.abs(after.astype(np.float32) - before).mean()) >= _MIN_STEP


def parts_of(track: LiveTrack, rule: str, transitions: list[Transition]) -> list[tuple[LiveTrack, str]]:
    """The track with its end rule; in parts, without the frames of the transitions that reach it."""
    for place, transition in enumerate(transitions):
        start, end = transition.start_frame, transition.end_frame
        if track.start_frame >= end or track.last_frame < start or not transition.reaches(track.box_near(start)):
            continue
        before, after = track.part(track.start_frame, start), track.part(end, track.last_frame + 1)
        first = [(before, "transition")] if before.observations else []
        return first + (parts_of(after, rule, transitions[place + 1 :]) if after.observations else [])
    return [(track, rule)]
