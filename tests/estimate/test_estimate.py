"""`talkshard estimate`, on real recordings and on what is no video."""

import json
import shutil

import pytest

from talkshard import main
from tests.end_to_end.conftest import run
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models
from tests.shared_data import needs_shared, shared

pytestmark = [needs_models, needs_shared]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "in"
    folder.mkdir()
    shutil.copy(shared("dev/grid_other/lbax4n.mpg"), folder)
    make_plain_video(folder / "plain.mp4", 50)
    (folder / "broken.mp4").write_bytes((folder / "plain.mp4").read_bytes()[:2000])
    return folder


@pytest.fixture(scope="module")
def found(inputs):
    """The estimate of a sample of all inputs."""
    output = inputs.parent / "estimate.json"
    with pytest.MonkeyPatch.context() as patch, open(output, "w") as file:
        patch.setattr("sys.stdout", file)
        assert main(["estimate", str(inputs), "--sample", "9", "--cores", "4", "--price", "0.5", "--json"]) == 0
    return json.loads(output.read_text())


def test_a_sample_of_all_finds_what_a_build_makes(found, inputs, tmp_path):
    assert run(tmp_path / "out", inputs) == 0
    verdict = json.loads((tmp_path / "out/run.json").read_text())["verdict"]
    shards = sum(path.stat().st_size for path in (tmp_path / "out/shards").iterdir())
    assert found["clips"]["value"] == pytest.approx(verdict["num_clips"]) and verdict["num_clips"] == 1
    assert found["video_h"]["value"] == pytest.approx(verdict["source_s"] / 3600)
    assert found["shards_gb"]["value"] == pytest.approx(shards / 1e9, rel=0.2)
    assert found["failed"]["not_media"] == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0})
    assert found["dropped"]["PrepareVideos has_audio sources"]["value"] == pytest.approx(1.0)


def test_the_start_is_told_apart_and_cores_share_the_rest(found):
    assert 0 < found["start_core_h"] < found["core_h"]["value"]
    assert found["cost"]["value"] == pytest.approx(0.5 * found["core_h"]["value"])
    work_h = found["core_h"]["value"] - found["start_core_h"]
    assert 0 < found["wall_h"]["value"] - work_h / 4 < 60 / 3600


def test_staging_is_larger_than_the_clips(found):
    assert found["staging_gb"]["value"] > found["shards_gb"]["value"]


def test_it_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.mp4").write_text("no video")
    assert main(["estimate", str(tmp_path / "in")]) == 2
    assert "nothing to estimate" in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["in"]
