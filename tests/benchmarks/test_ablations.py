import json

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
from benchmarks.ablations.__main__ import _read_options, main, run
from benchmarks.ablations.numbers import NUMBERS
from benchmarks.ablations.variants import VARIANTS
from schemas.errors import UsageError
from speech2vid.generator_training.train import GENERATOR
from tests.speech2vid.face_datasets import face_parts, write_faces


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two people to learn from and one to judge on."""
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
    """Trains and judges in no time; each variant's MSE is 100 below the one's before."""

    def __init__(self) -> None:
        self.trained, self.judged = [], []

    def train(self, dataset, where, folder, seed, settings):
        self.trained.append((folder.parent.relative_to(folder.parents[2]).as_posix(), settings))
        folder.mkdir(parents=True)
        (folder / GENERATOR).write_bytes(b"")

    def judge(self, job, asked, output):
        self.judged.append(job.folder)
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
    page = run(options(dataset, tmp_path / "out"), work.train, work.judge)
    assert len(work.trained) == 2 * (len(VARIANTS) - 1)
    assert len(work.judged) == 2 * len(VARIANTS)
    assert {(settings.steps, settings.batch_clips) for _, settings in work.trained} == {(7, 12)}
    assert (tmp_path / "out/ablations.md").read_text() == page
    assert "| no skips | 2 | 700 (700 … 701) |" in page
    assert "| *real video* |  | – |" in page
    found = json.loads((tmp_path / "out/ablations.json").read_text())
    claim = next(one for one in found["claims"] if (one["worse"], one["number"]) == ("one_still", "MSE"))
    assert (claim["verdict"], claim["better_mean"], claim["seeds_range"]) == ("disagrees", 1000.5, 1.0)


def test_what_was_trained_is_not_trained_again_and_variants_may_be_added(dataset, tmp_path):
    first, second = Work(), Work()
    run(options(dataset, tmp_path, "--only", "one_still", "--seeds", "0"), first.train, first.judge)
    run(options(dataset, tmp_path, "--only", "no_skips", "one_still", "--seeds", "0"), second.train, second.judge)
    assert [folder for folder, _ in first.trained] == ["base/seed0", "one_still/seed0"]
    assert [folder for folder, _ in second.trained] == ["no_skips/seed0"]


def test_other_steps_in_the_same_folder_are_refused(dataset, tmp_path):
    work = Work()
    run(options(dataset, tmp_path, "--only", "deblurred"), work.train, work.judge)
    with pytest.raises(UsageError, match="ablations of another steps"):
        run(options(dataset, tmp_path, "--only", "deblurred", "--steps", "8"), work.train, work.judge)


def test_people_who_were_learnt_from_are_not_judged_on(dataset, tmp_path):
    work = Work()
    with pytest.raises(UsageError, match="bob would be learnt from and judged on"):
        run(
            options(dataset, tmp_path, "--evaluate_split", "train", "--evaluate_where", "speaker = 'bob'"),
            work.train,
            work.judge,
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
        work.judge,
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--only", "skips"], "--only skips: there are base, mfcc, one_still"),
        (["--steps", "0"], "--steps must be 1"),
        (["--evaluate_where", "speaker = 'nobody'"], "holds no clip"),
        (["--face_network", "/nowhere.onnx"], "cannot read the network /nowhere.onnx"),
    ],
)
def test_a_wrong_option_is_one_line(dataset, tmp_path, capsys, more, said):
    assert (
        main(["--dataset", dataset, "--output", str(tmp_path), "--face_network", "none", "--sync", "none", *more]) == 2
    )
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_nothing_is_written_where_people_overlap(dataset, tmp_path):
    own = options(dataset, tmp_path / "new", "--evaluate_split", "train", "--face_network", "none", "--sync", "none")
    with pytest.raises(UsageError, match="learnt from and judged on"):
        run(own)
    assert not (tmp_path / "new").exists()
