import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from speech2vid.training.curves import Curves, CurvesOfTrainings


def _points(folder, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder)).Reload()
    return [(event.step, round(event.value, 3)) for event in events.Scalars(name)]


def test_points_after_the_checkpoint_of_a_resumed_run_are_shown_once(tmp_path):
    with Curves(tmp_path, steps_done=0) as curves:
        for step in (1, 2, 3):
            curves.add_scalars(step, {"loss": 1.0})
    with Curves(tmp_path, steps_done=2) as curves:
        curves.add_scalars(3, {"loss": 0.5})
    assert _points(tmp_path, "loss") == [(1, 1), (2, 1), (3, 0.5)]


def test_without_a_folder_nothing_is_written():
    with Curves(None) as curves:
        curves.add_scalars(1, {"loss": 1.0})
        curves.add_image(1, "faces", torch.zeros(3, 4, 4))


def test_curves_of_several_trainings_are_replaced_and_hold_each_point_once(tmp_path):
    CurvesOfTrainings(tmp_path / "curves").write("one", {1: {"loss": 9.0}})
    curves = CurvesOfTrainings(tmp_path / "curves")
    curves.write("one", {1: {"loss": 2.0}})
    curves.write("one", {1: {"loss": 2.0}, 2: {"loss": 1.0, "auc": 0.5}})
    assert _points(tmp_path / "curves/one", "loss") == [(1, 2), (2, 1)]
    assert _points(tmp_path / "curves/one", "auc") == [(2, 0.5)]
