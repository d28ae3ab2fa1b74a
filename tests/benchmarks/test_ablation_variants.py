import dataclasses

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
from benchmarks.ablations.variants import BASE, VARIANTS, Budget, base_settings, plan, settings_of

BUDGET = Budget(steps=50, width=0.5, image_px=109)


def flat(settings) -> dict[str, object]:
    """Every setting by its name."""
    return {
        f"{section}.{name}": value
        for section, values in dataclasses.asdict(settings).items()
        for name, value in values.items()
    }


def differing(one, other) -> dict[str, object]:
    other = flat(other)
    return {name: value for name, value in flat(one).items() if other[name] != value}


@pytest.mark.parametrize(
    ("variant", "changed"),
    [
        ("one_still", {"generator.num_identity": 1}),
        ("no_skips", {"generator.skips": False}),
        ("transposed", {"generator.decoder": "transposed"}),
        ("content_loss", {"losses.content": 0.02}),
    ],
)
def test_a_variant_differs_from_the_base_in_one_thing(variant, changed):
    deblurring = {"pretraining.deblurring_width": 0}
    assert differing(settings_of(VARIANTS[variant], BUDGET), base_settings(BUDGET)) == changed | deblurring


def test_the_base_is_the_published_graph_but_for_width_and_size():
    generator = base_settings(BUDGET).generator
    assert (generator.width, generator.image_px) == (0.5, 109)
    assert not generator.residual and not generator.film and generator.skips and generator.decoder == "upsample"


def test_the_base_trains_a_deblurring_network():
    assert settings_of(VARIANTS[BASE], BUDGET) == settings_of(VARIANTS["deblurred"], BUDGET) == base_settings(BUDGET)
    assert base_settings(BUDGET).pretraining.deblurring_width > 0


def test_deblurring_is_evaluated_on_the_bases_training():
    (job,) = (job for job in plan(["deblurred"], [3]) if job.variant.deblurs)
    assert (job.folder, job.training_folder) == ("deblurred/seed3", "base/seed3/training")


def test_the_base_comes_first_with_all_seeds_even_where_it_is_not_chosen():
    assert [job.folder for job in plan(["one_still", "no_skips"], [0, 1])] == [
        "base/seed0",
        "base/seed1",
        "one_still/seed0",
        "no_skips/seed0",
        "one_still/seed1",
        "no_skips/seed1",
    ]


def test_a_seed_given_twice_is_one():
    assert len(plan([BASE], [0, 0])) == 1
