"""How good a sync network is on clips in sync: lags found, and other people's audio told from the right one."""

from dataclasses import dataclass

import numpy as np

from transforms.speakers.sync_scores import measure, similarity, sync_curve


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedClip:
    """Embeddings of a clip in sync."""

    name: str
    speaker: str
    face: np.ndarray  # float32 (T, E)
    audio: np.ndarray  # float32 (T, E)
    speech: np.ndarray  # bool (T,): frames near speech


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncScore:
    """Held-out quality."""

    lag_share: float  # clips whose lag is found within a frame
    auc: float  # probability that a right pair's curve has a higher peak than with another person's audio
    num_clips: int
    num_pieces: int

    @property
    def quality(self) -> float:
        """One number to choose by."""
        return (self.lag_share + self.auc) / 2


def score(clips: list[EmbeddedClip], negative_speakers: list[EmbeddedClip] = (), piece_frames: int = 75) -> SyncScore:
    """Lag over whole clips, and AUC of the peak over pieces of clips with every other person's audio.

    negative_speakers: clips of other people, whose audio alone is used.
    """
    lags = [_measured(clip.face, clip.audio, clip.speech).lag_frames for clip in clips if clip.speech.any()]
    right, wrong = pair_peaks(clips, piece_frames, negative_speakers)
    lag_share = float(np.mean(np.abs(lags) < 1.5)) if lags else float("nan")
    return SyncScore(
        lag_share=lag_share, auc=area_under_curve(right, wrong), num_clips=len(lags), num_pieces=len(right)
    )


def pair_peaks(
    clips: list[EmbeddedClip], piece_frames: int, negative_speakers: list[EmbeddedClip] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Peak of the curve of each piece's face with its own audio, and with each piece of another speaker's."""
    pieces, others = (_spoken_pieces(own, piece_frames) for own in (clips, negative_speakers))
    right = [_measured(piece.face, piece.audio, piece.speech).peak for piece in pieces]
    wrong = []
    for face in pieces:
        for audio in (*pieces, *others):
            if face.speaker != audio.speaker:
                length = min(len(face.face), len(audio.audio))
                wrong.append(_measured(face.face[:length], audio.audio[:length], audio.speech[:length]).peak)
    return np.array(right), np.array(wrong)


def area_under_curve(right: np.ndarray, wrong: np.ndarray) -> float:
    """Probability that a right value exceeds a wrong one; a tie counts half."""
    ordered = np.sort(wrong)
    below = np.searchsorted(ordered, right, "left") + np.searchsorted(ordered, right, "right")
    return float(below.mean() / (2 * len(wrong))) if len(wrong) and len(right) else float("nan")


def _spoken_pieces(clips: list[EmbeddedClip], piece_frames: int) -> list[EmbeddedClip]:
    pieces = [piece for clip in clips for piece in _pieces(clip, piece_frames)]
    return [piece for piece in pieces if piece.speech.sum() >= piece_frames // 3]


def _pieces(clip: EmbeddedClip, piece_frames: int) -> list[EmbeddedClip]:
    """Whole pieces of the clip; one shorter than a piece by less than a fifth is a piece."""
    length = min(piece_frames, len(clip.face)) if len(clip.face) >= 0.8 * piece_frames else piece_frames
    return [
        EmbeddedClip(
            name=clip.name,
            speaker=clip.speaker,
            face=clip.face[start : start + length],
            audio=clip.audio[start : start + length],
            speech=clip.speech[start : start + length],
        )
        for start in range(0, len(clip.face) - length + 1, length)
    ]


def _measured(face: np.ndarray, audio: np.ndarray, speech: np.ndarray):
    return measure(sync_curve(similarity(face, audio, speech=speech if speech.any() else None)))
