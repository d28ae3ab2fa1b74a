"""Commands survive whatever a native decoder does to its process."""

import os
import time

import numpy as np
import pytest

import talkshard
from pipeline.native_call import call_in_child
from schemas.errors import LimitExceeded, NativeCrash, NotMedia
from tests.made_streams import make_streams, tone, with_custom_order
from tests.shared_data import needs_shared, shared
from transforms.media.config import LimitsConfig

SILENCE = np.zeros(32_000, np.int16)


def sum_of(first, second):
    return first + second


def refuse(path):
    raise NotMedia(f"{path!r} is no media file")


def grow():
    return np.ones(1 << 30, np.uint8).sum()


def test_a_call_gives_what_the_function_gives():
    assert call_in_child("x.mp4", sum_of, 1, 2) == 3


def test_an_error_of_the_function_is_raised():
    with pytest.raises(NotMedia, match="no media file"):
        call_in_child("x.mp4", refuse, "x.mp4")


def test_a_process_that_dies_is_one_line_that_names_the_input():
    with pytest.raises(NativeCrash, match=r"^crash: 'x\.mp4' cannot be used: .* died") as raised:
        call_in_child("x.mp4", os.abort)
    assert raised.value.exit_code == 1 and raised.value.kind == "crash"


def test_a_process_that_hangs_is_ended():
    with pytest.raises(NativeCrash, match="no end after 3 s"):
        call_in_child("x.mp4", time.sleep, 600, limits=LimitsConfig(prepare_s=0.3))


def test_a_process_that_needs_too_much_memory_ends():
    with pytest.raises(LimitExceeded, match="memory"):
        call_in_child("x.mp4", grow, limits=LimitsConfig(memory_mb=400))


def test_mfcc_reads_channels_in_an_order_of_their_own(tmp_path):
    made = make_streams(
        tmp_path / "a.mov", audio=[np.stack([tone(32_000), *[SILENCE] * 7])], layouts=["7.1"], num_frames=50
    )
    path, output = with_custom_order(made, tmp_path / "b.mov"), tmp_path / "features.npy"
    assert talkshard.main(["mfcc", str(path), "--preset", "syncnet", "--output", str(output)]) == 0
    assert np.load(output).std() > 1


@needs_shared
def test_mfcc_of_channels_that_cancel_is_that_of_a_voice(tmp_path):
    output = tmp_path / "features.npy"
    path = shared("hard/footage/k07_out_of_phase.mp4")
    assert talkshard.main(["mfcc", str(path), "--preset", "syncnet", "--output", str(output)]) == 0
    assert np.load(output)[0].std() > 1
