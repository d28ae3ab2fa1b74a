"""The right audio under noise."""

from collections.abc import Iterator, Sequence

from benchmarks.active_speaker.cases_of_pairs import judged
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.pieces import Face, cut_pieces, own_audio
from benchmarks.active_speaker.sounds import random_of, speech_shaped, white, with_noise

GROUP, CLEAN = "noise", "clean"
SNRS_DB = (20, 10, 0)
_LENGTH_S = 3


def judge_noise(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Clean, and under white and speech-shaped noise; where there is speech is taken for known."""
    for face in faces:
        for piece in cut_pieces(face, _LENGTH_S):
            own, rng = own_audio(piece), random_of(seed, GROUP, piece.name)
            sounds = {CLEAN: own}
            for colour, noise in (
                ("white", white(len(own.samples), rng)),
                ("speech-shaped", speech_shaped(face, len(own.samples), rng)),
            ):
                sounds.update({f"{colour} {snr_db} dB": with_noise(own, noise, snr_db) for snr_db in SNRS_DB})
            for kind, audio in sounds.items():
                yield judged(judge, piece, audio, kind, _LENGTH_S, piece.name, piece.lag_frames, GROUP)
