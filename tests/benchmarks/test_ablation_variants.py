import dataclasses

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
from benchmarks.ablations.variants import BASE, VARIANTS, base_settings, plan, settings_of
from speech2vid.generator_training.recipes import tiny


def flat(settings) -> dict[str, object]:
    """Every setting by its path."""
    return {
        f"{name}.{inner}": value
        for name, setting in dataclasses.asdict(settings).items()
        for inner, value in (setting.items() if isinstance(setting, dict) else [("", setting)])
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
    assert differing(settings_of(VARIANTS[variant], 50), base_settings(50)) == changed | {"deblurring_width.": 0}


def test_the_base_trains_a_deblurring_network():
    assert settings_of(VARIANTS[BASE], 50) == settings_of(VARIANTS["deblurred"], 50) == base_settings(50)
    assert base_settings(50).deblurring_width == tiny().deblurring_width


def test_deblurring_is_evaluated_on_the_bases_training():
    (job,) = (job for job in plan(["deblurred"], [3]) if job.variant.deblurs)
    assert (job.folder, job.training_folder) == ("deblurred/seed3", "base/seed3/training")


def test_the_base_comes_first_of_each_seed_even_where_it_is_not_chosen():
    assert [job.folder for job in plan(["one_still"], [0, 1])] == [
        "base/seed0",
        "one_still/seed0",
        "base/seed1",
        "one_still/seed1",
    ]


def test_a_seed_given_twice_is_one():
    assert len(plan([BASE], [0, 0])) == 1


def test_the_base_has_the_recipes_settings_when_it_has_all_its_steps():
    assert set(differing(base_settings(tiny().steps), tiny())) == {"min_change."}


def test_fewer_steps_shrink_pretraining_and_warm_up_in_proportion():
    few, whole = base_settings(tiny().steps // 10), tiny()
    assert few.warm_up == whole.warm_up // 10
    assert few.pretraining.audio_steps == whole.pretraining.audio_steps // 10
    assert few.pretraining.deblurring_steps == whole.pretraining.deblurring_steps
    assert base_settings(1).pretraining.num_batches == 1
