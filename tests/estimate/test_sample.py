"""The sample that an estimate is made from."""

import numpy as np
import pytest

from pipeline.estimate.sample import draw_sample, header_seconds
from schemas.errors import UsageError
from schemas.records import VideoSource
from tests.made_media import make_plain_video


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Four short and four long videos, three in another container, and a text."""
    folder = tmp_path_factory.mktemp("made")
    for index in range(8):
        make_plain_video(folder / f"{index}.mp4", 25 if index < 4 else 100)
    for index in range(3):
        make_plain_video(folder / f"{index}.mkv", 50)
    (folder / "text.avi").write_text("no video")
    return tuple(VideoSource(uri=str(path)) for path in sorted(folder.iterdir()))


def test_the_header_says_how_long_a_video_is(sources):
    assert header_seconds(sources[-3].uri) == pytest.approx(4.0, abs=0.1)


def test_every_source_is_stood_for(sources):
    sample = draw_sample(sources, 6, None)
    assert len(sample.sources) == 6 and sample.weights.sum() == pytest.approx(len(sources)) == sample.num_sources
    assert sample.total_length == pytest.approx(4 * 1.0 + 4 * 4.0 + 3 * 2.0, abs=0.5)


def test_containers_and_lengths_are_strata(sources):
    for seed in range(5):
        sample = draw_sample(sources, 8, None, seed)
        assert {source.uri.rpartition(".")[2] for source in sample.sources} >= {"mp4", "mkv"}
        assert {round(length) for length in sample.lengths} >= {1, 4}


def test_the_same_inputs_give_the_same_sample(sources):
    assert draw_sample(sources, 6, None).sources == draw_sample(sources, 6, None).sources


def test_seconds_become_a_number_of_sources(sources):
    assert len(draw_sample(sources, None, 9.0).sources) == 4  # of 26 s in twelve


def test_all_sources_can_be_drawn(sources):
    sample = draw_sample(sources, 1000, None)
    assert len(sample.sources) == len(sources) and np.all(sample.weights == 1)


def test_without_any_video_there_is_nothing_to_estimate(sources):
    with pytest.raises(UsageError, match="nothing to estimate"):
        draw_sample(sources[-1:], 5, None)
