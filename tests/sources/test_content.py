"""What is in a folder besides media names: content decides what is a source, and a row says why the rest is not."""

import os
import socket
import time
import zipfile
from collections import Counter
from fractions import Fraction

import apache_beam as beam
import av
import numpy as np
import pytest
from apache_beam.testing.util import assert_that, equal_to

from pipeline.list_inputs import list_inputs
from schemas.errors import UnreadableSource
from schemas.records import VideoSource
from tests.beam_support.memory_files import FILES
from tests.made_media import MadeAudio, make_video, steady_times
from tests.made_records import results_in
from transforms.beam_support import storage
from transforms.beam_support.child_process import ChildDied, ChildProcess
from transforms.media.regular_file import why_not_regular
from transforms.sources.demuxed import why_no_video_of
from transforms.sources.first_bytes import HEAD_BYTES, why_no_video
from transforms.sources.listing import list_local, listing_of
from transforms.sources.merge import unread_id
from transforms.sources.stage import HashSource, _why_left_out

CONTAINERS = {
    "divx": ("avi", "mpeg4", "mp2"),
    "3g2": ("3g2", "mpeg4", "aac"),
    "f4v": ("f4v", "libx264", "aac"),
    "m2v": ("mpeg2video", "mpeg2video", None),
    "mxf": ("mxf", "mpeg2video", "pcm_s16le"),
    "ogv": ("ogg", "libvpx", "flac"),
    "asf": ("asf", "msmpeg4", "mp2"),
    "vob": ("vob", "mpeg2video", "mp2"),
    "rm": ("rm", "rv20", "ac3"),
    "nut": ("nut", "mpeg4", "mp2"),
    "y4m": ("yuv4mpegpipe", "rawvideo", None),
    "ivf": ("ivf", "libvpx", None),
    "tod": ("mpegts", "mpeg2video", "mp2"),
    "dat": ("mpeg", "mpeg1video", "mp2"),
    "qt": ("mov", "mpeg4", "aac"),
    "264": ("h264", "libx264", None),
    "mk3d": ("matroska", "libx264", "aac"),
    "swf": ("swf", "flv", None),
    "noname": ("webm", "libvpx", "libopus"),
}
OTHERS = {
    b"notes.txt": (b"Tuesday: two takes, the second is better.\n" * 9, "text"),
    b"subtitles.srt": ("1\n00:00:01,000 --> 00:00:02,000\nGrüße\n".encode(), "text"),
    b"playlist.m3u8": (b"#EXTM3U\n#EXTINF:9.0,\nhttp://localhost/a.ts\n", "text"),
    b"excel.tsv": ("uri\tspeaker\n".encode("utf-16"), "text (UTF-16)"),
    b"nothing.bin": (b"", "empty"),
    b"frame.jpg": (b"\xff\xd8\xff\xe0" + bytes(90), "a JPEG image"),
    b"._take.mp4": (b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(90), "a resource fork of macOS"),
    b"junk\n'\"\xff": (np.random.default_rng(0).bytes(90_000), "no media that FFmpeg knows"),
    b"zeros": (bytes(90_000), "no media that FFmpeg knows"),
    b".DS_Store": (b"\0\0\0\1Bud1" + bytes(500), "no media that FFmpeg knows"),
}


def make(path, muxer, video, audio):
    streams = [MadeAudio(clicks_s=[0.5], length_s=1.0, codec=audio)] if audio else []
    try:
        return make_video(
            path,
            steady_times(12, Fraction(25)),
            audio_streams=streams,
            codec=video,
            options={"g": "12"},
            container=muxer,
        )
    except (av.error.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg does not write {muxer}: {error}")


@pytest.mark.parametrize("suffix", sorted(CONTAINERS))
def test_video_under_any_name_is_found_by_its_content(tmp_path, suffix):
    path = make(tmp_path / f"take.{suffix}", *CONTAINERS[suffix])
    assert why_no_video(path.read_bytes()[:HEAD_BYTES]) is None
    assert why_no_video_of(str(path)) == ""


def test_audio_alone_is_left_out_by_its_content(tmp_path):
    path = make_video(tmp_path / "a.mka", [], audio_streams=[MadeAudio(clicks_s=[0.5])], container="matroska")
    assert why_no_video_of(str(path)) == "audio only (matroska,webm)"


def test_the_cover_of_a_song_is_no_video(tmp_path):
    streams = [MadeAudio(clicks_s=[0.5], codec="aac")]
    path = make_video(tmp_path / "a.m4a", [], audio_streams=streams, container="mp4", cover_art=True)
    assert why_no_video_of(str(path)).startswith("audio only")


def test_a_script_that_names_other_files_opens_none(tmp_path):
    make(tmp_path / "a.mp4", "mp4", "mpeg4", None)
    (tmp_path / "list").write_bytes(b"ffconcat version 1.0\nfile a.mp4\n")
    assert why_no_video_of(str(tmp_path / "list")) == "no media that FFmpeg knows"


def other_files(folder):
    """Files of other kinds, and things that are no files: name -> the reason of its row."""
    for name, (data, _) in OTHERS.items():
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(data)
    with zipfile.ZipFile(folder / "clips.zip", "w") as archive:
        archive.writestr("a.mp4", b"x")
    os.mkfifo(folder / "pipe.mp4")
    os.mkfifo(folder / "pipe")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    (folder / "zero.mp4").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "server.mp4"))
    reasons = {os.fsdecode(name): reason for name, (_, reason) in OTHERS.items()}
    return reasons | {
        "clips.zip": "a ZIP archive",
        "pipe.mp4": "a named pipe",
        "pipe": "a named pipe",
        "loop.mp4": "a loop of symbolic links",
        "gone.mp4": "a symbolic link that leads nowhere",
        "zero.mp4": "a character device",
        "server.mp4": "a socket",
    }


