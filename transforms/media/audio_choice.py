"""Which audio stream of a file is used, and which of its channels: the ones that hold voice."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import EncryptedMedia
from schemas.media import ALL_CHANNELS, AudioStream, ChannelMix, MediaProbe
from transforms.media.audio import decode_spans
from transforms.media.channel_choice import are_alike, choose_channels, mixed
from transforms.media.config import AudioConfig
from transforms.media.own_voices import NO_SPEECH, StreamSpeech, own_voices, stream_speech
from transforms.media.probe import own_audio_places
from transforms.media.silero import SileroVad

_PART_SAMPLES = 10 * SAMPLE_RATE_HZ
_MAX_SAMPLES = 600 * SAMPLE_RATE_HZ  # looked at of one stream, in all its channels together
_MIN_PARTS = 3
_GLANCE_SAMPLES, _GLANCE_EVERY_SAMPLES, _MAX_GLANCES = SAMPLE_RATE_HZ // 2, 3 * SAMPLE_RATE_HZ, 60
_KEPT_SHARE = 0.5  # of the most speech in any stream, from which the default stream is kept


def choose_audio(path: str, probe: MediaProbe, audio: AudioConfig, zero_s: Fraction, num_samples: int) -> MediaProbe:
    """The probe with the audio stream and the channels that hold voice; the same one where there is no choice.

    Of several streams the default one is used if it has at least half as much speech as any other, else the one with
    most speech. Mono streams that hold a voice of their own each are mixed. zero_s and num_samples: where the timeline
    lies. EncryptedMedia: no stream can be read.
    """
    places = _candidates(probe, audio)
    if not places or num_samples <= 0:
        return probe
    if len(places) == 1 and probe.audio_streams[places[0]].num_channels < 2:
        return replace(probe, audio_index=places[0])
    vad = SileroVad()
    found: dict[int, tuple[ChannelMix, StreamSpeech]] = {}
    errors: list[EncryptedMedia] = []
    for place in places:
        try:
            found[place] = _look(path, probe.audio_streams[place], zero_s, num_samples, vad, len(places) > 1)
        except EncryptedMedia as error:
            errors.append(error)
    if not found:
        raise errors[0]
    chosen = _most_speech(probe.audio_index, {place: speech.seconds for place, (_, speech) in found.items()})
    mix = _mix_of_streams(probe, chosen, {place: speech for place, (_, speech) in found.items()})
    return replace(probe, audio_index=chosen, audio_mix=mix or found[chosen][0])


def _mix_of_streams(probe: MediaProbe, chosen: int, found: dict[int, StreamSpeech]) -> ChannelMix | None:
    """The mix of the chosen stream with others, where they are mono, of one language, and hold voices of their own."""
    streams = probe.audio_streams
    language = streams[chosen].language
    alike = [one for one in found if streams[one].num_channels == 1 and streams[one].language == language]
    own = own_voices({place: found[place] for place in alike})
    if chosen not in own:
        return None
    indices = sorted(streams[place].index for place in own)
    named = ", ".join(str(index) for index in indices)
    return ChannelMix(
        reason=f"streams {named} hold a voice of their own each",
        other_streams=tuple(index for index in indices if index != streams[chosen].index),
    )


def _candidates(probe: MediaProbe, audio: AudioConfig) -> list[int]:
    """Places of the streams to choose from: the one asked for, else those that go with the video and are decoded."""
    if audio.stream >= 0:
        return [place for place, one in enumerate(probe.audio_streams) if one.index == audio.stream]
    video = [one for one in probe.video_streams if probe.video is not None and one.index == probe.video.index]
    places = own_audio_places(probe.audio_streams, video[0].programmes if video else ())
    return [place for place in places if probe.audio_streams[place].decoder]


def _look(
    path: str, stream: AudioStream, zero_s: Fraction, num_samples: int, vad: SileroVad, is_measured: bool
) -> tuple[ChannelMix, StreamSpeech]:
    """The mix of a stream, and the speech in it; NO_SPEECH where that need not be measured."""
    if stream.num_channels < 1:
        return ALL_CHANNELS, NO_SPEECH
    if not is_measured and are_alike(_channels(path, stream, zero_s, _glances(num_samples))):
        return ALL_CHANNELS, NO_SPEECH
    channels = _channels(path, stream, zero_s, _spans(num_samples, stream.num_channels))
    mix = choose_channels(channels, vad)
    return mix, stream_speech(mixed(channels, mix), vad) if is_measured else NO_SPEECH


def _channels(path: str, stream: AudioStream, zero_s: Fraction, spans: list[tuple[int, int]]) -> np.ndarray:
    """Some parts of a stream, one behind the other: int16 (channels, n)."""
    return np.concatenate(decode_spans(path, stream.index, zero_s, spans, stream.num_channels), axis=1)


def _most_speech(default: int, speech_s: dict[int, float]) -> int:
    best = max(speech_s, key=lambda place: speech_s[place])
    if default in speech_s and speech_s[default] >= _KEPT_SHARE * speech_s[best]:
        return default
    return best


def _glances(num_samples: int) -> list[tuple[int, int]]:
    """Short parts, spread evenly, from which it is seen at little cost that channels are alike."""
    num_parts = min(_MAX_GLANCES, max(1, num_samples // _GLANCE_EVERY_SAMPLES))
    edge = _GLANCE_SAMPLES // 2
    middles = ((np.arange(num_parts) + 0.5) / num_parts * num_samples).astype(int)
    return [(max(0, int(middle) - edge), min(num_samples, int(middle) + edge)) for middle in middles]


def _spans(num_samples: int, num_channels: int) -> list[tuple[int, int]]:
    """The whole stream, or parts of it spread evenly, so that long files with many channels stay small."""
    num_parts = max(_MIN_PARTS, _MAX_SAMPLES // (_PART_SAMPLES * num_channels))
    if num_samples <= num_parts * _PART_SAMPLES:
        return [(0, num_samples)]
    starts = np.linspace(0, num_samples - _PART_SAMPLES, num_parts).astype(int)
    return [(int(start), int(start) + _PART_SAMPLES) for start in starts]
