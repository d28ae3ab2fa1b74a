import contextlib
import hashlib
import io
import json

import onnx
import pytest

from pipeline.commands.train import main
from schemas.errors import UsageError
from speech2vid.generator.file import GeneratorFile
from speech2vid.generator_training.task import GeneratorTask
from speech2vid.training.options import TrainingOptions
from speech2vid.training.run import train
from tests.speech2vid.talking_images import SMALLEST, changed, write_talking_faces


class KilledError(Exception):
    pass


class KilledTask(GeneratorTask):
    """As if killed after two of four steps, in mid-epoch."""

    def losses(self, trained, batch):
        self.num_given = getattr(self, "num_given", 0) + 1
        if self.num_given > 2:
            raise KilledError
        return super().losses(trained, batch)


def _train(dataset, output, task=GeneratorTask, settings=SMALLEST, **more) -> str:
    """Train; what was printed."""
    options = {"recipe": "paper", "device": "cpu", "threads": 1, "workers": 0} | more
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        train(TrainingOptions(dataset=str(dataset), output=str(output), **options), settings, SMALLEST, task)
    return printed.getvalue()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_talking_faces(tmp_path_factory.mktemp("talk") / "out")


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """A whole run; its folder and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    return folder, _train(dataset, folder)


def test_the_generator_can_be_used_without_torch(trained):
    made = GeneratorFile(trained[0] / "generator.onnx")
    assert (made.shape.num_identity, made.shape.target_offset, made.shape.recipe) == (2, 16, "paper")
    assert onnx.load(trained[0] / "deblurring.onnx").graph.output[0].name == "face"


def test_the_record_and_the_printed_lines_say_what_was_done(trained):
    folder, printed = trained
    record = json.loads((folder / "training.json").read_text())
    assert record["clips"] == 6 and record["run"]["settings"]["loop"]["steps"] == 4
    assert "samples/s" in printed and "waiting for data" in printed and "step 4: score" in printed
    assert str(folder) not in (folder / "training.json").read_text()


def test_the_card_says_what_was_learnt_from_and_how(trained):
    card = (trained[0] / "card.md").read_text()
    assert f"sha256 {hashlib.sha256((trained[0] / 'generator.onnx').read_bytes()).hexdigest()}" in card
    assert "6 clips" in card and "6 people" in card and "| not given | 6 |" in card and str(trained[0]) not in card
    assert "    talkshard train --dataset OUT --recipe paper --output DIR --seed 0 --threads 1\n" in card


def test_nothing_is_pickled(trained):
    kinds = {path.suffix for path in trained[0].rglob("*") if path.is_file() and "tensorboard" not in path.parts}
    assert kinds == {".onnx", ".safetensors", ".json", ".md"}


def test_a_run_that_was_killed_resumes_to_the_same_generator(trained, dataset, tmp_path):
    with pytest.raises(KilledError):
        _train(dataset, tmp_path, KilledTask)
    assert "resumes after step 2\n" in _train(dataset, tmp_path)
    for name in ("generator.onnx", "generator.safetensors", "deblurring.onnx"):
        assert (tmp_path / name).read_bytes() == (trained[0] / name).read_bytes()


def test_workers_change_no_number(trained, dataset, tmp_path):
    _train(dataset, tmp_path, workers=2)
    assert (tmp_path / "generator.onnx").read_bytes() == (trained[0] / "generator.onnx").read_bytes()


def test_weights_that_an_encoder_starts_from_must_be_there(dataset, tmp_path):
    settings = changed(SMALLEST, pretraining={"identity_weights": str(tmp_path / "nowhere.mat")})
    with pytest.raises(UsageError, match=r"pretraining.identity_weights: there is no file"):
        _train(dataset, tmp_path / "out", settings=settings)


def test_the_command_trains_with_its_options(dataset, tmp_path):
    given = ["--steps", "3", "--batch_clips", "2", "--seed", "7", "--threads", "1", "--where", "num_frames > 1000"]
    with pytest.raises(UsageError, match="no clip of split train where num_frames > 1000"):
        main(["--dataset", dataset, "--output", str(tmp_path), "--recipe", "paper", *given], "talkshard train")