def test_each_thing_in_a_folder_ends_with_a_row_that_says_what_it_is(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    reasons = other_files(folder)
    make(folder / "take.divx", *CONTAINERS["divx"])
    make(folder / "take.mp4", "mp4", "mpeg4", None)
    sources = listing_of(list_local(str(folder)), "flat").sources
    pipeline = beam.Pipeline("FnApiRunner", argv=["--direct_running_mode=in_memory"])
    out = pipeline | beam.Create(sources) | HashSource(results_in(tmp_path), staging="", fail_fast=True)
    rows = out.decisions | beam.Map(lambda row: (row.rule, row.kept, row.value_text))
    dropped = [("is_media", False, reason) for reason in reasons.values()]
    kept = [("is_media", True, ""), ("conflicting_metadata", True, ""), ("conflicting_metadata", True, "")]
    assert_that(rows, equal_to(dropped + kept))
    names = out.ended | beam.Map(lambda facts: os.path.basename(os.fsencode(storage.path_of(facts.source.source_uri))))
    assert_that(names, equal_to([os.fsencode(name) for name in reasons]), label="ended")
    taken = out.sources | beam.Map(lambda source: os.path.basename(source.source_uri))
    assert_that(taken, equal_to(["take.divx", "take.mp4"]), label="taken")
    assert_that(out.failures, equal_to([]), label="failures")
    pipeline.run()


class InThisProcess:
    """In place of a child process, which would not have the store in memory."""

    def call(self, function, *arguments):
        return function(*arguments)


def test_content_decides_in_a_remote_store_as_well(tmp_path):
    FILES.clear()
    for name, (data, _) in OTHERS.items():
        FILES[f"memory://b/in/{name!r}"] = data
    song = make_video(tmp_path / "a.mka", [], audio_streams=[MadeAudio(clicks_s=[0.5])], container="matroska")
    FILES["memory://b/in/take"] = make(tmp_path / "take.divx", *CONTAINERS["divx"]).read_bytes()
    FILES["memory://b/in/song"] = song.read_bytes()
    FILES["memory://b/in/by_name.mp4"] = b"is not looked at here"
    sources = list_inputs(["memory://b/in"], "flat").sources
    reasons = {one.uri.removeprefix("memory://b/in/"): _why_left_out(one, InThisProcess()) for one in sources}
    expected = {repr(name): reason for name, (_, reason) in OTHERS.items()}
    assert reasons == expected | {"take": "", "song": "audio only (matroska,webm)", "by_name.mp4": ""}
    gone = VideoSource(uri="memory://b/gone", content_decides=True)
    assert _why_left_out(gone, InThisProcess()).startswith("a file that cannot be read (cannot read 'memory://b")


def test_a_million_names_that_are_left_out_have_ids_of_their_own():
    ids = Counter(unread_id(f"/videos/{number}.jpg") for number in range(20_000))
    assert len(ids) == 20_000 and {len(one) for one in ids} == {16}


def test_a_pipe_that_a_table_names_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "x.mp4")
    out = [VideoSource(uri=str(tmp_path / "x.mp4"))]
    pipeline = beam.Pipeline("FnApiRunner", argv=["--direct_running_mode=in_memory"])
    ended = pipeline | beam.Create(out) | HashSource(results_in(tmp_path), staging="", fail_fast=True)
    assert_that(ended.decisions | beam.Map(lambda row: row.value_text), equal_to(["a named pipe"]))
    pipeline.run()


@pytest.mark.parametrize("read", [storage.read_bytes, storage.local_path])
def test_nothing_but_a_regular_file_is_ever_opened(tmp_path, read):
    os.mkfifo(tmp_path / "x.mp4")
    with pytest.raises(UnreadableSource, match="is a named pipe: only regular files are read"):
        read(str(tmp_path / "x.mp4"))
    assert why_not_regular(str(tmp_path)) == "a folder" and why_not_regular(str(tmp_path / "none")) == ""


def test_a_child_that_dies_or_hangs_costs_one_call():
    child = ChildProcess(20)
    with pytest.raises(ChildDied, match="died"):
        child.call(os.abort)
    assert child.call(len, "four") == 4
    child.close()
    with pytest.raises(ChildDied, match=r"hung: no end after 0\.1 s"):
        ChildProcess(0.01).call(time.sleep, 60)
