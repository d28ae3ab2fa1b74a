"""Converting the released file: only once, only the right file, and never with torch in a worker."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.errors import UsageError
from transforms.media.models import FOLDER_VARIABLE
from transforms.speakers.sync_network import DEFAULT_PATH, load_sync_network
from transforms.speakers.syncnet_checkpoint import converted_syncnet
from transforms.speakers.syncnet_layout import check_arrays, expected_shapes

ROOT = Path(__file__).resolve().parents[2]
ZEROS = {key: np.broadcast_to(np.float32(0), shape) for key, shape in expected_shapes().items()}


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    path = tmp_path_factory.mktemp("released") / "syncnet_v2.model"
    state = {key: torch.zeros(shape) for key, shape in expected_shapes().items()}
    torch.save(state | {"netcnnaud.1.num_batches_tracked": torch.tensor(5)}, path)
    return str(path)


def test_the_layout_has_the_published_number_of_weights():
    learnt = [shape for key, shape in expected_shapes().items() if "running" not in key]
    assert sum(int(np.prod(shape)) for shape in learnt) == pytest.approx(13.63e6, rel=1e-3)


def test_the_file_is_converted_once_and_named_by_its_hash(released, models, monkeypatch):
    path = converted_syncnet(released)
    network = load_sync_network(f"syncnet:{released}")
    assert path == models / f"syncnet-{network.sha256[:16]}.onnx"
    assert [file.name for file in models.iterdir()] == [path.name]
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_sync_network(f"syncnet:{released}").sha256 == network.sha256
    assert load_sync_network(f"syncnet:{path}").name == "syncnet"


def test_the_same_file_gives_the_same_bytes(released, models):
    first = converted_syncnet(released)
    content = first.read_bytes()
    first.unlink()
    assert converted_syncnet(released).read_bytes() == content


def test_a_worker_loads_the_converted_file_without_torch(released):
    path = converted_syncnet(released)
    code = (
        "import sys, transforms.speakers.find_speakers; from transforms.speakers.sync_network import load_sync_network;"
        f"load_sync_network({f'syncnet:{path}'!r}); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "False"


def test_without_torch_the_error_names_the_cure(released, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r"pip install 'talkshard\[train\]'.*another machine"):
        converted_syncnet(released)


class Harmful:
    """A pickle that would run something."""

    def __reduce__(self):
        return print, ("it was run",)


def write_wrong(path, kind):
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no weights")
        case "bytes":
            path.write_bytes(np.random.default_rng(0).bytes(5000))
        case "harmful":
            path.write_bytes(pickle.dumps({"netcnnaud.0.weight": Harmful()}))
        case "list":
            torch.save([torch.zeros(3)], path)
        case "numbers":
            torch.save({"netcnnaud.0.weight": 3}, path)
        case "other":
            torch.save(torch.nn.Linear(3, 3).state_dict(), path)


@pytest.mark.parametrize("kind", ["empty", "text", "bytes", "harmful", "list", "numbers", "other"])
def test_a_wrong_file_gets_one_line_that_names_it(tmp_path, models, capfd, kind):
    path = tmp_path / "wrong.model"
    write_wrong(path, kind)
    with pytest.raises(UsageError, match=r"wrong\.model.*syncnet_v2\.model") as caught:
        load_sync_network(f"syncnet:{path}")
    assert "\n" not in str(caught.value) and not models.exists() and capfd.readouterr().out == ""


@pytest.mark.parametrize("path", ["nowhere.model", ".", "nowhere.onnx"])
def test_a_file_that_cannot_be_read_gets_one_line(path):
    with pytest.raises(UsageError, match=r"cannot be read.*syncnet_v2\.model"):
        load_sync_network(f"syncnet:{path}")


def test_the_projects_own_network_is_not_taken_for_syncnet():
    with pytest.raises(UsageError, match=r"lip_sync\.onnx is not a SyncNet that this version converted"):
        load_sync_network(f"syncnet:{DEFAULT_PATH}")


def test_text_is_not_taken_for_a_converted_network(tmp_path):
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(UsageError, match=r"text\.onnx is not an ONNX file"):
        load_sync_network(f"syncnet:{tmp_path / 'text.onnx'}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"netfclip.3.weight": np.zeros((256, 512), np.float32)},
            r"netfclip.3.weight has shape \(256, 512\), not \(1024, 512\)",
        ),
        (
            {"netcnnlip.5.running_var": np.full(256, np.nan, np.float32)},
            "netcnnlip.5.running_var holds values that are not finite",
        ),
        ({"extra.weight": np.zeros(1, np.float32)}, "also holds 'extra.weight'"),
        ({"netcnnaud.18.bias": None}, "holds no netcnnaud.18.bias"),
    ],
)
def test_another_layout_is_refused_naming_the_first_difference(change, message):
    arrays = {key: value for key, value in (ZEROS | change).items() if value is not None}
    with pytest.raises(UsageError, match=message):
        check_arrays(arrays, "wrong.model")


def test_the_right_layout_passes_with_its_counters():
    check_arrays(ZEROS | {"netcnnaud.1.num_batches_tracked": np.float32(7)}, "right.model")
