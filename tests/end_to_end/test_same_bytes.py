"""The same inputs give the same bytes on any runner, with any number of workers and in any order of arrival."""

import hashlib
import shutil

import pytest

from tests.end_to_end.conftest import IN_PROCESS, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

TWO_PROCESSES = ("--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2")
SMALL_SHARDS = ("--set", "shards.target_mb=1")  # several, so that workers have shards to share
pytestmark = [needs_shared, needs_models]


def hashes(output):
    """Path below the dataset -> sha256, of every shard and manifest part."""
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("shards", "manifests")
        for path in sorted((output / name).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Clips, one of them twice as other content, and a file that fails."""
    folder = tmp_path_factory.mktemp("inputs")
    paths = [folder / name for name in ("b.mpg", "a.mp4", "c.mpg", "d.mpg")]
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), paths[0])
    paths[1].write_text("no video")
    paths[2].write_bytes(paths[0].read_bytes() + bytes(2048))  # another content, the same images
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), paths[3])
    return paths


@pytest.fixture(scope="module")
def first(inputs, tmp_path_factory):
    """Hashes of the first run: in this process, inputs as they come."""
    output = tmp_path_factory.mktemp("first") / "out"
    assert run(output, *inputs, flags=(*IN_PROCESS, *SMALL_SHARDS)) == 0
    return hashes(output)


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
