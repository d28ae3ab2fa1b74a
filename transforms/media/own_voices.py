"""Which of several mono streams hold a voice of their own each, as lapel microphones do: these are mixed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from transforms.media.silero import CHUNK_SAMPLES, SileroVad, seconds_of

_LOUD_PERCENTILE = 90  # of the levels of a stream's chunks with speech: how loud its own voice is
_LOUDER_DB = 6.0  # a voice is louder in its own stream than in any other by so much, each beside its loud chunks
_MIN_OWN_S = 1.0  # speech that a stream must hold of its own
_MAX_SHARED = 0.4  # of the speech, equally loud in two streams: with more they hold the same, or two versions of it
_LEVEL_CHUNKS = 31  # over which a level is taken, a second: words and pauses of people who speak at once are levelled
_FAINTEST = 1.0  # level of digital silence, of 32768


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamSpeech:
    """Speech and level of one stream in chunks of 32 ms."""

    speech: np.ndarray  # bool (n,)
    levels_db: np.ndarray  # float (n,)

    @property
    def seconds(self) -> float:
        """Seconds of speech."""
        return seconds_of(self.speech)


NO_SPEECH = StreamSpeech(speech=np.zeros(0, bool), levels_db=np.zeros(0))
"""Of a stream without speech, or in which it was not measured."""


def stream_speech(samples: np.ndarray, vad: SileroVad) -> StreamSpeech:
    """Speech and levels of int16 (n,) at 16 kHz."""
    chunks = samples[: len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES).astype(np.float32)
    levels = np.sqrt(np.mean(chunks**2, axis=1)) if len(chunks) else np.zeros(0)
    return StreamSpeech(speech=vad.speech_chunks(samples), levels_db=20 * np.log10(np.maximum(levels, _FAINTEST)))


def own_voices(streams: Mapping[int, StreamSpeech]) -> tuple[int, ...]:
    """The keys of streams, two at least, that each hold speech which every other one holds faintly; else ().

    All streams cover the same time.
    """
    keys = [key for key, one in streams.items() if one.seconds >= _MIN_OWN_S]
    if len(keys) < 2:
        return ()
    own = [key for key, is_own in zip(keys, _is_own(keys, streams), strict=True) if seconds_of(is_own) >= _MIN_OWN_S]
    if len(own) < 2:
        return ()
    is_any = np.any([streams[key].speech for key in own], axis=0)
    is_own_of_any = np.any(_is_own(own, streams), axis=0)
    return tuple(own) if np.mean(~is_own_of_any[is_any]) <= _MAX_SHARED else ()


def _is_own(keys: list[int], streams: Mapping[int, StreamSpeech]) -> np.ndarray:
    """Whether each chunk holds speech in one stream that is louder there than in the others: bool (streams, n)."""
    speech = np.stack([streams[key].speech for key in keys])
    levels = np.stack([_beside_loud(streams[key]) for key in keys])
    others = np.stack([np.delete(levels, place, axis=0).max(0) for place in range(len(keys))])
    return speech & (levels >= others + _LOUDER_DB)


def _beside_loud(stream: StreamSpeech) -> np.ndarray:
    """Levels around each chunk beside those of the stream's loud speech, so that microphones of other gain compare."""
    power = np.convolve(10 ** (stream.levels_db / 10), np.ones(_LEVEL_CHUNKS) / _LEVEL_CHUNKS, "same")
    levels_db = 10 * np.log10(power)
    return levels_db - np.percentile(levels_db[stream.speech], _LOUD_PERCENTILE)
