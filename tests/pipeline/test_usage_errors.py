"""Wrong arguments of every command: one line on standard error that names the thing, and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

import beam_runner
import talkshard

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {
    "build": ["--input", "in.mp4", "--output", "out"],
    "repack": ["out"],
    "takedown": ["out", "--source", "a", "--reason", "asked"],
    "clean": ["out"],
    "probe": ["in.mp4"],
    "mfcc": ["in.wav", "--preset", "syncnet", "--output", "out.npy"],
    "models": ["list"],
    "verify": ["out"],
    "overlay": ["out", "--output", "sheets"],
    "show": ["out", "key", "--output", "clip.png"],
    "diff": ["out", "other"],
    "report": ["out"],
    "status": ["out"],
    "estimate": ["in.mp4"],
    "train-sync": ["--dataset", "out", "--output", "trained"],
    "train": ["--dataset", "out", "--recipe", "tiny", "--output", "trained"],
    "generate": ["--identity", "a.png", "--audio", "a.wav", "--output", "a.mp4"],
    "dub": ["--video", "a.mp4", "--audio", "a.wav", "--output", "b.mp4"],
    "evaluate": ["--dataset", "out", "--output", "evaluated"],
}
MISSING = {
    "build": "--output",
    "repack": "OUTPUT",
    "takedown": "OUTPUT",
    "clean": "OUTPUT",
    "probe": "FILE",
    "mfcc": "--preset",
    "models": "action",
    "verify": "OUTPUT",
    "overlay": "--output",
    "show": "DATASET",
    "diff": "A",
    "report": "OUTPUT",
    "status": "OUTPUT",
    "estimate": "INPUT",
    "train-sync": "--dataset",
    "train": "--recipe",
    "generate": "--identity",
    "dub": "--video",
    "evaluate": "--dataset",
}
WRONG = [
    ("build", ["--max_bugs", "-1"], "--max_bugs must be 0 or more"),
    ("build", ["--max_bugs", "many"], "--max_bugs"),
    ("build", ["--max_failed_share", "2"], "--max_failed_share"),
    ("build", ["--layout", "tiktok"], "--layout"),
    ("build", ["--append"], "holds no dataset to add to"),
    ("repack", [], "holds no dataset.json"),
    ("takedown", [], "holds no dataset.json"),
    ("takedown", ["--reason", " "], "--reason: say why"),
    ("takedown", ["--sheet", "a.png"], "--like IMAGE and --sheet FILE.png go together"),
    ("takedown", ["--clip", "k"], "not allowed with argument --source"),
    ("clean", [], "holds no dataset.json"),
    ("clean", ["--older_than", "week"], "like 7d, 12h or 30m"),
    ("probe", ["--recipe", "trustd"], "did you mean trusted"),
    ("probe", ["--set", "faces.min_bx_px=1"], "did you mean faces.min_box_px"),
    ("mfcc", ["--preset", "htk"], "--preset"),
    ("models", ["--verbose=\n1"], "--verbose"),
    ("models", ["silro"], "no model is called 'silro'"),
    ("overlay", ["--frames", "0"], "--frames must be 1 or more"),
    ("overlay", [], "give the folder or URL that talkshard build wrote to"),
    ("report", [], "give the folder or URL that talkshard build wrote to"),
    ("estimate", ["--sample", "1"], "--sample must be 2 or more"),
    ("estimate", ["--sample_s", "0"], "--sample_s must be above 0"),
    ("estimate", ["--price", "nan"], "--price must be above 0"),
    ("estimate", ["--cores", "0"], "--cores must be 1 or more"),
    ("estimate", ["--output", "out"], "--output is no option"),
    ("estimate", ["--set", "faces.min_bx_px=1"], "did you mean faces.min_box_px"),
    ("status", [], "give the folder or URL that talkshard build writes to"),
    ("train-sync", ["--folds", "1"], "--folds must be 2 or more"),
    ("train-sync", ["--steps", "few"], "--steps"),
    ("train", ["--steps", "0"], "loop.steps must be 1 or more"),
    ("train", ["--recipe", "huge"], "there are motion, tiny, paper"),
    ("train", ["--set", "loop.step=3"], "did you mean loop.steps?"),
    ("dub", ["--blend", "paint"], "--blend"),
    ("dub", [], "--video: there is no file"),
    ("show", ["--output", "clip.gif"], "--output"),
    ("diff", [], "out"),
    ("generate", ["--gain", "0"], "--gain must be above 0"),
    ("generate", ["--size_px", "111"], "--size_px must be even"),
    ("generate", ["--output", "a.avi"], "--output must end in .mp4"),
    ("generate", [], "--audio: there is no file 'a.wav'"),
    ("evaluate", ["--clips", "0"], "--clips must be 1 or more"),
    ("evaluate", ["--gain", "nan"], "--gain must be above 0"),
    ("evaluate", ["--split", "dev"], "--split"),
]


def refusal(argv, capfd):
    """The only line that a command with wrong arguments prints, which must end with exit code 2."""
    assert talkshard.main(argv) == 2
    shown = capfd.readouterr()
    [line] = shown.err.splitlines()
    assert line.startswith("talkshard: ") and not shown.out
    return line


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_cases_cover_every_command():
    assert REQUIRED.keys() == MISSING.keys() == talkshard.COMMANDS.keys()


@pytest.mark.parametrize("command", talkshard.COMMANDS)
def test_an_unknown_option_is_named(command, capfd):
    assert "--no_such_option" in refusal([command, *REQUIRED[command], "--no_such_option"], capfd)


@pytest.mark.parametrize("command", talkshard.COMMANDS)
def test_a_missing_argument_is_named_with_the_help(command, capfd):
    line = refusal([command], capfd)
    assert MISSING[command] in line and f"talkshard {command} --help" in line


@pytest.mark.parametrize(("command", "argv", "says"), WRONG)
def test_a_wrong_value_is_named_with_what_is_right(command, argv, says, capfd):
    assert says in refusal([command, *REQUIRED[command], *argv], capfd)


def test_a_mistyped_option_suggests_the_nearest(capfd):
    assert "did you mean --frames?" in refusal(["overlay", *REQUIRED["overlay"], "--frame", "2"], capfd)


@pytest.mark.parametrize("command", talkshard.COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        talkshard.main([command, "--help"])
    assert ended.value.code == 0 and f"usage: talkshard {command}" in capsys.readouterr().out


def test_the_entry_of_a_build_is_the_build_command(capfd):
    assert beam_runner.main([]) == 2
    [line] = capfd.readouterr().err.splitlines()
    assert "--output" in line and "beam_runner.py --help" in line


@pytest.mark.parametrize("command", ["train", "train-sync"])
def test_a_training_command_imports_no_beam(command, tmp_path):
    code = (
        f"import sys, talkshard; talkshard.main({[command, *REQUIRED[command]]}); print('apache_beam' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False" and done.stderr.startswith("talkshard: ")


def test_models_try_takes_no_model(capfd):
    assert "takes no MODEL" in refusal(["models", "try", "silero"], capfd)
