"""What to read windows of a long file costs: CPU time to probe it, to open it in its middle, and of windows there.

The file is a short recording (H.264 or HEVC with audio), copied end to end without encoding it again:

    python -m benchmarks.long_file RECORDING --hours 6 --suffix mkv
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from schemas.clock import num_timeline_frames, source_frame_of
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.windows.split_windows import split_windows

_NUM_WINDOWS = 5


def main() -> None:
    """Make the file, and print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--suffix", default="mp4", help="of the container")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="talkshard-") as folder:
        path = Path(folder, f"long.{args.suffix}")
        repeat(args.recording, path, args.hours * 3600)
        print(f"{args.hours:g} h, {path.stat().st_size / 1e6:.0f} MB")
        measure(str(path))


def repeat(recording: Path, path: Path, length_s: float) -> None:
    """Write a recording's packets again and again, with times that go on."""
    with av.open(str(recording)) as source, av.open(str(path), "w") as target:
        streams = (source.streams.video[0], source.streams.audio[0])
        packets = [packet for packet in source.demux(*streams) if packet.size]
        loop_s = Fraction(sum(packet.stream is streams[0] for packet in packets)) / Fraction(streams[0].average_rate)
        ends_s = {
            packet: (packet.dts + packet.duration) * packet.time_base
            for packet in packets
            if packet.stream is streams[1]
        }
        kept = [packet for packet in packets if packet not in ends_s or (packet.dts >= 0 and ends_s[packet] <= loop_s)]
        copies = {one: target.add_stream_from_template(one) for one in streams}
        for number in range(int(length_s / loop_s)):
            for packet in kept:
                target.mux(_moved(packet, number * loop_s, copies[packet.stream]))


def _moved(packet: av.Packet, by_s: Fraction, stream: "av.stream.Stream") -> av.Packet:
    moved = av.Packet(bytes(packet))
    ticks = round(by_s / packet.time_base)
    moved.pts, moved.dts, moved.duration = packet.pts + ticks, packet.dts + ticks, packet.duration
    moved.time_base, moved.is_keyframe, moved.stream = packet.time_base, packet.is_keyframe, stream
    return moved


def measure(path: str) -> None:
    """Probe the file, and read windows from its middle on."""
    with _timed("probe"):
        probe, timeline = probe_media(path, LimitsConfig(duration_h=100.0), AudioConfig())
    assert timeline is not None, "a file with video"
    num_frames = num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    windows = split_windows(timeline, num_frames)
    middle = len(windows) // 2
    with FrameReader(path, probe, timeline) as reader:
        source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
        with _timed("open in the middle"):
            next(reader.frames(source_frames[windows[middle][0] :]))
        for number, (start, end) in enumerate(windows[middle : middle + _NUM_WINDOWS]):
            with _timed(f"window {middle + number} of {len(windows)}, {(end - start) / 25:.0f} s"):
                for _ in reader.frames(np.asarray(source_frames[start:end])):
                    pass


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.process_time()
    yield
    print(f"{what}: {time.process_time() - began:.2f} core-s")


if __name__ == "__main__":
    main()
