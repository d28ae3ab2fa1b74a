from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.copies.choose_kept import choose_kept
from transforms.copies.compared_clip import ComparedClip, SharedPart, best_first
from transforms.copies.components import component_of_each, hash_of_key
from transforms.copies.pairs import MAX_BEST, MAX_NEXT, pairs_of_key


def made(key, px=100.0, length_s=4.0, is_stored=False, source_id="", start_s=0.0, damaged_frames=0):
    return ComparedClip(
        key=key,
        source_id=source_id or key,
        start_s=start_s,
        end_s=start_s + length_s,
        face_source_px=px,
        sharpness=10.0,
        is_stored=is_stored,
        fingerprint="",
        damaged_frames=damaged_frames,
    )


def part(first, second, first_s=(0.0, 4.0), second_s=(0.0, 4.0)):
    return SharedPart(first=first, second=second, first_s=first_s, second_s=second_s)


def dropped(parts, max_shared=0.5):
    return {one.key: one.kept_key for one in choose_kept(parts, max_shared)}


def test_a_copy_of_a_copy_names_the_kept_one():
    best, second, third = made("a", px=300.0), made("b", px=200.0), made("c")
    assert dropped([part(best, second), part(second, third)]) == {"b": "a", "c": "a"}


def test_an_excerpt_of_two_films_joins_nothing_of_them():
    film, other, excerpts = made("a", px=300.0), made("b", px=200.0), made("c")
    parts = [part(film, excerpts, (2.0, 4.0), (0.0, 2.0)), part(other, excerpts, (0.0, 2.0), (2.0, 4.0))]
    assert dropped(parts) == {"c": "a"}


def test_sizes_that_a_detector_cannot_tell_apart_do_not_decide():
    assert dropped([part(made("a", px=98.0), made("b", px=99.0))]) == {"b": "a"}


def test_the_undamaged_copy_is_kept_though_inverted_bits_look_sharp():
    damaged = replace(made("a", damaged_frames=9), sharpness=500.0)
    assert dropped([part(damaged, made("b"))]) == {"a": "b"}


def test_clips_of_the_better_source_are_kept_though_single_ones_are_smaller():
    clips = [made("a0", px=80.0, source_id="a"), made("b0", px=100.0, source_id="b")]
    more = [made("a1", px=300.0, source_id="a", start_s=9.0), made("b1", px=100.0, source_id="b", start_s=9.0)]
    link = part(clips[0], more[1], (3.0, 4.0), (0.0, 1.0))
    assert dropped([part(*clips), part(*more), link]) == {"b0": "a0", "b1": "a1"}


@given(st.permutations(range(6)), st.randoms())
def test_the_order_of_arrival_changes_nothing(order, random):
    clips = [made(f"k{number}", px=100.0 + 40 * (number % 3)) for number in range(6)]
    parts = [part(clips[number], clips[(number + 1) % 6], (0.0, 3.0), (1.0, 4.0)) for number in range(6)]
    assert dropped([parts[place] for place in order]) == dropped(parts)


def test_clips_on_record_all_stay():
    parts = [part(made("a", is_stored=True), made("b", is_stored=True)), part(made("a", is_stored=True), made("c"))]
    assert dropped(parts) == {"c": "a"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_each_clip_belongs_to_the_smallest_that_it_is_connected_to(pairs):
    expected = {number: number for pair in pairs for number in pair}
    for _ in pairs:
        for first, second in pairs:
            expected[first] = expected[second] = min(expected[first], expected[second])
    assert dict(component_of_each(pairs)) == expected


def test_no_pairs_have_no_component():
    assert list(component_of_each([])) == []
    assert 0 <= hash_of_key("any") < 2**63


@pytest.mark.parametrize("num_clips", [5, 200])
def test_what_shares_a_key_is_compared_with_the_best_and_its_neighbours(num_clips):
    clips = [made(f"k{number:03d}", px=50.0 + number) for number in range(num_clips)]
    pairs = set(pairs_of_key(clips))
    assert len(pairs) <= num_clips * (MAX_BEST + MAX_NEXT)
    best = min(clips, key=best_first)
    assert all((min(one.key, best.key), max(one.key, best.key)) in pairs for one in clips if one is not best)
    if num_clips <= MAX_BEST:
        assert len(pairs) == num_clips * (num_clips - 1) / 2
