"""`build --log_format json`: every log line of launcher, workers and guarded children is one JSON object."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_media import MadeAudio, make_plain_video
from tests.pipeline.made_models import needs_models

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"time", "level", "logger", "message", "process"}
SPEAKS_IN_A_CHILD = """
import logging
import os
import sys
from collections.abc import Iterator

import apache_beam as beam

from pipeline.environment import set_environment
from pipeline.launch import build
from pipeline.logs import quiet_logs
from transforms.beam_support.guard import Guarded, Place


class Speak(beam.DoFn):
    def process(self, element: str) -> Iterator[str]:
        logging.getLogger("speaks").warning("working on %s", element)
        os.write(2, b"a decoder says this\\n")
        if element == "bad":
            raise KeyError("left out")
        yield element


def place(element: str) -> Place:
    return Place("id-" + element, element + ".mp4", 4)


def graph(pipeline, plan):
    pipeline | beam.Create(["good", "bad"]) | Guarded(Speak(), "watch", place, use_subprocess=True)


if __name__ == "__main__":
    import speaks_in_a_child  # as the workers name it

    set_environment()
    quiet_logs()
    sys.exit(build(sys.argv[1:], "talkshard build", speaks_in_a_child.graph))
"""


def ran(tmp_path, module, *flags):
    """A build in a process of its own, with two workers, and its lines on standard error."""
    command = [sys.executable, "-m", module, "--output", str(tmp_path / "out"), "--direct_num_workers=2", *flags]
    variables = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    return subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=240)


def objects(text):
    found = [json.loads(line) for line in text.splitlines()]
    assert all(NEEDED <= one.keys() for one in found)
    return found


@needs_models
def test_lines_of_workers_children_and_decoders_name_what_was_worked_on(tmp_path):
    (tmp_path / "speaks_in_a_child.py").write_text(SPEAKS_IN_A_CHILD)
    (tmp_path / "in.mp4").write_text("any")
    done = ran(tmp_path, "speaks_in_a_child", "--input", str(tmp_path / "in.mp4"), "--log_format", "json")
    assert done.returncode == 4  # this graph has no verdict
    [log] = (tmp_path / "out").glob(".staging/*/talkshard-workers.log")
    lines = objects(log.read_text())
    said = {(line["message"], line["source_id"]): line for line in lines if line["logger"] == "speaks"}
    assert set(said) == {("working on good", "id-good"), ("working on bad", "id-bad")}
    line = said["working on bad", "id-bad"]
    assert (line["stage"], line["window_index"], line["source_uri"]) == ("watch", 4, "bad.mp4")
    assert [line["message"] for line in lines if line["logger"] == "native"].count("a decoder says this") == 2
    [failed] = [line for line in lines if line["message"].startswith("failed (bug): Traceback")]
    assert (failed["source_id"], failed["level"]) == ("id-bad", "ERROR")
    [problem] = [line for line in done.stderr.splitlines() if "verdict" in line]
    assert json.loads(problem)["exit_code"] == 4


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    make_plain_video(folder / "plain.mp4", audio_streams=[MadeAudio(clicks_s=[1.0])])
    (folder / "broken.mp4").write_bytes(make_plain_video(tmp_path / "whole.mp4").read_bytes()[:2000])
    return folder


@needs_models
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_of_a_failed_run_lies_where_the_message_says(tmp_path, inputs, form):
    flags = ("--sync", "none", "--max_failed_share", "0", "--log_format", form)
    done = ran(tmp_path, "beam_runner", "--input", str(inputs), *flags)
    assert done.returncode == 1, done.stderr
    said = [json.loads(line)["message"] for line in done.stderr.splitlines()] if form == "json" else []
    lines = said or done.stderr.splitlines()
    [log] = [Path(line.partition("log of this run's workers: ")[2]) for line in lines if "log of this run's" in line]
    text = log.read_text()
    assert "failed (not_media)" in text
    if form == "json":
        [failed] = [line for line in objects(text) if line["message"].startswith("failed (not_media)")]
        assert failed["source_uri"] == "broken.mp4" and failed["stage"] == "PrepareVideos"


def test_a_bug_is_one_line_with_its_traceback():
    command = "from pipeline.logs import set_log_format\nset_log_format('json')\n1 / 0"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    [line] = objects(done.stderr)
    assert done.returncode == 1 and line["level"] == "CRITICAL" and "ZeroDivisionError" in line["exception"]
