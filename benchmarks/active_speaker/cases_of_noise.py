"""The right audio under noise."""

from collections.abc import Iterator, Sequence

from benchmarks.active_speaker.audio_changes import random_of, speech_shaped, white, with_noise
from benchmarks.active_speaker.cases_of_pairs import judged
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.outcomes import Outcome
from benchmarks.active_speaker.segments import Face, cut_segments, own_audio

GROUP, CLEAN = "noise", "clean"
SNRS_DB = (20, 10, 0)
_LENGTH_S = 3


def judge_noise(judge: Judge, faces: Sequence[Face], seed: int) -> Iterator[Outcome]:
    """Clean, and with white and speech-shaped noise; speech is where it was detected in the clean audio."""
    for face in faces:
        for segment in cut_segments(face, _LENGTH_S):
            own, rng = own_audio(segment), random_of(seed, GROUP, segment.name)
            audios = {CLEAN: own}
            for colour, noise in (
                ("white", white(len(own.samples), rng)),
                ("speech-shaped", speech_shaped(face, len(own.samples), rng)),
            ):
                audios.update({f"{colour} {snr_db} dB": with_noise(own, noise, snr_db) for snr_db in SNRS_DB})
            for kind, audio in audios.items():
                yield judged(judge, segment, audio, kind, _LENGTH_S, segment.name, segment.lag_frames, GROUP)
