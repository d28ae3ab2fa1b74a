import dataclasses
import multiprocessing

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that

from tests.made_media import make_plain_video
from tests.made_records import made_source, results_in
from tests.shared_data import needs_shared, shared
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.prepare.config import SpeechConfig
from transforms.prepare.stage import PrepareVideos


def ids(*expected):
    def check(found):
        assert sorted(item if isinstance(item, str) else item.source.source_id for item in found) == sorted(expected), (
            found
        )

    return check


@pytest.fixture
def spawned_children():
    """Spawned children: one forked from this process, whose decoders have threads by now, would hang."""
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


@needs_shared
def test_every_source_comes_out_once_as_video_or_as_ended(tmp_path, spawned_children):
    (tmp_path / "text.mp4").write_text("text")
    grown = str(make_plain_video(tmp_path / "grown.mp4"))
    sources = [
        made_source(str(shared("dev/grid_other/lbax4n.mpg")), "a" * 16),
        made_source(str(make_plain_video(tmp_path / "mute.mp4")), "b" * 16),
        made_source(str(tmp_path / "text.mp4"), "c" * 16),
        made_source(str(tmp_path / "gone.mp4"), "d" * 16),
        dataclasses.replace(made_source(grown, "e" * 16), version="as it was when it was hashed"),
    ]
    with beam.Pipeline("FnApiRunner") as pipeline:
        outputs = (
            pipeline
            | beam.Create(sources)
            | PrepareVideos(
                audio=AudioConfig(),
                speech=SpeechConfig(),
                limits=LimitsConfig(),
                results=results_in(tmp_path),
                staging=str(tmp_path / "staging"),
            )
        )
        kinds = outputs.failures | beam.Map(lambda row: f"{row.kind} {row.source_id[0]}")
        dropped = outputs.decisions | beam.Filter(lambda row: not row.kept) | beam.Map(lambda row: row.rule)
        assert_that(outputs.videos, ids("a" * 16), label="videos")
        assert_that(outputs.ended, ids("b" * 16, "c" * 16, "d" * 16, "e" * 16), label="ended")
        assert_that(kinds, ids("changed e", "not_media c", "unreadable d"), label="failures")
        assert_that(dropped, ids("has_audio"), label="decisions")
    assert len(list((tmp_path / "work").rglob("*.flac"))) == 1


@needs_shared
def test_a_result_that_has_lost_its_audio_is_made_again(tmp_path, spawned_children):
    source = made_source(str(shared("dev/grid_other/lbax4n.mpg")), "a" * 16)
    stage = PrepareVideos(AudioConfig(), SpeechConfig(), LimitsConfig(), results_in(tmp_path), staging="")
    for _ in range(2):
        with beam.Pipeline("FnApiRunner") as pipeline:
            assert_that((pipeline | beam.Create([source]) | stage).videos, ids("a" * 16))
        [audio] = (tmp_path / "work").rglob("*.flac")
        audio.unlink()
