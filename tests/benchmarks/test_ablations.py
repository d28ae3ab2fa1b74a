import json

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
from benchmarks.ablations.__main__ import _read_options, main, run
from benchmarks.ablations.numbers import NUMBERS
from benchmarks.ablations.variants import VARIANTS
from schemas.errors import UsageError
from speech2vid.generator_training.task import GENERATOR
from tests.speech2vid.face_datasets import face_parts, write_faces


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two people to train on and one to evaluate on."""
    people = {"train-000000": ("ann", "bob"), "val-000000": ("eve",)}
    return write_faces(
        tmp_path_factory.mktemp("people") / "out",
        {
            shard: {name: face_parts(about={"speaker": name, "source_uri": f"/in/{name}.mp4"}) for name in names}
            for shard, names in people.items()
        },
        {name: {"speaker": name} for names in people.values() for name in names},
    )


class Work:
    """Stands for training and evaluation; the MSE of each variant is 100 below that of the one before."""

    def __init__(self) -> None:
        self.trained, self.evaluated = [], []

    def train(self, dataset, where, folder, seed, settings, threads):
        self.trained.append((folder.parent.relative_to(folder.parents[2]).as_posix(), settings))
        folder.mkdir(parents=True)
        (folder / GENERATOR).write_bytes(b"")

    def evaluate(self, job, settings, output):
        self.evaluated.append(job.folder)
        value = 1000.0 - 100 * list(VARIANTS).index(job.variant.name) + job.seed
        return {
            "numbers": dict.fromkeys(NUMBERS, value),
            "references": {"real video": dict.fromkeys(NUMBERS)},
            "samples_s": 50.0,
        }


def options(dataset, output, *more: str):
    return _read_options(["--dataset", dataset, "--output", str(output), "--steps", "7", *more])


def test_every_variant_trains_once_a_seed_with_equal_steps_and_batch_and_both_files_hold_it(dataset, tmp_path):
    work = Work()
    page = run(options(dataset, tmp_path / "out"), work.train, work.evaluate)
    assert len(work.trained) == 2 * (len(VARIANTS) - 1)
    assert len(work.evaluated) == 2 * len(VARIANTS)
    assert {(settings.loop.steps, settings.sampling.batch_clips) for _, settings in work.trained} == {(7, 6)}
    assert (tmp_path / "out/ablations.md").read_text() == page
    assert "| no skips | 2 | 800 (800 … 801) |" in page
    assert "| *real video* |  | \N{EN DASH} |" in page
    found = json.loads((tmp_path / "out/ablations.json").read_text())
    claim = next(one for one in found["claims"] if (one["worse"], one["number"]) == ("one_still", "MSE"))
    assert (claim["verdict"], claim["better_mean"], claim["seeds_range"]) == ("disagrees", 1000.5, 1.0)


def test_what_was_trained_is_not_trained_again_and_variants_may_be_added(dataset, tmp_path):
    first, second = Work(), Work()
    run(options(dataset, tmp_path, "--only", "one_still", "--seeds", "0"), first.train, first.evaluate)
    run(options(dataset, tmp_path, "--only", "no_skips", "one_still", "--seeds", "0"), second.train, second.evaluate)
    assert [folder for folder, _ in first.trained] == ["base/seed0", "one_still/seed0"]
    assert [folder for folder, _ in second.trained] == ["no_skips/seed0"]


def test_other_steps_in_the_same_folder_are_refused(dataset, tmp_path):
    work = Work()
    run(options(dataset, tmp_path, "--only", "deblurred"), work.train, work.evaluate)
    with pytest.raises(UsageError, match="ablations of another steps"):
        run(options(dataset, tmp_path, "--only", "deblurred", "--steps", "8"), work.train, work.evaluate)


def test_speakers_of_training_are_not_evaluated_on(dataset, tmp_path):
    work = Work()
    with pytest.raises(UsageError, match="bob would be trained and evaluated on"):
        run(
            options(dataset, tmp_path, "--evaluate_split", "train", "--evaluate_where", "speaker = 'bob'"),
            work.train,
            work.evaluate,
        )
    assert not work.trained
    run(
        options(
            dataset,
            tmp_path,
            "--evaluate_split",
            "train",
            "--evaluate_where",
            "speaker = 'bob'",
            "--where",
            "speaker <> 'bob'",
            "--only",
            "deblurred",
        ),
        work.train,
        work.evaluate,
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--only", "skips"], "--only skips: there are base, one_still, no_skips"),
        (["--steps", "0"], "--steps must be 1"),
        (["--evaluate_where", "speaker = 'unknown'"], "holds no clip"),
        (["--face_network", "/nowhere.onnx"], "cannot read the network /nowhere.onnx"),
    ],
)
def test_a_wrong_option_is_one_line(dataset, tmp_path, capsys, more, message):
    assert main(["--dataset", dataset, "--output", str(tmp_path), "--face_network", "none", *more]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_nothing_is_written_where_speakers_overlap(dataset, tmp_path):
    args = options(dataset, tmp_path / "new", "--evaluate_split", "train", "--face_network", "none")
    with pytest.raises(UsageError, match="trained and evaluated on"):
        run(args)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("option", "names"),
    [
        (("--width", "9"), "a width in 0..4"),
        (("--image_px", "100"), "image_px is a multiple of 16"),
        (("--learning_rate", "-1"), "loop.learning_rate must be 0 or more"),
        (("--steps", "0"), "--steps must be 1 or more"),
    ],
)
def test_a_budget_that_no_network_can_have_is_refused_before_anything_is_trained(
    dataset, tmp_path, option, names, capsys
):
    assert main(["--dataset", dataset, "--output", str(tmp_path), *option]) == 2
    assert names in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
