"""Changed audio: silence, reversed, with noise or replaced by it, slowed, handed over."""

from dataclasses import replace
from zlib import crc32

import numpy as np
from scipy.signal import resample_poly

from benchmarks.active_speaker.segments import Face, SegmentAudio, audio_under
from schemas.clock import SAMPLES_PER_FRAME
from transforms.media.audio import read_audio_span

_SPECTRUM_SAMPLES = 1024
_FADE_SAMPLES = 160  # a hand-over without a click


def random_of(seed: int, *names: str) -> np.random.Generator:
    """Random numbers of one case, independent of which other cases there are."""
    return np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])


def silenced(audio: SegmentAudio) -> SegmentAudio:
    """Digital silence in frames marked as speech, as if the speech detector were wrong."""
    return replace(audio, samples=np.zeros_like(audio.samples))


def reversed_audio(audio: SegmentAudio) -> SegmentAudio:
    """The same audio from its end to its beginning."""
    return SegmentAudio(samples=audio.samples[::-1].copy(), counts=audio.counts[::-1].copy())


def replaced_by_noise(audio: SegmentAudio, face: Face, rng: np.random.Generator) -> SegmentAudio:
    """Noise with the spectrum of the recording's speech and the audio's loudness, in frames marked as speech."""
    noise = speech_shaped(face, len(audio.samples), rng)
    return replace(audio, samples=_int16(noise * _loudness(audio)))


def with_noise(audio: SegmentAudio, noise: np.ndarray, snr_db: float) -> SegmentAudio:
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


def slowed(face: Face, start_frame: int, num_frames: int, per_mille: int) -> SegmentAudio:
    """The audio from start_frame on, each second stretched by per_mille milliseconds, so that its lag grows."""
    audio = audio_under(face, start_frame, num_frames)
    stretched = resample_poly(audio.samples.astype(np.float64), 1000 + per_mille, 1000)[: len(audio.samples)]
    return replace(audio, samples=_int16(stretched))


def handed_over(before: SegmentAudio, after: SegmentAudio, frame: int, margin_frames: int) -> SegmentAudio:
    """One audio until a frame of the segment, another from there on."""
    cut = (frame + margin_frames) * SAMPLES_PER_FRAME
    share = np.clip((np.arange(len(before.samples)) - cut) / _FADE_SAMPLES + 0.5, 0, 1)
    counts = np.concatenate([before.counts[: frame + margin_frames], after.counts[frame + margin_frames :]])
    return SegmentAudio(samples=_int16(before.samples * (1 - share) + after.samples * share), counts=counts)


def _loudness(audio: SegmentAudio) -> float:
    """Root mean square of the frames with speech, in sample steps."""
    spoken = audio.samples[np.repeat(audio.counts, SAMPLES_PER_FRAME)].astype(np.float64)
    return float(np.sqrt((spoken**2).mean())) if len(spoken) else 0.0


def _int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
