import contextlib
import dataclasses
import hashlib
import io
import json
import os
import socket

import onnx
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pipeline.commands.train import main
from schemas.errors import UsageError
from speech2vid.generator.file import GeneratorFile
from speech2vid.generator_training.options import GeneratorTrainingOptions
from speech2vid.generator_training.train import train_generator
from speech2vid.training.tensor_files import load_tensors
from tests.speech2vid.talking_images import SMALLEST, write_talking_faces


def _options(dataset, output, **more) -> GeneratorTrainingOptions:
    standard = {"recipe": "tiny", "device": "cpu", "threads": 1, "workers": 0}
    return GeneratorTrainingOptions(dataset=str(dataset), output=str(output), **{**standard, **more})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_talking_faces(tmp_path_factory.mktemp("talk") / "out")


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """A whole run; its folder and what it printed."""
    folder, printed = tmp_path_factory.mktemp("run"), io.StringIO()
    with contextlib.redirect_stdout(printed):
        train_generator(_options(dataset, folder), SMALLEST)
    return folder, printed.getvalue()


def test_the_generator_can_be_used_without_torch(trained):
    made = GeneratorFile(trained[0] / "generator.onnx")
    assert (made.shape.num_identity, made.shape.target_offset, made.shape.recipe) == (2, 16, "smallest")
    assert onnx.load(trained[0] / "deblurring.onnx").graph.output[0].name == "face"


def test_the_record_and_the_printed_lines_say_what_was_done(trained):
    folder, printed = trained
    record = json.loads((folder / "training.json").read_text())
    assert record["clips"] == 6 and record["settings"]["steps"] == 4 and record["run"]["seed"] == 0
    assert "samples/s" in printed and "waiting for data" in printed and "min left" in printed
    assert str(folder) not in (folder / "training.json").read_text()


def test_the_card_says_what_was_learnt_from_and_how(trained):
    card = (trained[0] / "card.md").read_text()
    assert f"sha256 {hashlib.sha256((trained[0] / 'generator.onnx').read_bytes()).hexdigest()}" in card
    assert "6 clips" in card and "6 people" in card and "| not given | 6 |" in card and str(trained[0]) not in card
    command = "talkshard train --dataset OUT --recipe tiny --output DIR --seed 0 --threads 1 --steps 4 --batch_clips 2"
    assert f"    {command}\n" in card
    assert "training.json has them" in card  # the smallest settings are not those of a recipe


def test_a_run_of_other_settings_is_refused(dataset, tmp_path):
    train_generator(_options(dataset, tmp_path), SMALLEST)
    (tmp_path / "generator.onnx").unlink()
    other = dataclasses.replace(SMALLEST, weight_decay=0.5)
    with pytest.raises(UsageError, match="begun with other settings"):
        train_generator(_options(dataset, tmp_path), other)


def test_tensorboard_has_curves_and_images_of_stills_target_made_and_deblurred(trained):
    events = EventAccumulator(str(trained[0] / "tensorboard"), size_guidance={"images": 0}).Reload()
    assert [event.step for event in events.Images("stills, target, made, deblurred")] == [2, 4]
    image = events.Images("stills, target, made, deblurred")[0]
    assert image.width == 4 * 114 and [event.step for event in events.Scalars("train/loss")] == [4]


def test_nothing_is_pickled(trained):
    kinds = {path.suffix for path in trained[0].rglob("*") if path.is_file() and "tensorboard" not in path.parts}
    assert kinds == {".onnx", ".safetensors", ".json", ".md"}


def test_a_run_that_was_killed_resumes_to_the_same_generator(trained, dataset, tmp_path):
    """As if killed after two of four steps, in mid-epoch."""

    class Killed(Exception):
        pass

    def killed_batches(loader):
        for number, sample in enumerate(loader):
            if number == 2 + 2:  # two of pretraining, two steps
                raise Killed
            yield sample

    with pytest.raises(Killed):
        train_generator(_options(dataset, tmp_path), SMALLEST, killed_batches)
    assert load_tensors(tmp_path / "checkpoints/training.safetensors")[1]["steps"] == 2
    train_generator(_options(dataset, tmp_path), SMALLEST)
    for name in ("generator.onnx", "generator.safetensors", "deblurring.onnx"):
        assert (tmp_path / name).read_bytes() == (trained[0] / name).read_bytes()


def test_workers_change_no_number(trained, dataset, tmp_path):
    train_generator(_options(dataset, tmp_path, workers=2), SMALLEST)
    assert (tmp_path / "generator.onnx").read_bytes() == (trained[0] / "generator.onnx").read_bytes()


def test_a_folder_with_a_generator_is_refused(trained, dataset):
    with pytest.raises(UsageError, match="holds a network already"):
        train_generator(_options(dataset, trained[0]))


def test_another_run_is_refused(trained, dataset, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/run.json").write_bytes((trained[0] / "checkpoints/run.json").read_bytes())
    with pytest.raises(UsageError, match="begun with seed 0, not 1"):
        train_generator(_options(dataset, tmp_path, seed=1), SMALLEST)


def test_the_command_trains_with_its_options(dataset, tmp_path):
    more = ["--steps", "3", "--batch_clips", "2", "--seed", "7", "--threads", "1", "--where", "num_frames > 1000"]
    with pytest.raises(UsageError, match="no clip of split train where num_frames > 1000"):
        main(["--dataset", dataset, "--output", str(tmp_path), "--recipe", "tiny", *more], "talkshard train")


@pytest.mark.parametrize("args", [["--steps", "0"], ["--batch_clips", "1"], ["--identity_init", "nowhere.mat"]])
def test_options_that_make_no_sense_get_one_line(args, dataset, tmp_path):
    with pytest.raises(UsageError, match=args[0]) as caught:
        main(["--dataset", dataset, "--output", str(tmp_path), "--recipe", "tiny", *args], "talkshard train")
    assert len(str(caught.value).splitlines()) == 1


def _one_rank(rank: int, port: int, dataset: str, output: str) -> None:
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE="2",
        LOCAL_WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )
    train_generator(_options(dataset, output), dataclasses.replace(SMALLEST, steps=2))


def test_two_processes_train_one_generator(dataset, tmp_path):
    """As torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(_one_rank, (port, dataset, str(tmp_path)), nprocs=2)
    record = json.loads((tmp_path / "training.json").read_text())
    assert record["run"]["num_ranks"] == 2 and GeneratorFile(tmp_path / "generator.onnx").shape.num_identity == 2
