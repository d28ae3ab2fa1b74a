"""Settings of `talkshard train`: from a recipe, a configuration file, short options and --set."""

from pathlib import Path

import pytest

from pipeline.commands.train import main
from schemas.errors import UsageError


def listed(capsys, *args: str) -> dict[str, str]:
    """Settings of `talkshard train --list_settings ARGS`, by name."""
    assert main(["--list_settings", *args], "talkshard train") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    return {line.split()[0]: line.split()[1] for line in lines}


def test_a_setting_comes_from_the_recipe_the_file_a_short_option_and_set_in_turn(capsys, tmp_path):
    config = tmp_path / "big.toml"
    config.write_text(
        'recipe = "paper"\n[loop]\nsteps = 10\naccumulate = 2\nlearning_rate = 0.5\n[generator]\nskips = false\n'
    )
    found = listed(capsys, "--config", str(config), "--steps", "20", "--accumulate", "3", "--set", "loop.accumulate=4")
    assert (found["loop.steps"], found["loop.accumulate"], found["loop.learning_rate"]) == ("20", "4", "0.5")
    assert found["generator.skips"] == "False" and found["sampling.batch_clips"] == "32"


def test_the_size_of_faces_has_a_short_option(capsys):
    assert listed(capsys, "--recipe", "paper", "--image_px", "256")["generator.image_px"] == "256"


def test_the_command_line_counts_more_than_the_file(capsys, tmp_path):
    config = tmp_path / "small.toml"
    config.write_text('recipe = "paper"\n')
    assert listed(capsys, "--config", str(config), "--recipe", "motion")["network.members"] == "5"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--recipe", "papr"], "no recipe of talkshard train is called 'papr': did you mean paper"),
        (["--recipe", "paper", "--set", "loop.step=3"], "no setting is called 'loop.step': did you mean loop.steps?"),
        (["--recipe", "paper", "--set", "loop.steps"], "must be NAME=VALUE, like"),
        (["--recipe", "paper", "--set", "loop.steps=many"], "loop.steps=many: must be a whole number"),
        (["--recipe", "paper", "--steps", "0"], "loop.steps must be 1 or more, not 0"),
        (["--recipe", "paper", "--batch_clips", "1"], "sampling.batch_clips must be 2 or more"),
        (["--recipe", "paper", "--image_px", "100"], "image_px is a multiple of 16"),
        (["--recipe", "paper"], "the following arguments are required: --dataset, --output"),
        ([], "the following arguments are required: --recipe"),
        (["--config", "nowhere.toml"], "--config: there is no file 'nowhere.toml'"),
    ],
)
def test_what_is_wrong_gets_one_line(args, line):
    with pytest.raises(UsageError) as caught:
        main(args, "talkshard train")
    assert line in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("recipe = paper", "is not TOML"),
        ('recipes = "paper"', "'recipes' is neither a section of settings nor one of recipe"),
        ('recipe = "paper"\n[lop]\nsteps = 3', "no setting is called 'lop.steps': did you mean loop.steps?"),
    ],
)
def test_a_wrong_configuration_file_gets_one_line(content, line, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        main(["--config", str(path)], "talkshard train")
    assert line in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_the_example_of_a_large_set_is_a_configuration(capsys):
    example = Path(__file__).resolve().parents[2] / "examples" / "paper_at_scale.toml"
    found = listed(capsys, "--config", str(example))
    assert found["generator.image_px"] == "256" and found["generator.residual"] == "False"
