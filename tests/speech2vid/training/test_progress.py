"""Where there is no terminal: under the tests there is none."""

import contextlib
import io

from speech2vid.training.progress import TrainingProgress


def _printed(**options) -> list[str]:
    """Lines of a phase of four steps, two of which were made before."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), TrainingProgress(**options) as progress:
        progress.say("beginning")
        progress.begin("training", num_steps=4, steps_done=2)
        progress.update(3, 1, "loss 1.0")
        progress.update(4, 2, "loss 0.5")
    return printed.getvalue().splitlines()


def test_lines_of_progress_come_now_and_then_and_at_the_last_step():
    first, last = _printed(line_every_s=1000)
    assert first == "beginning" and last.startswith("step 4/4  loss 0.5  ") and last.endswith("0.0 min left")


def test_without_an_interval_there_are_no_lines_of_progress():
    assert _printed() == ["beginning"]


def test_a_quiet_display_prints_nothing():
    assert _printed(line_every_s=0, is_quiet=True) == []


def test_the_time_left_of_a_phase_that_may_end_early_is_an_upper_bound():
    assert _printed(line_every_s=0, may_end_early=True)[1].endswith("min left at most")
