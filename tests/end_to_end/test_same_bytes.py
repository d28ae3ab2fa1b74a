"""The same inputs give the same bytes on any runner, with any number of workers and in any order of arrival."""

import pytest

from tests.end_to_end.conftest import IN_PROCESS, SMALL_SHARDS, hashes, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared

TWO_PROCESSES = ("--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2")
pytestmark = [needs_shared, needs_models]


def test_the_runs_compared_share_work_among_several_shards(first):
    assert sum(path.endswith(".tar") for path in first) >= 2


@pytest.mark.parametrize(
    "flags",
    [IN_PROCESS, TWO_PROCESSES, ("--runner=DirectRunner",)],
    ids=["one_process", "two_processes", "direct_runner"],
)
def test_a_second_run_in_another_order_gives_the_same_bytes(flags, inputs, first, tmp_path):
    assert run(tmp_path / "out", *inputs[::-1], flags=(*flags, *SMALL_SHARDS)) == 0
    assert hashes(tmp_path / "out") == first
