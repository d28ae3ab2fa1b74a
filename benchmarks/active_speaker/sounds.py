"""Sounds made from a real one: silence, reversed, noise beside or instead of it, slowed, handed over."""

from dataclasses import replace
from zlib import crc32

import numpy as np
from scipy.signal import resample_poly

from benchmarks.active_speaker.pieces import Face, LaidAudio, laid_audio
from schemas.clock import SAMPLES_PER_FRAME
from transforms.media.audio import read_audio_span

_SPECTRUM_SAMPLES = 1024
_FADE_SAMPLES = 160  # a hand-over without a click


def random_of(seed: int, *names: str) -> np.random.Generator:
    """The random numbers of one case, whatever other cases there are."""
    return np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])


def silenced(audio: LaidAudio) -> LaidAudio:
    """Digital silence where a speech detector was wrong."""
    return replace(audio, samples=np.zeros_like(audio.samples))


def reversed_audio(audio: LaidAudio) -> LaidAudio:
    """The same audio from its end to its beginning."""
    return LaidAudio(samples=audio.samples[::-1].copy(), counts=audio.counts[::-1].copy())


def replaced_by_noise(audio: LaidAudio, face: Face, rng: np.random.Generator) -> LaidAudio:
    """Noise with the recording's speech spectrum and the sound's loudness, where a speech detector was wrong."""
    noise = speech_shaped(face, len(audio.samples), rng)
    return replace(audio, samples=_int16(noise * _loudness(audio)))


def with_noise(audio: LaidAudio, noise: np.ndarray, snr_db: float) -> LaidAudio:
    """The audio with noise of loudness 1 added; the ratio is that of the speech to the noise."""
    level = _loudness(audio) / 10 ** (snr_db / 20)
    return replace(audio, samples=_int16(audio.samples + noise * level))


def white(num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """White noise of loudness 1, float64."""
    return rng.standard_normal(num_samples)


def speech_shaped(face: Face, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Steady noise of loudness 1 with the long-term spectrum of a recording's speech, float64."""
    speech = np.concatenate(
        [
            read_audio_span(face.recording.audio_path, turn.start_sample, turn.end_sample)
            for turn in face.recording.video.speech
        ]
    )
    blocks = speech[: len(speech) // _SPECTRUM_SAMPLES * _SPECTRUM_SAMPLES].reshape(-1, _SPECTRUM_SAMPLES)
    spectrum = np.sqrt((np.abs(np.fft.rfft(blocks * np.hanning(_SPECTRUM_SAMPLES))) ** 2).mean(0))
    places = np.fft.rfftfreq(num_samples), np.fft.rfftfreq(_SPECTRUM_SAMPLES)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(num_samples)) * np.interp(*places, spectrum), num_samples)
    return noise / np.sqrt((noise**2).mean())


def slowed(face: Face, start_frame: int, num_frames: int, per_mille: int) -> LaidAudio:
    """The audio from start_frame on, every second of it lasting per_mille milliseconds longer: it comes ever later."""
    audio = laid_audio(face, start_frame, num_frames)
    stretched = resample_poly(audio.samples.astype(np.float64), 1000 + per_mille, 1000)[: len(audio.samples)]
    return replace(audio, samples=_int16(stretched))


def handed_over(before: LaidAudio, after: LaidAudio, frame: int, margin_frames: int) -> LaidAudio:
    """One audio until a frame of the piece, another from then on."""
    cut = (frame + margin_frames) * SAMPLES_PER_FRAME
    share = np.clip((np.arange(len(before.samples)) - cut) / _FADE_SAMPLES + 0.5, 0, 1)
    counts = np.concatenate([before.counts[: frame + margin_frames], after.counts[frame + margin_frames :]])
    return LaidAudio(samples=_int16(before.samples * (1 - share) + after.samples * share), counts=counts)


def _loudness(audio: LaidAudio) -> float:
    """Root mean square of the frames with speech, in sample steps."""
    spoken = audio.samples[np.repeat(audio.counts, SAMPLES_PER_FRAME)].astype(np.float64)
    return float(np.sqrt((spoken**2).mean())) if len(spoken) else 0.0


def _int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
