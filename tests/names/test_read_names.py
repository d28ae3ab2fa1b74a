"""The listing of the inputs goes through staging, not through the graph."""

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.errors import IntegrityError
from schemas.records import VideoSource
from tests.beam_support.memory_files import FILES
from transforms.names.stage import NAMES_PER_PART, ReadNames, write_names


@pytest.fixture(params=["local", "store"])
def staging(request, tmp_path):
    FILES.clear()
    return str(tmp_path / "run") if request.param == "local" else "memory://bucket/run"


@pytest.mark.parametrize("number", [0, 1, 2 * NAMES_PER_PART + 1])
def test_every_name_is_read_once_with_all_that_was_given(staging, number):
    names = [
        VideoSource(
            uri=f"/in/é {n}.mp4", name=f"é {n}.mp4", speaker=f"s{n}", speaker_split="val", content_decides=n % 2 == 0
        )
        for n in range(number)
    ]
    write_names(staging, iter(names))
    with beam.Pipeline("FnApiRunner") as pipeline:
        assert_that(pipeline | ReadNames(staging, number), equal_to(names))


def test_the_graph_grows_by_a_number_for_each_part():
    sizes = []
    for number in (1, 5_000_000):
        pipeline = beam.Pipeline("FnApiRunner")
        pipeline | ReadNames("/staging", number)
        sizes.append(len(pipeline.to_runner_api().SerializeToString()))
    assert sizes[1] - sizes[0] < 100 * 5_000_000 / NAMES_PER_PART


def test_a_listing_that_is_gone_stops_the_run(staging):
    with pytest.raises(IntegrityError, match="listing of the inputs"), beam.Pipeline("FnApiRunner") as pipeline:
        pipeline | ReadNames(staging, 1)
