"""The benchmark of talking portraits prints its measurements."""

import json

import pytest

from benchmarks.portrait import main
from speech2vid.motion import file as motion_file
from speech2vid.rendering import painter_file
from tests.pipeline.made_models import needs_models


@needs_models
@pytest.mark.skipif(
    not (motion_file.DEFAULT_PATH.exists() and painter_file.DEFAULT_PATH.exists()), reason="no bundled networks"
)
def test_speed_and_memory_are_measured(capfd):
    assert main(["--sizes", "128", "--cores", "1", "--frames", "10", "--minutes", "0.1"]) == 0
    speed, memory = map(json.loads, capfd.readouterr().out.splitlines())
    assert speed["frames_per_s"] > 0 and speed["cores"] == 1
    assert (
        memory["peak_mb_by_quarter"] == sorted(memory["peak_mb_by_quarter"]) and len(memory["peak_mb_by_quarter"]) == 4
    )
