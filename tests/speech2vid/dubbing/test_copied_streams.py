"""Copied packets keep their times, and get those that a container leaves out."""

from fractions import Fraction

import av

from speech2vid.dubbing.copied_streams import with_decoding_times
from tests.made_media import make_plain_video


def packets_of(path):
    with av.open(str(path)) as file:
        yield from file.demux(video=0)


def test_the_first_packets_of_a_matroska_file_get_decoding_times(tmp_path):
    path = make_plain_video(tmp_path / "made.mkv", 30, Fraction(25), options={"g": "25", "bf": "2"})
    assert any(packet.dts is None and packet.size for packet in packets_of(path))  # or the test shows nothing
    found = list(with_decoding_times(packets_of(path)))
    times = [packet.dts for packet in found]
    assert len(found) == 30
    assert times == sorted(set(times))
    assert all(packet.dts <= packet.pts for packet in found)


def test_of_a_file_with_all_times_nothing_changes(tmp_path):
    path = make_plain_video(tmp_path / "made.mp4", 30)
    expected = [packet.dts for packet in packets_of(path) if packet.size]
    assert [packet.dts for packet in with_decoding_times(packets_of(path))] == expected
