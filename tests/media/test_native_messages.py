"""What decoders and networks write to standard error goes into a log; what this program says reaches the user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import UsageError
from tests.made_media import MadeAudio, damage_packets, make_plain_video
from transforms.media.models import DEFAULT_MODELS, verify_models

PROJECT = Path(__file__).resolve().parents[2]
OURS = "our own line\n"


def run(code, folder, *args, **variables):
    """A Python process with a log in `folder`, and the log's content."""
    log = folder / "native.log"
    environment = os.environ | {"TALKSHARD_LOG": str(log), "PYTHONPATH": str(PROJECT)} | variables
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], env=environment, capture_output=True, text=True, check=False
    )
    return done, log.read_text() if log.exists() else ""


def models_are_installed():
    try:
        verify_models(DEFAULT_MODELS)
    except UsageError:
        return False
    return True


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A video that FFmpeg complains about in five of its groups of frames."""
    folder = tmp_path_factory.mktemp("damaged")
    whole = make_plain_video(
        folder / "whole.mp4",
        100,
        audio_streams=[MadeAudio(clicks_s=(0.5, 1.5), length_s=4.0, codec="aac")],
        options={"bf": "0", "x264-params": "scenecut=0:keyint=20"},
    )
    return damage_packets(whole, [20, 21, 22, 23, 24, 40, 45, 46, 47, 60, 61, 62], folder / "damaged.mp4")


COMMAND = "import sys, talkshard; sys.exit(talkshard.main(sys.argv[1:]))"


@pytest.mark.skipif(not models_are_installed(), reason="talkshard models install")
@pytest.mark.parametrize("detector", ["centerface", "blazeface"])
def test_probing_a_damaged_file_says_nothing_on_standard_error(damaged, tmp_path, detector):
    done, log = run(COMMAND, tmp_path, "probe", damaged, "--detector", detector)
    assert done.returncode == 0 and done.stdout.startswith(str(damaged))
    assert done.stderr == ""
    assert "h264" in log and ("XNNPACK" in log or detector != "blazeface")


def test_an_error_of_ours_is_one_line_on_standard_error(tmp_path):
    (tmp_path / "text.mp4").write_text("text")
    done, _ = run(COMMAND, tmp_path, "mfcc", tmp_path / "text.mp4", "--preset", "syncnet", "--output", tmp_path / "o")
    assert done.returncode != 0
    assert done.stderr.startswith("talkshard: ") and done.stderr.count("\n") == 1


WITH_NOISE = """
import logging, os, subprocess, sys
from pathlib import Path
from pipeline.logs import errors_into, native_messages_apart, quiet_logs
quiet_logs()
with native_messages_apart():
    os.write(2, b"noise of a decoder\\n")
    subprocess.run([sys.executable, "-c", "import os; os.write(2, b'noise of a child\\\\n')"])
    print("our own line", file=sys.stderr)
    {body}
"""


def test_descriptor_2_is_the_log_and_what_python_says_is_shown(tmp_path):
    done, log = run(WITH_NOISE.format(body="logging.error('an error of a library')"), tmp_path)
    assert done.stderr == OURS + "ERROR root: an error of a library\n"
    assert log == "noise of a decoder\nnoise of a child\n"


def test_a_traceback_reaches_the_user_with_the_last_messages(tmp_path):
    done, _ = run(WITH_NOISE.format(body="raise ZeroDivisionError('a bug')"), tmp_path)
    assert done.stderr.startswith(OURS + "Traceback")
    assert done.stderr.endswith(
        "ZeroDivisionError: a bug\nnative libraries wrote:\nnoise of a decoder\nnoise of a child\n"
    )


def test_during_a_run_everything_goes_to_the_workers_log_but_what_the_launcher_shows(tmp_path):
    body = """
    with errors_into(Path(sys.argv[1], "workers.txt")) as shown:
        os.write(2, b"noise of a worker\\n")
        print("a worker's own line", file=sys.stderr)
        logging.error("an error in a worker")
        print("progress", file=shown, flush=True)
    os.write(2, b"noise afterwards\\n")
    print("last line", file=sys.stderr)
    """
    done, log = run(WITH_NOISE.format(body=body.strip()), tmp_path, tmp_path)
    assert done.stderr == OURS + "progress\nlast line\n"
    workers = (tmp_path / "workers.txt").read_text()
    assert workers == "noise of a worker\na worker's own line\nERROR root: an error in a worker\n"
    assert log.endswith("noise of a child\nnoise afterwards\n")


def test_a_second_block_inside_the_first_changes_nothing(tmp_path):
    body = """with native_messages_apart():
        os.write(2, b"inner noise\\n")
        print("inner line", file=sys.stderr)"""
    done, log = run(WITH_NOISE.format(body=body), tmp_path)
    assert done.stderr == OURS + "inner line\n" and log.endswith("noise of a child\ninner noise\n")


def test_without_a_named_log_nothing_is_left_behind(tmp_path):
    (tmp_path / "temporary").mkdir()
    code = WITH_NOISE.format(body="pass")
    done, _ = run(code, tmp_path, TALKSHARD_LOG="", TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 0 and done.stderr == OURS
    assert list(tmp_path.iterdir()) == [tmp_path / "temporary"] and not list((tmp_path / "temporary").iterdir())


def test_a_log_that_cannot_be_written_is_one_line(tmp_path):
    done, _ = run(COMMAND, tmp_path, "models", "list", TALKSHARD_LOG=str(tmp_path / "no" / "folder"))
    assert done.returncode == 5 and done.stderr.startswith("talkshard: cannot write the log ")
    assert done.stderr.count("\n") == 1
