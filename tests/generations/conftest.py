"""One dataset that tests may add to, of real clips, and what a fresh build of everything makes."""

import shutil

import pytest

from tests.end_to_end.conftest import EVERY_COPY, IN_PROCESS, hashes, run
from tests.pipeline.made_models import needs_models
from tests.shared_data import ROOT, shared
from tests.stores.conftest import store  # noqa: F401  # a fixture

# Generations are no matter of the sync network, or of copies. People keep the ids that they were first given, so that
# what an append makes of them need not be what a build of everything would.
FLAGS = (*IN_PROCESS, "--sync", "none", "--people", "none", *EVERY_COPY, "--set", "shards.target_mb=1")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A talking face, its double, what is no video; and `new`, a folder with another face and the first one again."""
    if needs_models.args[0] or not ROOT.is_dir():
        pytest.skip("needs the installed models and the shared recordings")
    folder = tmp_path_factory.mktemp("inputs") / "in"
    (folder / "new").mkdir(parents=True)
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder / "a.mpg")
    shutil.copy(shared("dev/grid_other/pwij3p.mpg"), folder / "new" / "b.mpg")
    (folder / "broken.mp4").write_text("no video")
    return folder


@pytest.fixture(scope="session")
def first_build(inputs, tmp_path_factory):
    """The first generation, of the files directly in the folder."""
    output = tmp_path_factory.mktemp("first") / "out"
    assert run(output, *sorted(inputs.glob("*.m*")), flags=FLAGS) == 0
    return output


@pytest.fixture(scope="session")
def fresh_folder(inputs, tmp_path_factory):
    """A build of everything at once."""
    output = tmp_path_factory.mktemp("fresh") / "out"
    assert run(output, *sorted(inputs.glob("*.m*")), inputs / "new" / "b.mpg", flags=FLAGS) == 0
    return output


@pytest.fixture(scope="session")
def fresh_build(fresh_folder):
    """Hashes of a build of everything at once."""
    return hashes(fresh_folder)


@pytest.fixture
def dataset(first_build, tmp_path):
    """A copy of the first generation."""
    return shutil.copytree(first_build, tmp_path / "out", copy_function=shutil.copy2)
