"""Active-speaker assignment: the audio of each frame goes to a face in view, to two of them, or to no speaker.

The assignment is the Viterbi path over {no speaker, face 1..F}. A face that speaks matches the audio better at its lag
than at other shifts, about as well as the best face in view does while it speaks. A face that does not speak matches no
better there than elsewhere.

A second face whose similarity comes close to the speaker's is taken as speaking too, because the two cannot be
distinguished. Measured on held-out speakers, in segments of 3 s: with one voice the other face's similarity was a
quarter of the speaker's (median), and above CO_SPEAKER_SHARE of it in one pair of twenty; with two voices in three
pairs of five.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transforms.speakers.sync_scores import NUM_SHIFTS, same_length

_MIN_SPEAKERS_FIT = 1.8  # expected of a face that speaks, at least; in standard deviations of the fit
_SPEAKERS_QUANTILE = 0.6  # of the best fit in view over frames: how well a face that speaks fits
_FRAMES_AS_ONE = 8.0  # neighbouring frames are correlated: so many carry as much information as one independent frame
_CHANGE_COST = 3.0  # nats: a change about once in two seconds
CO_SPEAKER_SHARE = 0.7  # of the speaker's similarity: a face with more may speak too
_COMPARED = np.hanning(127)[1:-1]  # five seconds: two faces are not distinguished over less
_NEAR_COMMON = 2  # frames by which the measured lags of faces in one image may differ
_MIN_SHIFTS = 10  # a frame with fewer known shifts is not compared
_SMOOTHING = np.hanning(15)[1:-1] / np.hanning(15).sum()  # 13 frames: half a second


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceSimilarities:
    """A face's similarities to the audio, see sync_scores.similarity, and where on the timeline they begin."""

    start_frame: int  # of the timeline
    similarities: np.ndarray  # float32 (T, 31)

    @property
    def end_frame(self) -> int:
        """One past the last timeline frame."""
        return self.start_frame + len(self.similarities)


def assign_speakers(faces: Sequence[FaceSimilarities], unrelated: float | None = None) -> list[np.ndarray]:
    """Whether each face speaks, bool (T,), in the order of the faces.

    unrelated: similarity of a face and audio that do not belong together; None where the network has no such number,
    and a frame's mean over the shifts is used instead.

    Faces that are in view at the same time share one audio, which is late by the same amount for all of them. So they
    are compared near the lag at which the best-matching face matches best. Frames without speech are assigned like the
    frames around them.
    """
    speaks = [np.zeros(len(face.similarities), bool) for face in faces]
    for members in _in_view_together(faces):
        first = min(faces[index].start_frame for index in members)
        last = max(faces[index].end_frame for index in members)
        spans = [slice(faces[index].start_frame - first, faces[index].end_frame - first) for index in members]
        similarities = [faces[index].similarities for index in members]
        fits = _on_common_frames([_fit(values) for values in similarities], spans, last - first)
        columns = _lag_columns(fits)
        speakers = _viterbi_path(_at(fits / _unit(fits), columns))
        levels = fits
        if unrelated is not None:
            levels = _on_common_frames([values - unrelated for values in similarities], spans, last - first)
        for row, index, span in zip(_with_co_speakers(speakers, _at(levels, columns)), members, spans, strict=True):
            speaks[index] = row[span]
    return speaks


def _on_common_frames(values: list[np.ndarray], spans: list[slice], num_frames: int) -> np.ndarray:
    """Values (T, 31) of each face on the frames of all faces: (F, num_frames, 31), 0 where no similarity is known."""
    common = np.zeros((len(values), num_frames, NUM_SHIFTS))
    for row, of_face, span in zip(common, values, spans, strict=True):
        row[span] = np.nan_to_num(of_face)
    return common


def _with_co_speakers(speakers: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Whether each face speaks, bool (F, T): the speaker of a frame, and faces that match nearly as well around it."""
    speaks = speakers.copy()
    for number, of_face in enumerate(speakers):
        # Only the frames assigned to this face are compared: other frames do not show how well a face matches here.
        around = np.stack([same_length(level * of_face, _COMPARED) for level in levels])
        # A face that is not in view, and a frame without speech, have level 0.
        speaks |= of_face & (around >= CO_SPEAKER_SHARE * np.maximum(around[number], 1e-9)) & (levels != 0)
    return speaks


def _in_view_together(faces: Sequence[FaceSimilarities]) -> list[list[int]]:
    """Indices of faces that overlap in time, or are connected by others that do."""
    groups: list[list[int]] = []
    end = 0
    for index in sorted(range(len(faces)), key=lambda index: faces[index].start_frame):
        if groups and faces[index].start_frame < end:
            groups[-1].append(index)
        else:
            groups.append([index])
        end = max(end, faces[index].end_frame)
    return groups


def _fit(similarities: np.ndarray) -> np.ndarray:
    """By how much a frame's similarity exceeds its mean over the shifts: (T, 31), 0 where it is unknown."""
    known = np.isfinite(similarities)
    exists = known & (known.sum(1, keepdims=True) >= _MIN_SHIFTS)
    if not exists.any():
        return np.zeros(similarities.shape)
    values = np.where(exists, similarities, 0.0)
    return np.where(exists, values - values.sum(1, keepdims=True) / np.maximum(exists.sum(1, keepdims=True), 1), 0.0)


def _unit(fits: np.ndarray) -> float:
    """The largest standard deviation of any face's fits (F, T, 31): one unit for all, so that a weak fit stays weak."""
    return max([float(fit[fit != 0].std()) for fit in fits if fit.any()], default=1.0) or 1.0


def _lag_columns(fits: np.ndarray) -> np.ndarray:
    """Column of each face's lag, int (F,), near the lag at which the best-matching face matches best."""
    smooth = np.stack([[same_length(column, _SMOOTHING) for column in fit.T] for fit in fits])  # (F, 31, T)
    common = int(smooth.max(0).mean(1).argmax())
    low = max(0, common - _NEAR_COMMON)
    return low + smooth[:, low : common + _NEAR_COMMON + 1].mean(2).argmax(1)


def _at(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values (F, T) of each face at its column, of (F, T, 31)."""
    return np.stack([value[:, column] for value, column in zip(values, columns, strict=True)])


def _speakers_fit(fits: np.ndarray) -> float:
    """How well a face fits while it speaks, estimated from fits (F, T)."""
    best = np.stack([same_length(fit, _SMOOTHING) for fit in fits]).max(0)[(fits != 0).any(0)]
    return max(_MIN_SPEAKERS_FIT, float(np.quantile(best, _SPEAKERS_QUANTILE))) if len(best) else _MIN_SPEAKERS_FIT


def _viterbi_path(fits: np.ndarray) -> np.ndarray:
    """Whether each face speaks, bool (F, T), on the Viterbi path over {no speaker, face 1..F} of fits (F, T)."""
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
