"""The log of a run whose output is in a store: on the launcher's machine, where the message says."""

import tempfile
from pathlib import Path

from tests.end_to_end.conftest import IN_PROCESS, run
from tests.made_media import make_plain_video
from tests.pipeline.made_models import needs_models

pytestmark = needs_models


def built(store, *flags):
    return run(store.uri("out"), store.uri("in"), flags=(*IN_PROCESS, "--sync", "none", *store.flags, *flags))


def test_the_log_of_a_failed_run_lies_where_the_message_says(store, tmp_path, capfd):
    store.put("in/broken.mp4", make_plain_video(tmp_path / "whole.mp4").read_bytes()[:2000])
    assert built(store) == 1
    [line] = [line for line in capfd.readouterr().err.splitlines() if "log of this run's workers: " in line]
    log = Path(line.rpartition(": ")[2])
    text = log.read_text()
    log.unlink()
    assert log.parent == Path(tempfile.gettempdir()) and "failed (not_media)" in text


def test_a_run_that_is_whole_leaves_no_log(store, tmp_path):
    store.put("in/plain.mp4", make_plain_video(tmp_path / "plain.mp4").read_bytes())
    before = set(Path(tempfile.gettempdir()).glob("*talkshard-workers.log"))
    assert built(store) == 3
    assert set(Path(tempfile.gettempdir()).glob("*talkshard-workers.log")) == before
