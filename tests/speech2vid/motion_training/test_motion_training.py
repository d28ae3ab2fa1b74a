"""The motion network learns to open the mouth with the audio, and leaves people out; its file works without torch."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.commands.train import main
from schemas.errors import UsageError
from speech2vid.motion.file import MotionFile
from speech2vid.motion_training.batches import MotionSampler, closed_lips, usual_shapes
from speech2vid.motion_training.fit_space import fit_space
from speech2vid.motion_training.network import MeanMotion, MotionNetwork
from speech2vid.motion_training.people import MotionClip, fold_of
from speech2vid.motion_training.recipe import MotionNetworkSettings, MotionSamplingSettings, motion
from speech2vid.motion_training.task import MotionTask, correlation, opening_scores
from speech2vid.reader.audio_features import MIDDLE_SPEECH, windows_of
from speech2vid.training.options import TrainingOptions
from speech2vid.training.run import train
from tests.pipeline.made_models import needs_models
from tests.speech2vid.made_datasets import talking_members, write_dataset
from tests.speech2vid.made_generator import write_generator
from tests.speech2vid.motion.made_motion import made_head
from transforms.speakers.lip_motion import head_frame, lip_motion

SMALL = MotionNetworkSettings(components=2, inputs=4, members=2, width=8, dropout=0.1, noise=0.0)
CHANNELS = MIDDLE_SPEECH.num_channels


def made_clip(speaker, seed, num_frames=60, width=1.0):
    """A clip whose lips open with the first audio feature."""
    random = np.random.default_rng(seed)
    opening = np.convolve(random.normal(0, 1, num_frames + 8), np.hanning(9), "valid")
    face = made_head()[0]
    lips = np.zeros((468, 3))
    lips[[14, 87, 317, 178, 402, 88, 318, 17, 152], 1] = 2 * width
    mesh = face + random.normal(0, 1, 3) + opening[:, None, None] * lips
    columns = np.random.default_rng(1).normal(0, 1, (CHANNELS, 1)) * np.repeat(opening, 2)
    columns += random.normal(0, 0.1, (CHANNELS, 1))
    points = head_frame(mesh).apply(mesh)
    return MotionClip(
        key=f"{speaker}{seed}",
        speaker=speaker,
        columns=columns.astype(np.float16),
        lips=lip_motion(mesh),
        points=points.astype(np.float16),
    )


CLIPS = [made_clip(f"p{person}", 10 * person + take) for person in range(5) for take in range(2)]


def test_the_first_component_opens_the_mouth_and_moves_nothing_above_the_nose():
    space = fit_space(CLIPS, 2)
    moved = np.abs(space.displacements[0]).max(1)
    still = np.mean([clip.points.mean(0) for clip in CLIPS], 0)[:, 1] < 0.1
    assert abs(space.gap_weights[0]) > 0.05 and moved[still].max() == 0
    assert moved[14] > 10 * moved[13] and space.within[0] > 20 * space.within[1]


def test_a_person_whose_mouth_rests_elsewhere_in_each_clip_is_known_less_by_one_of_them():
    resting = [
        replace(clip, lips=clip.lips + np.float32(0.2 * (-1) ** place) * fit_space(CLIPS, 1).components[0])
        for place, clip in enumerate(CLIPS)
    ]
    steady, restless = fit_space(CLIPS, 1), fit_space(resting, 1)
    assert restless.between[0] > steady.between[0] + 0.5 * 0.2**2
    assert restless.within[0] == pytest.approx(steady.within[0], rel=0.1)


def test_people_who_move_widely_and_narrowly_are_learnt_from_as_one():
    clips = [made_clip("wide", 1, width=2.0), made_clip("narrow", 2, width=0.5)]
    space = fit_space(clips, 1)
    wide, narrow = (found.std() for found in usual_shapes(clips, space))
    assert wide == pytest.approx(narrow, rel=0.05)


def test_lips_are_closed_where_the_gap_is_small_for_that_person():
    clips = [made_clip("a", 1), made_clip("b", 2)]
    gaps = [np.linspace(0.1, 0.3, 60), np.linspace(0.0, 0.04, 60)]
    closed = closed_lips(clips, gaps)
    assert all(0 < found.mean() < 0.35 and found[0] == 1 and found[-1] == 0 for found in closed)


def test_a_short_clip_fills_its_piece_with_frames_that_do_not_count():
    clips = [made_clip("a", 1, num_frames=20), made_clip("b", 2, num_frames=20)]
    space = fit_space(clips, 2)
    sampler = MotionSampler(clips, space, MotionSamplingSettings(batch_clips=3, frames=30), 2)
    batch = sampler.batch(np.random.default_rng(0), torch.device("cpu"))
    assert batch.audio.shape == (3, CHANNELS, 80) and batch.shapes.shape == (3, 2, 30)
    assert batch.is_real.sum(1).tolist() == [20, 20, 20]


def test_a_piece_that_moves_with_the_real_one_loses_nothing_and_what_does_not_count_is_left_aside():
    real = torch.tensor([[0.0, 1.0, 2.0, -50.0]])
    made = torch.tensor([[[3.0, 5.0, 7.0, 90.0]], [[0.0, -1.0, -2.0, 0.0]], [[0.0, 1.0, 2.0, 0.0]]])
    counts = torch.tensor([[[1.0, 1.0, 1.0, 0.0]], [[1.0, 1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]]])
    assert correlation(made, real, counts).flatten().tolist() == pytest.approx([1, -1, 0])


def test_a_long_piece_gives_the_shapes_of_its_windows():
    torch.manual_seed(0)
    network = MotionNetwork(SMALL, np.zeros(CHANNELS), np.random.default_rng(0).normal(0, 1, (4, CHANNELS))).eval()
    columns = np.random.default_rng(1).normal(0, 1, (CHANNELS, 2 * 30)).astype(np.float32)
    frames = np.arange(5, 24)
    windows = torch.from_numpy(windows_of(columns, frames, MIDDLE_SPEECH, MIDDLE_SPEECH.target_offset)[:, 0])
    with torch.no_grad():
        whole = network(torch.from_numpy(columns)[None])[0].mean(0)[0].T
        one_by_one = MeanMotion(network)(windows)[0]
    torch.testing.assert_close(whole[: len(frames)], one_by_one, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    clips = {
        f"{split}-000000": [
            member
            for person in range(people)
            for take in range(2)
            for member in talking_members(f"{split}{person}{take}", f"{split}{person}", 7 * person + take)
        ]
        for split, people in (("train", 4), ("val", 2))
    }
    return str(write_dataset(tmp_path_factory.mktemp("motion") / "out", clips))


def settings(steps=60):
    standard = motion()
    return replace(standard, network=SMALL, loop=replace(standard.loop, steps=steps, warm_up=5, validate_every=30))


def trained(dataset, folder, steps=60):
    options = TrainingOptions(dataset=dataset, recipe="motion", output=str(folder), device="cpu", threads=1)
    with contextlib.redirect_stdout(io.StringIO()):
        train(options, settings(steps), motion(), MotionTask)
    return folder / "motion.onnx"


@needs_models
def test_the_trained_file_gives_shapes_and_the_same_run_the_same_bytes(dataset, tmp_path):
    path = trained(dataset, tmp_path / "a", 30)
    found = MotionFile(path)
    made = found.motion(np.zeros((3, CHANNELS, 22), np.float32))
    assert made.shapes.shape == (3, 2) and made.closed.shape == (3,) and (0 <= made.closed).all()
    assert found.space.components.shape == (2, 192) and found.space.displacements.shape == (2, 468, 3)
    assert trained(dataset, tmp_path / "b", 30).read_bytes() == path.read_bytes()
    card = (tmp_path / "a" / "card.md").read_text()
    assert "without a part of the people" in card and "opening r" in card and "a mean over 4 people" in card


def test_scores_are_means_over_people():
    space = fit_space(CLIPS, 2)
    real = usual_shapes(CLIPS, space)
    assert opening_scores(CLIPS, real, space) == pytest.approx((1, 1), abs=1e-4)
    half = [found / 2 if clip.speaker == "p0" else found for clip, found in zip(CLIPS, real, strict=True)]
    assert opening_scores(CLIPS, half, space)[1] == pytest.approx(0.9, abs=1e-3)
    still = [0 * found for found in real]
    assert opening_scores(CLIPS, still, space) == (0, pytest.approx(0))


def test_a_persons_fold_does_not_depend_on_the_others():
    assert {fold_of(f"person {number}", 5) for number in range(40)} == set(range(5))
    assert fold_of("ann", 5) == fold_of("ann", 5)


def test_files_that_are_no_motion_network_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"is not a motion network: its metadata has no"):
        MotionFile(write_generator(tmp_path / "a.onnx"))
    with pytest.raises(UsageError, match=r"cannot read the network .*train --recipe motion"):
        MotionFile(tmp_path / "none.onnx")


def test_a_setting_that_makes_no_sense_is_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"network\.members must be 2 or more, not 1"):
        main(
            ["--dataset", "x", "--recipe", "motion", "--output", str(tmp_path), "--set", "network.members=1"],
            "talkshard train",
        )
