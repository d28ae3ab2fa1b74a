"""Which channels of an audio stream are mixed: those that hold voice, and none that cancels another."""

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.media import ALL_CHANNELS, ChannelMix
from transforms.media.silero import SileroVad, seconds_of

_SILENT = 10.0  # standard deviation in the loudest second, of 32768, below which a channel is silent: -70 dB
_SILENT_BELOW = 10 ** (-40 / 20)  # a channel that is weaker than the loudest one by more is silent
_ALIKE = 0.5  # correlation from which most of what channels hold is the same: then all hold the voice
_AS_LOUD = 0.8  # of the energy of the loudest channel, from which a channel is as loud: 1 dB
_CANCELS = 0.5  # energy of a mix, over that of the mix of independent channels, below which it cancels
_OPPOSITE = -0.8  # correlation, at any delay, of a channel with an inverted copy
_MAX_DELAY_SAMPLES = SAMPLE_RATE_HZ // 100  # of that copy: 10 ms
_VOICE_SHARE = 0.1  # of the channel with most speech, below which a channel holds no voice
_LOST_SHARE = 0.5  # of the speech of the best channel, below which the mix of all has lost its voice


def choose_channels(channels: np.ndarray, vad: SileroVad) -> ChannelMix:
    """The mix for int16 (channels, n) at 16 kHz. All channels are mixed unless there is a reason against it."""
    loud = _loud_channels(channels)
    if len(channels) == 1 or not loud:
        return ALL_CHANNELS
    if len(loud) == 1 or np.corrcoef(channels[loud]).min() >= _ALIKE:
        return _without_silent(loud, len(channels))
    if _cancel(channels[loud]):
        energies = _energies(channels[loud])
        first_loudest = loud[int(np.argmax(energies >= _AS_LOUD * energies.max()))]
        return ChannelMix(channels=(first_loudest,), reason="the channels cancel each other")
    return _by_voice(channels, loud, vad)


def are_alike(channels: np.ndarray) -> bool:
    """Whether a part of a stream, int16 (channels, n), shows that all its channels hold mostly the same."""
    return len(_loud_channels(channels)) == len(channels) and bool(np.corrcoef(channels).min() >= _ALIKE)


def mixed(channels: np.ndarray, mix: ChannelMix) -> np.ndarray:
    """The mean of the chosen channels, int16 (n,), near enough for finding speech."""
    chosen = channels[list(mix.channels)] if mix.channels else channels
    return chosen.mean(0).astype(np.int16)


def _by_voice(channels: np.ndarray, loud: list[int], vad: SileroVad) -> ChannelMix:
    """Of channels that differ: those with speech; one of them where their mix has lost it."""
    speech_s = {channel: seconds_of(vad.speech_chunks(channels[channel])) for channel in loud}
    best = max(loud, key=lambda channel: speech_s[channel])
    voiced = [channel for channel in loud if speech_s[channel] >= _VOICE_SHARE * speech_s[best]]
    mix = _without_silent(loud, len(channels))
    if len(voiced) < len(loud):
        mix = ChannelMix(channels=tuple(voiced), reason="the others hold no voice")
    if seconds_of(vad.speech_chunks(mixed(channels, mix))) < _LOST_SHARE * speech_s[best]:
        return ChannelMix(channels=(best,), reason="the voice is lost in the mix")
    return mix


def _without_silent(loud: list[int], num_channels: int) -> ChannelMix:
    """The mix without silent channels, unless these are few: a known layout is mixed best by its own weights."""
    if len(loud) > num_channels // 2:
        return ALL_CHANNELS
    return ChannelMix(channels=tuple(loud), reason="the others are silent")


def _loud_channels(channels: np.ndarray) -> list[int]:
    """Channels that are not silent, by the loudest second of each."""
    levels = np.array([_loudest_second(channel) for channel in channels])
    return [int(one) for one in np.flatnonzero((levels >= _SILENT) & (levels >= _SILENT_BELOW * levels.max(initial=0)))]


def _loudest_second(channel: np.ndarray) -> float:
    """Standard deviation in the loudest second."""
    seconds = np.array_split(channel.astype(np.float64), max(1, len(channel) // SAMPLE_RATE_HZ))
    return max(float(second.std()) if len(second) else 0.0 for second in seconds)


def _energies(channels: np.ndarray) -> np.ndarray:
    return np.array([np.mean(channel.astype(np.float64) ** 2) for channel in channels])


def _cancel(channels: np.ndarray) -> bool:
    """Whether channels take audio from each other when they are mixed: of opposite phase, delayed or not."""
    independent = _energies(channels).sum() / len(channels) ** 2
    if np.mean(channels.mean(0) ** 2) < _CANCELS * independent:
        return True
    return len(channels) == 2 and _is_inverted_copy(*channels.astype(np.float64))


def _is_inverted_copy(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether one channel is the other one inverted, up to 10 ms earlier or later."""
    size = 1 << (len(first) + _MAX_DELAY_SAMPLES).bit_length()
    product = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    near = np.concatenate([product[: _MAX_DELAY_SAMPLES + 1], product[-_MAX_DELAY_SAMPLES:]])
    near /= np.sqrt(np.sum(first**2) * np.sum(second**2))
    return bool(near.min() < _OPPOSITE and near.max() < -near.min())
