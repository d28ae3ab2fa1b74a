"""A synthetic voice with the times of its phonemes, from the shared library of espeak-ng."""

import ctypes
from dataclasses import dataclass

import espeakng_loader
import numpy as np

_SYNCHRONOUS, _PHONEME_EVENTS, _END, _PHONEME, _UTF8, _RATE = 2, 1, 0, 7, 1, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Phoneme:
    """One phoneme of the voice."""

    name: str  # espeak-ng's mnemonic without stress marks; "_" is a pause
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A spoken text."""

    samples: np.ndarray  # int16 (n,)
    sample_rate_hz: int
    phonemes: tuple[Phoneme, ...]  # in order, without gaps


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(text: str, words_a_minute: int = 150, voice: str = "en-us") -> Voice:
    """Speak a text; RuntimeError where the library fails.

    The first text in a process always gives the same samples; later ones depend on the library's state.
    """
    library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    data_path = str(espeakng_loader.get_data_path()).encode()
    sample_rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, data_path, _PHONEME_EVENTS)
    if sample_rate_hz <= 0:
        raise RuntimeError(f"espeak-ng found no voices in {data_path.decode()}")
    chunks: list[np.ndarray] = []
    starts: list[tuple[int, str]] = []
    callback = _Callback(lambda wave, num_samples, events: _collect(wave, num_samples, events, chunks, starts))
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode()
    refused = (
        library.espeak_SetVoiceByName(voice.encode())
        or library.espeak_SetParameter(_RATE, words_a_minute, 0)
        or library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
        or library.espeak_Synchronize()
    )
    library.espeak_Terminate()
    if refused:
        raise RuntimeError(f"espeak-ng cannot speak with voice {voice!r} (error {refused})")
    samples = np.concatenate(chunks)
    return Voice(
        samples=samples, sample_rate_hz=sample_rate_hz, phonemes=_phonemes(starts, len(samples), sample_rate_hz)
    )


def _collect(wave, num_samples: int, events, chunks: list[np.ndarray], starts: list[tuple[int, str]]) -> int:
    if wave and num_samples > 0:
        chunks.append(np.ctypeslib.as_array(wave, (num_samples,)).copy())
    index = 0
    while events[index].type != _END:
        if events[index].type == _PHONEME:
            starts.append((events[index].sample, events[index].id.string.decode()))
        index += 1
    return 0  # continue


def _phonemes(starts: list[tuple[int, str]], num_samples: int, sample_rate_hz: int) -> tuple[Phoneme, ...]:
    ends = [sample for sample, _ in starts[1:]] + [num_samples]
    return tuple(
        Phoneme(name=name.strip("',%=;") or "_", start_s=start / sample_rate_hz, end_s=end / sample_rate_hz)
        for (start, name), end in zip(starts, ends, strict=True)
        if end > start
    )
