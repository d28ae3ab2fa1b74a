import contextlib
import dataclasses
import io
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from schemas.errors import UsageError
from speech2vid.training.options import TrainingOptions
from speech2vid.training.run import train
from speech2vid.training.tensor_files import load_facts
from tests.speech2vid.face_datasets import write_uneven
from tests.speech2vid.training.made_task import KilledError, MadeSettings, MadeTask


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_uneven(tmp_path_factory.mktemp("dataset") / "out")


def _settings(**sections) -> MadeSettings:
    made = MadeSettings()
    return dataclasses.replace(
        made, **{name: dataclasses.replace(getattr(made, name), **values) for name, values in sections.items()}
    )


def _train(dataset: str, output: Path, settings: MadeSettings | None = None, **more) -> str:
    """Train; what was printed."""
    options = {"recipe": "made", "device": "cpu", "threads": 1, "workers": 0} | more
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        train(
            TrainingOptions(dataset=dataset, output=str(output), **options),
            settings or MadeSettings(),
            MadeSettings(),
            MadeTask,
        )
    return printed.getvalue()


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, _train(dataset, folder, _settings(loop={"averaging": 0.5}))


def test_network_record_and_card_are_written(trained):
    folder, printed = trained
    record, card = json.loads((folder / "training.json").read_text()), (folder / "card.md").read_text()
    assert (folder / "beside.txt").exists() and record["steps"] == 6 and record["run"]["seed"] == 0
    assert "A made network of" in card and record["sha256"] in card and "| free | 2 |" in card
    assert "--recipe made --output DIR --seed 0 --threads 1 --set loop.averaging=0.5" in card
    assert "a scale is drawn" in printed and "samples/s" in printed and str(folder) not in card


def test_tensorboard_has_curves_and_the_images_of_the_validation(trained):
    events = EventAccumulator(str(trained[0] / "tensorboard"), size_guidance={"images": 0}).Reload()
    assert [event.step for event in events.Scalars("validation/error")] == [2, 4, 6]
    assert [event.step for event in events.Images("made")] == [2, 4, 6]
    assert [event.step for event in events.Scalars("train/loss")] == [6]


def test_the_best_network_is_kept_and_not_the_last(dataset, tmp_path):
    _train(dataset, tmp_path / "whole", _settings(samples={"worse_after": 4}))
    _train(dataset, tmp_path / "last")
    record = json.loads((tmp_path / "whole/training.json").read_text())
    assert record["best"]["step"] == 4 and record["steps"] == 6
    networks = [(tmp_path / name / "made.onnx").read_bytes() for name in ("whole", "last")]
    assert networks[0] != networks[1]


def test_a_training_ends_when_nothing_gets_better(dataset, tmp_path):
    _train(dataset, tmp_path, _settings(samples={"worse_after": 2}, loop={"patience": 2, "steps": 100}))
    record = json.loads((tmp_path / "training.json").read_text())
    assert (record["best"]["step"], record["steps"]) == (2, 6)


def test_a_killed_training_resumes_to_the_same_bits(dataset, tmp_path):
    settings = _settings(samples={"noise": 0.3}, loop={"accumulate": 2, "save_every": 3})
    _train(dataset, tmp_path / "whole", settings)
    dying = _settings(samples={"noise": 0.3, "stops_at": 9}, loop={"accumulate": 2, "save_every": 3})
    with pytest.raises(KilledError):
        _train(dataset, tmp_path / "killed", dying)
    identity = tmp_path / "killed/checkpoints/run.json"
    identity.write_text(identity.read_text().replace('"stops_at": 9', '"stops_at": -1'))
    assert "resumes after step 4\n" in _train(dataset, tmp_path / "killed", settings)
    networks = [(tmp_path / name / "made.onnx").read_bytes() for name in ("whole", "killed")]
    assert networks[0] == networks[1]


def test_other_settings_are_refused_in_one_line(dataset, tmp_path):
    _kill_after(dataset, tmp_path, 3)
    with pytest.raises(UsageError, match="begun with other settings: choose another --output"):
        _train(dataset, tmp_path, _settings(loop={"weight_decay": 0.5}))


def test_a_folder_with_a_network_is_refused(trained, dataset):
    with pytest.raises(UsageError, match="holds a network already"):
        _train(dataset, trained[0])


def test_other_threads_are_accepted_and_said(dataset, tmp_path):
    _kill_after(dataset, tmp_path, 3)
    printed = _train(dataset, tmp_path, threads=2)
    assert "resumes after step 2 on other hardware or versions (threads 1 -> 2): not to the same bits" in printed


def test_data_go_on_from_the_step_on_another_number_of_ranks(dataset, tmp_path):
    """Two processes make two steps of a batch each; one process resumes at the fifth batch."""
    _as_two_ranks(dataset, tmp_path, stops_at=3)
    assert load_facts(tmp_path / "checkpoints/training.safetensors")["batches_drawn"] == 2
    printed = _train(dataset, tmp_path, _settings(samples={"stops_at": 9}))
    assert "(processes 2 -> 1)" in printed
    assert json.loads((tmp_path / "training.json").read_text())["numbers_drawn"] == [4, 5, 6, 7]


def test_two_processes_train_one_network(dataset, tmp_path):
    """Their network is that of one process which makes each step from the batches of both."""
    _as_two_ranks(dataset, tmp_path / "two", stops_at=-1)
    _train(dataset, tmp_path / "one", _settings(loop={"accumulate": 2}))
    assert json.loads((tmp_path / "two/training.json").read_text())["hardware"]["processes"] == 2
    two, one = (np.fromfile(tmp_path / name / "made.onnx", np.float32) for name in ("two", "one"))
    np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)


def _kill_after(dataset: str, output: Path, num_batches: int) -> None:
    with pytest.raises(KilledError):
        _train(dataset, output, _settings(samples={"stops_at": num_batches}))
    _forget_the_kill(output, num_batches, -1)


def _forget_the_kill(output: Path, stops_at: int, instead: int) -> None:
    identity = output / "checkpoints/run.json"
    identity.write_text(identity.read_text().replace(f'"stops_at": {stops_at}', f'"stops_at": {instead}'))


def _as_two_ranks(dataset: str, output: Path, stops_at: int) -> None:
    """As torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (port, dataset, str(output), stops_at)
    torch.multiprocessing.spawn(_one_rank, arguments, nprocs=2)
    if stops_at >= 0:
        _forget_the_kill(output, stops_at, 9)


def _one_rank(rank: int, port: int, dataset: str, output: str, stops_at: int) -> None:
    found = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in found.items()}, MASTER_ADDR="127.0.0.1")
    with contextlib.suppress(KilledError):
        _train(dataset, Path(output), _settings(samples={"stops_at": stops_at}))
