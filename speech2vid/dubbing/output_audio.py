"""The new audio as it is stored: at its own rate, in place by its own times, cut or filled up to the video's length."""

import itertools
from collections.abc import Iterator
from fractions import Fraction

import av

from speech2vid.generation.driving_audio import DrivingAudio
from transforms.media.audio import decoded_audio
from transforms.media.container import audio_stream_at, open_media

_USUAL_RATE_HZ = 48_000


class OutputAudio:
    """Frames of one audio stream of a file, mono or stereo."""

    def __init__(self, audio: DrivingAudio, rates_hz: tuple[int, ...], sample_format: str) -> None:
        """rates_hz, sample_format: those that the encoder takes; (): any rate."""
        self._audio, self._sample_format = audio, sample_format
        with open_media(audio.path) as container:
            stream = audio_stream_at(container, audio.stream_index)
            self.language = stream.metadata.get("language", "")
            rate_hz, num_channels = stream.codec_context.sample_rate, stream.codec_context.layout.nb_channels
        self.rate_hz = rate_hz if not rates_hz or rate_hz in rates_hz else _USUAL_RATE_HZ
        self.layout = "mono" if num_channels == 1 else "stereo"

    def frames(self, length_s: Fraction) -> Iterator["av.AudioFrame"]:
        """Frames from time 0 on, `length_s` in all: gaps and what follows the audio's end are silent."""
        num_samples = round(length_s * self.rate_hz)
        with open_media(self._audio.path) as container:
            stream = audio_stream_at(container, self._audio.stream_index)
            decoded = decoded_audio(container, stream, self._audio.zero_s)
            frames = (frame for frame in decoded if frame is not None)
            first = next(frames)
            graph = self._graph(first, num_samples)
            for frame in itertools.chain([first], frames):
                if frame.pts is not None and frame.time_base is not None:
                    frame.pts -= round(self._audio.zero_s / frame.time_base)
                graph.push(frame)
                yield from _pulled(graph)
            graph.push(None)
            yield from _pulled(graph)

    def _graph(self, first: "av.AudioFrame", num_samples: int) -> "av.filter.Graph":
        """Places frames by their times, converts them, and ends at `num_samples`."""
        graph = av.filter.Graph()
        graph.threads = 1
        steps = (
            graph.add_abuffer(
                sample_rate=first.sample_rate,
                format=first.format.name,
                layout=first.layout.name,
                time_base=first.time_base,
            ),
            graph.add("aresample", f"{self.rate_hz}:async=1:first_pts=0"),
            graph.add("aformat", f"sample_fmts={self._sample_format}:channel_layouts={self.layout}"),
            graph.add("apad", f"whole_len={num_samples}"),
            graph.add("atrim", f"end_sample={num_samples}"),
            graph.add("abuffersink"),
        )
        for before, after in itertools.pairwise(steps):
            before.link_to(after)
        graph.configure()
        return graph


def _pulled(graph: "av.filter.Graph") -> Iterator["av.AudioFrame"]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame), "the graph is one of audio"
        yield frame
