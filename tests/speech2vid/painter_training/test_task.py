import dataclasses

import numpy as np
import pytest
import torch

from speech2vid.painter_training.network import PainterSettings
from speech2vid.painter_training.settings import PainterValidationSettings, PairSettings, tiny
from speech2vid.painter_training.task import PainterTask
from speech2vid.reader.ranks import Ranks
from speech2vid.recipes import RECIPES
from speech2vid.rendering.face_renderer import FaceRenderer
from speech2vid.rendering.painter_file import PainterFile
from speech2vid.rendering.topology import INNER_LIPS
from speech2vid.training.loop import TrainingLoop
from speech2vid.training.options import TrainingOptions
from tests.speech2vid.painter_training.made_mouths import made_mouth, write_mouths

ALONE = Ranks(rank=0, num_ranks=1, device=torch.device("cpu"))
SMALLEST = dataclasses.replace(
    tiny(),
    network=PainterSettings(width=8),
    pairs=PairSettings(batch=4, one_still_share=1.0, repaint_every=8),
    validation=PainterValidationSettings(clips=2, frames=2),
    loop=dataclasses.replace(tiny().loop, steps=30, warm_up=2, learning_rate=4e-3, averaging=0.8, half_precision=False),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    torch.set_num_threads(1)
    dataset = write_mouths(tmp_path_factory.mktemp("mouths") / "out")
    options = TrainingOptions(dataset=dataset, recipe="made", output="", threads=1, workers=0)
    loop = TrainingLoop(PainterTask(SMALLEST, options, ALONE), SMALLEST.loop, 0, ALONE)
    loop.start()
    batches = loop.task.batches(0)
    losses = [loop.advance([next(batches)])["own"] for _ in range(SMALLEST.loop.steps)]
    return loop, losses


def test_the_recipe_is_listed():
    assert RECIPES["tiny"].settings() == tiny()
    assert RECIPES["tiny"].open_task() is PainterTask


def test_the_painter_learns_the_colours(trained):
    _, losses = trained
    assert np.mean(losses[-6:]) < 0.9 * np.mean(losses[:3])


def test_the_result_is_a_painter_that_renders(trained, tmp_path):
    loop, _ = trained
    loop.task.export(loop.averaged, tmp_path / "painter.onnx")
    painter, closed, wide = PainterFile(tmp_path / "painter.onnx"), made_mouth(0.0), made_mouth(1.0)
    assert painter.recipe == "made"
    warped, painted = (FaceRenderer([closed], one).render(closed, wide.mesh_px).rgb for one in (None, painter))
    x, y = np.round(wide.mesh_px[list(INNER_LIPS), :2].mean(0)).astype(int)
    assert (warped[y, x] != painted[y, x]).any()


def test_validation_measures_people_of_the_val_split_from_one_still_and_from_five(trained):
    loop, _ = trained
    validation = loop.task.validate(loop.averaged, 1)
    measures = ("mouth MSE", "mouth MSE of the still", "sharpness")
    assert set(validation.measures) == {f"{name}, {of}" for name in measures for of in ("one still", "five stills")}
    assert validation.measures["mouth MSE, five stills"] < validation.measures["mouth MSE of the still, five stills"]
    assert -4 < validation.score < 0
    assert validation.images["target, of one still, of five"].shape[0] == 3


def test_the_card_counts_the_people(trained):
    loop, _ = trained
    assert len(loop.task.data.frames) == 3
    assert "painter" not in loop.task.data.licences
