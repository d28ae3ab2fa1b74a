"""What every engine gets: the same inputs, the local run that it is held against, and workers from the wheel."""

import shutil
from pathlib import Path

import pytest

from tests.engines.builds import Inputs, hashes_of_build
from tests.engines.workers import make_environment
from tests.pipeline.made_models import needs_models
from tests.shared_data import ROOT as RECORDINGS
from tests.shared_data import shared

CHOSEN = (
    "dev/grid_other/lbax4n.mpg",
    "dev/grid_other/lbbc2a.mpg",
    "dev/grid_other/pwij3p.mpg",
    "hard/known_speaker/three_cuts.mp4",
)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory) -> Inputs:
    """Recordings where they are there, else the demonstration's video; and a file that fails."""
    if needs_models.args[0]:
        pytest.skip("the models are not installed: talkshard models install")
    folder, flags = tmp_path_factory.mktemp("inputs"), ()
    if RECORDINGS.is_dir():
        for name in CHOSEN:
            shutil.copy(shared(name), folder)
    else:
        pytest.importorskip("espeakng_loader", reason="needs the shared recordings or the demo extra")
        pytest.importorskip("skimage", reason="needs the shared recordings or the demo extra")
        from demo.make_video import make_video

        make_video(folder)
        flags = ("--sync", "none")  # the sync network does not accept its warped face
    (folder / "broken.mp4").write_text("no video")
    return Inputs(folder=folder, flags=flags)


@pytest.fixture(scope="session")
def local_hashes(inputs, tmp_path_factory) -> dict[str, str]:
    """Hashes of a local build."""
    hashes = hashes_of_build(inputs, tmp_path_factory.mktemp("local") / "out")
    assert any(path.endswith(".tar") for path in hashes)
    return hashes


@pytest.fixture(scope="session")
def binaries(tmp_path_factory) -> Path:
    """The bin folder of the workers' environment."""
    pytest.importorskip("setuptools", reason="building the wheel needs setuptools")
    return make_environment(tmp_path_factory.mktemp("workers"))
