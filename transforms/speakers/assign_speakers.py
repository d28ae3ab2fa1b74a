"""Whose voice it is: the audio of each frame goes to a face in view, to two of them, or to nobody.

The likeliest path through the states nobody and each face. A face that speaks fits the audio better at its lag than at
other shifts, about as well as the best face in view does when it speaks; one that does not speak fits no better there
than elsewhere. A second face that fits nearly as well as the one whose voice it is speaks too, as far as can be told:
of people left out of training, in pieces of 3 s with one voice, the other face's likeness was a quarter of the speaker's
(median) and above CO_SPEAKER_SHARE of it in one pair of twenty; with two voices in three pairs of five.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from transforms.speakers.sync_scores import NUM_SHIFTS, same_length

_MIN_SPEAKERS_FIT = 1.8  # what is expected at least of a face that speaks, in deviations of the fit
_SPEAKERS_QUANTILE = 0.6  # of the best fit in view, frame by frame: how well a face fits that speaks
_FRAMES_AS_ONE = 8.0  # neighbouring frames are alike: so many say as much as one that stands alone
_CHANGE_COST = 3.0  # nats: a change about once in two seconds
CO_SPEAKER_SHARE = 0.7  # of the speaker's likeness: a face that fits the audio so well may speak too
_COMPARED = np.hanning(127)[1:-1]  # five seconds: shorter stretches of two faces are not told apart
_NEAR_COMMON = 2  # frames by which the lags of faces in one image are measured apart
_MIN_SHIFTS = 10  # a frame with fewer is not compared
_SMOOTHING = np.hanning(15)[1:-1] / np.hanning(15).sum()  # 13 frames: half a second


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFace:
    """A face and how it fits the audio, see sync_scores.similarity."""

    start_frame: int  # of the timeline
    scores: np.ndarray  # float32 (T, 31)

    @property
    def end_frame(self) -> int:
        """One past the last timeline frame."""
        return self.start_frame + len(self.scores)


def assign_speakers(faces: Sequence[ScoredFace], unrelated: float | None = None) -> list[np.ndarray]:
    """Whether each face speaks, bool (T,), in the order of the faces.

    unrelated: likeness of what does not belong together; None where the network has no such number, and a frame's mean
    over the shifts stands for it.

    Faces in view at the same time share one audio, so it is late by the same for all of them: they are compared near
    the lag at which whoever speaks fits best. Frames without speech go to whoever has the frames beside them.
    """
    speaks = [np.zeros(len(face.scores), bool) for face in faces]
    for members in _in_view_together(faces):
        first = min(faces[index].start_frame for index in members)
        last = max(faces[index].end_frame for index in members)
        spans = [slice(faces[index].start_frame - first, faces[index].end_frame - first) for index in members]
        scores = [faces[index].scores for index in members]
        fits = _laid([_fit(own) for own in scores], spans, last - first)
        columns = _lag_columns(fits)
        owners = _likeliest(_at(fits / _unit(fits), columns))
        levels = fits if unrelated is None else _laid([own - unrelated for own in scores], spans, last - first)
        voices = _with_others(owners, _at(levels, columns))
        for voice, index, span in zip(voices, members, spans, strict=True):
            speaks[index] = voice[span]
    return speaks


def _laid(values: list[np.ndarray], spans: list[slice], num_frames: int) -> np.ndarray:
    """Values (T, 31) of each face on the frames of all: (F, num_frames, 31), 0 where nothing is known."""
    laid = np.zeros((len(values), num_frames, NUM_SHIFTS))
    for row, own, span in zip(laid, values, spans, strict=True):
        row[span] = np.nan_to_num(own)
    return laid


def _with_others(owners: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Whether each face speaks, bool (F, T): the owner of a frame, and whoever fits nearly as well around it."""
    speaks = owners.copy()
    for number, owned in enumerate(owners):
        # What a face does in the frames of another owner says nothing of these.
        around = np.stack([same_length(level * owned, _COMPARED) for level in levels])
        # A face that is not in view, and a frame without speech, have a level of nothing.
        speaks |= owned & (around >= CO_SPEAKER_SHARE * np.maximum(around[number], 1e-9)) & (levels != 0)
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
    exists = np.isfinite(scores) & (np.isfinite(scores).sum(1, keepdims=True) >= _MIN_SHIFTS)
    if not exists.any():
        return np.zeros(scores.shape)
    known = np.where(exists, scores, 0.0)
    return np.where(exists, known - known.sum(1, keepdims=True) / np.maximum(exists.sum(1, keepdims=True), 1), 0.0)


def _unit(fits: np.ndarray) -> float:
    """The largest scatter of any face's fits (F, T, 31): one unit for all, so that a weak fit stays weak."""
    return max([float(fit[fit != 0].std()) for fit in fits if fit.any()], default=1.0) or 1.0


def _lag_columns(fits: np.ndarray) -> np.ndarray:
    """Shift of each face's lag, int (F,), near the one at which whoever speaks fits best."""
    smooth = np.stack([[same_length(column, _SMOOTHING) for column in fit.T] for fit in fits])  # (F, 31, T)
    common = int(smooth.max(0).mean(1).argmax())
    low = max(0, common - _NEAR_COMMON)
    return low + smooth[:, low : common + _NEAR_COMMON + 1].mean(2).argmax(1)


def _at(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values (F, T) of each face at its shift, of (F, T, 31)."""
    return np.stack([value[:, column] for value, column in zip(values, columns, strict=True)])


def _speakers_fit(fits: np.ndarray) -> float:
    """How well a face fits while it speaks, of fits (F, T)."""
    best = np.stack([same_length(fit, _SMOOTHING) for fit in fits]).max(0)[(fits != 0).any(0)]
    return max(_MIN_SPEAKERS_FIT, float(np.quantile(best, _SPEAKERS_QUANTILE))) if len(best) else _MIN_SPEAKERS_FIT


def _likeliest(fits: np.ndarray) -> np.ndarray:
    """Whether each face speaks, bool (F, T), on the likeliest path (Viterbi) of fits (F, T)."""
    num_faces, num_frames = fits.shape
    expected = _speakers_fit(fits)
    gains = np.where(fits == 0, 0.0, expected * fits - expected**2 / 2) / _FRAMES_AS_ONE
    states = [(), *((face,) for face in range(num_faces))]
    speaks = np.array([[face in state for face in range(num_faces)] for state in states])
    gain = (speaks @ gains).T  # (T, states)
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
