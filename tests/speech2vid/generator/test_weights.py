"""The bundled networks: their cards are of these files, and they are small."""

import hashlib
from pathlib import Path

import pytest

from speech2vid.motion import file as motion_file
from speech2vid.motion.file import MotionFile
from speech2vid.rendering import painter_file
from speech2vid.rendering.painter_file import PainterFile

WEIGHTS = sorted(motion_file.DEFAULT_PATH.parent.glob("*.onnx"))


def test_motion_painter_and_second_judge_are_bundled():
    assert [path.name for path in WEIGHTS] == ["log_mel_judge.onnx", "motion.onnx", "painter.onnx"]
    assert MotionFile(motion_file.DEFAULT_PATH).space.components.shape == (8, 192)
    assert PainterFile(painter_file.DEFAULT_PATH).recipe == "tiny"


@pytest.mark.parametrize("path", WEIGHTS, ids=lambda path: path.name)
def test_the_card_has_the_sha256_of_the_file_which_is_small(path: Path):
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() in path.with_suffix(".md").read_text()
    assert len(content) < 5_000_000
