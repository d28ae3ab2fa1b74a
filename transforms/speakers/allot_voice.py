"""Whose voice it is: the sound of each frame goes to a face in view, to two of them, or to nobody.

The likeliest path through the states nobody, each face, each two faces. A face that speaks fits the sound better at its
lag than at other shifts, about as well as the best face in view does when it speaks; one that does not speak fits no
better there than elsewhere. Of people left out of training, in pieces of 3 s with one voice, the other face's fit was a
quarter of the speaker's (median; nine of ten below 0.55); with two voices the weaker fit was three quarters.
The numbers below were tuned on made pairs of people (one voice, hand-over, both at once, neither) of train/ and of the
tuning people of dev/.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from transforms.speakers.sync_scores import NUM_SHIFTS, same_length

_LEAST_SPEAKERS_FIT = 1.8  # what is expected at least of a face that speaks, in deviations of the fit
_SPEAKERS_QUANTILE = 0.6  # of the best fit in view, frame by frame: how well a face fits that speaks
_FRAMES_AS_ONE = 8.0  # neighbouring frames are alike: so many say as much as one that stands alone
_CHANGE_COST = 3.0  # nats: a change about once in two seconds
_BOTH_SHARE = 0.85  # mouths that talk are alike: of a second one that fits, so much counts as speech of its own
_BOTH_COST = 0.5 / 25  # nats a frame: two who speak at once are rarer than one
_NEAR_COMMON = 2  # frames by which the lags of faces in one picture are measured apart
_LEAST_SHIFTS = 10  # a frame with fewer is not compared
_SMOOTHING = np.hanning(15)[1:-1] / np.hanning(15).sum()  # 13 frames: half a second


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFace:
    """A face and how it fits the sound, see sync_scores.similarity."""

    start_frame: int  # of the timeline
    scores: np.ndarray  # float32 (T, 31)

    @property
    def end_frame(self) -> int:
        """One past the last timeline frame."""
        return self.start_frame + len(self.scores)


def allot_voice(faces: Sequence[ScoredFace]) -> list[np.ndarray]:
    """Whether each face speaks, bool (T,), in the order of the faces; two may at once, more never do.

    Faces in view at the same time share one sound, so it is late by the same for all of them: they are compared near
    the lag at which whoever speaks fits best. Frames without speech go to whoever has the frames beside them.
    """
    speaks = [np.zeros(len(face.scores), bool) for face in faces]
    for members in _in_view_together(faces):
        first = min(faces[index].start_frame for index in members)
        last = max(faces[index].end_frame for index in members)
        fits = np.zeros((len(members), last - first, NUM_SHIFTS))
        spans = [slice(faces[index].start_frame - first, faces[index].end_frame - first) for index in members]
        for fit, index, span in zip(fits, members, spans, strict=True):
            fit[span] = _fit(faces[index].scores)
        fits /= _unit(fits)
        voices = _likeliest(_at_lags(fits))
        for voice, index, span in zip(voices, members, spans, strict=True):
            speaks[index] = voice[span]
    return speaks


def _in_view_together(faces: Sequence[ScoredFace]) -> Iterable[list[int]]:
    """Indices of faces that overlap in time, or are joined by others that do."""
    groups, end = [], 0
    for index in sorted(range(len(faces)), key=lambda index: faces[index].start_frame):
        if groups and faces[index].start_frame < end:
            groups[-1].append(index)
        else:
            groups.append([index])
        end = max(end, faces[index].end_frame)
    return groups


def _fit(scores: np.ndarray) -> np.ndarray:
    """How much better than at the mean shift: (T, 31), 0 where nothing is known."""
    exists = np.isfinite(scores) & (np.isfinite(scores).sum(1, keepdims=True) >= _LEAST_SHIFTS)
    if not exists.any():
        return np.zeros(scores.shape)
    known = np.where(exists, scores, 0.0)
    return np.where(exists, known - known.sum(1, keepdims=True) / np.maximum(exists.sum(1, keepdims=True), 1), 0.0)


def _unit(fits: np.ndarray) -> float:
    """The largest scatter of any face's fits (F, T, 31): one unit for all, so that a weak fit stays weak."""
    return max([float(fit[fit != 0].std()) for fit in fits if fit.any()], default=1.0) or 1.0


def _at_lags(fits: np.ndarray) -> np.ndarray:
    """Fit (F, T) of each face at its lag, near the one at which whoever speaks fits best."""
    smooth = np.stack([[same_length(column, _SMOOTHING) for column in fit.T] for fit in fits])  # (F, 31, T)
    common = int(smooth.max(0).mean(1).argmax())
    low = max(0, common - _NEAR_COMMON)
    columns = low + smooth[:, low:common + _NEAR_COMMON + 1].mean(2).argmax(1)
    return np.stack([fit[:, column] for fit, column in zip(fits, columns, strict=True)])


def _speakers_fit(fits: np.ndarray) -> float:
    """How well a face fits while it speaks, of fits (F, T)."""
    best = np.stack([same_length(fit, _SMOOTHING) for fit in fits]).max(0)[(fits != 0).any(0)]
    return max(_LEAST_SPEAKERS_FIT, float(np.quantile(best, _SPEAKERS_QUANTILE))) if len(best) else _LEAST_SPEAKERS_FIT


def _likeliest(fits: np.ndarray) -> np.ndarray:
    """Whether each face speaks, bool (F, T), on the likeliest path (Viterbi) of fits (F, T)."""
    num_faces, num_frames = fits.shape
    expected = _speakers_fit(fits)
    gains = np.where(fits == 0, 0.0, expected * fits - expected**2 / 2) / _FRAMES_AS_ONE
    states = [(), *((face,) for face in range(num_faces)), *combinations(range(num_faces), 2)]
    speaks = np.array([[face in state for face in range(num_faces)] for state in states])
    gain = (speaks @ gains).T  # (T, states)
    gain[:, 1 + num_faces:] = _BOTH_SHARE * gain[:, 1 + num_faces:] - _BOTH_COST
    came_from, total = np.zeros(gain.shape, int), gain[0]
    for frame in range(1, num_frames):
        best = int(total.argmax())
        stays = total >= total[best] - _CHANGE_COST
        came_from[frame] = np.where(stays, np.arange(len(states)), best)
        total = np.maximum(total, total[best] - _CHANGE_COST) + gain[frame]
    path = [int(total.argmax())]
    for frame in range(num_frames - 1, 0, -1):
        path.append(int(came_from[frame, path[-1]]))
    return speaks[path[::-1]].T
