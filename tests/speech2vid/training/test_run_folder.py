import pytest

from schemas.errors import UsageError
from speech2vid.training.run_folder import RunFolder

IDENTITY = {"dataset": "f" * 64, "seed": 0, "where": None, "settings": {"width": 1}}


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    """The folder of a run that was begun."""
    folder = RunFolder(path=tmp_path / "run", network_name="network.onnx")
    folder.begin(IDENTITY)
    return folder


def test_a_new_folder_and_the_same_run_are_accepted(folder, tmp_path):
    RunFolder(path=tmp_path / "new", network_name="network.onnx").refuse_another_run(IDENTITY)
    folder.refuse_another_run(IDENTITY)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"seed": 1}, "begun with seed 0, not 1: choose another --output"),
        ({"where": "key = 'a'"}, "begun with where none, not key = 'a'"),
        ({"dataset": "a" * 64}, f"begun with dataset {'f' * 16}, not {'a' * 16}"),
        ({"settings": {"width": 2}}, "begun with other settings"),
    ],
)
def test_another_run_is_refused_with_what_differs(folder, change, line):
    with pytest.raises(UsageError, match=line):
        folder.refuse_another_run(IDENTITY | change)


def test_a_finished_run_is_refused(folder):
    folder.network.write_bytes(b"network")
    with pytest.raises(UsageError, match="holds a network already"):
        folder.refuse_another_run(IDENTITY)
