import contextlib
import hashlib
import io
import json
import shlex

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pipeline.commands.train_sync import main
from schemas.errors import UsageError
from speech2vid.sync_training.clips import read_lags
from speech2vid.sync_training.options import SPEECH, SyncTrainingOptions
from speech2vid.sync_training.train import NETWORKS, run_identity, train_sync_network
from speech2vid.training.run_folder import RunFolder
from tests.speech2vid.made_datasets import clip_members, talking_members, write_dataset
from transforms.speakers.sync_network import load_sync_network

WHERE = "licence LIKE '%CC BY 4.0%'"
SMALL = {"steps": 2, "folds": 2, "networks": 1, "workers": 1, "rounds": 2, "where": WHERE}


def run(*args: str) -> int:
    """Run the command."""
    return main([*args], "talkshard train-sync")


def begin(dataset, output) -> None:
    """What a run with standard options leaves when it is killed at once."""
    options = SyncTrainingOptions(dataset=str(dataset), output=str(output))
    RunFolder(path=output, network_name=NETWORKS[SPEECH]).begin(run_identity(options, {}))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six people, of whom one lags by four frames and one comes without a licence."""
    members = [
        member
        for number, person in enumerate("abcdef")
        for take in range(2)
        for member in talking_members(
            f"{person}{take}",
            person,
            10 * number + take,
            late_frames=4 if person == "c" else 0,
            licence="" if person == "f" else "CC BY 4.0",
        )
    ]
    return write_dataset(tmp_path_factory.mktemp("talk") / "out", {"train-000000": members})


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """A whole run of two rounds; its folder and what it printed."""
    folder, printed = tmp_path_factory.mktemp("run"), io.StringIO()
    with contextlib.redirect_stdout(printed):
        options = [word for name, value in SMALL.items() for word in (f"--{name}", str(value))]
        assert run("--dataset", str(dataset), "--output", str(folder), *options) == 0
    return folder, printed.getvalue()


def test_the_network_can_be_used_and_is_calibrated(trained):
    network = load_sync_network(str(trained[0] / "lip_sync.onnx"))
    assert len(network.calibration.weights) >= 1 and network.name == "lip_sync"


def test_the_command_trains_a_network_of_log_mel_alone(dataset, tmp_path):
    options = ["--steps", "1", "--folds", "2", "--networks", "1", "--workers", "1", "--width", "16"]
    run("--dataset", str(dataset), "--output", str(tmp_path / "new"), "--audio_features", "log_mel", *options)
    network, card = load_sync_network(str(tmp_path / "new/log_mel_judge.onnx")), (tmp_path / "new/card.md").read_text()
    assert network.embed_audio(np.ones(6400, np.int16)).shape[0] == 10
    assert "--width 16 --audio_features log_mel" in card


def test_record_and_card_name_the_network_and_its_training_data(trained):
    folder, _ = trained
    sha256 = hashlib.sha256((folder / "lip_sync.onnx").read_bytes()).hexdigest()
    record, card = json.loads((folder / "training.json").read_text()), (folder / "card.md").read_text()
    assert (record["sha256"], record["clips"], record["licences"]) == (sha256, 10, {"CC BY 4.0": 10})
    assert sha256 in card and "| CC BY 4.0 | 10 |" in card and "10 clips, 0.6 minutes, 5 people" in card
    assert f"talkshard train-sync --dataset OUT --output DIR --where {shlex.quote(WHERE)}" in card
    assert str(folder) not in card
    assert set(record["calibration_scores"]) == {"1 s", "2 s", "3 s"}


def test_each_round_but_the_last_writes_lags_that_the_next_reads(trained):
    folder, output = trained
    assert "lags_round1.csv: " in output and not (folder / "lags_round2.csv").exists()
    assert set(read_lags(folder / "lags_round1.csv")) <= {f"{person}{take}.mp4" for person in "abcde" for take in "01"}


def test_curves_hold_every_step_once(trained):
    events = EventAccumulator(str(trained[0] / "tensorboard/round2/fold0-network0")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2]
    assert [event.step for event in events.Scalars("held_out/auc")] == [2]


def test_a_run_that_was_killed_resumes_to_the_same_network(trained, dataset):
    """As if killed while the second round's last network trained."""
    folder, _ = trained
    before = (folder / "lip_sync.onnx").read_bytes()
    begun = (folder / "checkpoints/round1/fold0-network0.safetensors").stat().st_mtime_ns
    for name in ("lip_sync.onnx", "card.md", "checkpoints/round2/all-network0.safetensors"):
        (folder / name).unlink()
    train_sync_network(SyncTrainingOptions(dataset=str(dataset), output=str(folder), **SMALL))
    assert (folder / "lip_sync.onnx").read_bytes() == before and (folder / "card.md").exists()
    assert (folder / "checkpoints/round1/fold0-network0.safetensors").stat().st_mtime_ns == begun


def test_too_few_people_get_one_line_and_no_folder(tmp_path):
    members = [*clip_members("aa", "ann"), *clip_members("bb", "bob")]
    dataset = write_dataset(tmp_path / "out", {"train-000000": members})
    with pytest.raises(UsageError, match="clips of 2 people: --folds 4 needs 5"):
        run("--dataset", str(dataset), "--output", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_a_network_is_not_overwritten(dataset, tmp_path):
    (tmp_path / "lip_sync.onnx").write_bytes(b"kept")
    with pytest.raises(UsageError, match="holds a network already"):
        run("--dataset", str(dataset), "--output", str(tmp_path))
    assert (tmp_path / "lip_sync.onnx").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--seed", "1"], "begun with seed 0, not 1"),
        (["--steps", "3"], "begun with steps 800, not 3"),
        (["--where", "speaker = 'a'"], "begun with where none, not speaker = 'a'"),
    ],
)
def test_the_folder_of_another_run_is_refused(dataset, tmp_path, args, line):
    begin(dataset, tmp_path / "new")
    with pytest.raises(UsageError, match=line):
        run("--dataset", str(dataset), "--output", str(tmp_path / "new"), *args)


def test_the_folder_of_another_dataset_is_refused(dataset, tmp_path):
    begin(dataset, tmp_path / "new")
    other = write_dataset(tmp_path / "out", {"train-000000": [], "val-000000": []})
    with pytest.raises(UsageError, match=r"begun with dataset [0-9a-f]{16}, not [0-9a-f]{16}: choose another"):
        run("--dataset", str(other), "--output", str(tmp_path / "new"))


@pytest.mark.parametrize("args", [["--folds", "1"], ["--rounds", "0"], ["--networks", "0"]])
def test_numbers_that_make_no_sense_get_one_line(dataset, tmp_path, args):
    with pytest.raises(UsageError, match="or more, not"):
        run("--dataset", str(dataset), "--output", str(tmp_path / "new"), *args)
