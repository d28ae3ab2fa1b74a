"""`build --metrics_file`: a run's numbers as Prometheus reads them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from beam_runner import main
from tests.end_to_end.conftest import IN_PROCESS
from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models
from tests.pipeline.test_launch import argv, fill_the_disk, graph_of, have_a_bug  # noqa: F401

NAMES = {
    "started_timestamp_seconds",
    "last_progress_timestamp_seconds",
    "sources_listed",
    "sources_done",
    "windows_found",
    "windows_done",
    "video_seconds_found",
    "video_seconds_done",
    "tracks",
    "clips",
    "dropped",
    "failed",
    "cpu_seconds",
    "exit_code",
}
pytestmark = needs_models


def metrics(path):
    """(name, labels without the output) -> value, of a file that parses as Prometheus's text format."""
    samples = [sample for family in text_string_to_metric_families(path.read_text()) for sample in family.samples]
    assert len({sample.labels["output"] for sample in samples}) == 1
    return {
        (sample.name.removeprefix("talkshard_"), *sorted(set(sample.labels.values()) - {sample.labels["output"]})): (
            sample.value
        )
        for sample in samples
    }


def test_a_run_leaves_its_numbers(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    make_plain_video(folder / "plain.mp4", audio_streams=[MadeAudio(clicks_s=[1.0])])
    (folder / "broken.mp4").write_bytes(make_plain_video(tmp_path / "whole.mp4").read_bytes()[:2000])
    file = tmp_path / "talkshard.prom"
    command = ["--input", str(folder), "--output", str(tmp_path / "out"), "--metrics_file", str(file), *IN_PROCESS]
    assert main([*command, "--sync", "none"]) == 3
    found = metrics(file)
    assert {name for name, *_ in found} == NAMES
    assert found["sources_done",] == found["sources_listed",] == 2 and found["exit_code",] == 3
    assert found["failed", "PrepareVideos", "not_media"] == 1
    assert found["dropped", "PrepareVideos", "has_speech"] == 1 or found["windows_done",] == 1
    assert found["last_progress_timestamp_seconds",] >= found["started_timestamp_seconds",] > 1.7e9
    assert found["cpu_seconds", "PrepareVideos"] > 0


@pytest.mark.parametrize(("step", "exit_code"), [(fill_the_disk, 5), (have_a_bug, 1)])
def test_a_run_that_stops_leaves_its_exit_code(argv, tmp_path, step, exit_code, capfd):  # noqa: F811
    from functools import partial

    from pipeline.launch import build

    file = tmp_path / "talkshard.prom"
    try:
        build([*argv, "--metrics_file", str(file)], "talkshard build", partial(graph_of, step))
    except ZeroDivisionError:
        pass
    assert metrics(file)["exit_code",] == exit_code


def test_a_folder_that_is_not_there_is_a_wrong_option(argv, tmp_path, capfd):  # noqa: F811
    assert main([*argv, "--metrics_file", str(tmp_path / "none" / "x.prom")]) == 2
    assert "there is no such folder" in capfd.readouterr().err
