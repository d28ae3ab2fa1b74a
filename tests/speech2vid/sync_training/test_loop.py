from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from speech2vid.sync_training.batches import BatchSettings
from speech2vid.sync_training.clips import no_speech_features
from speech2vid.sync_training.export import export_towers
from speech2vid.sync_training.loop import SyncTrainingSettings, embed_clips, trained
from speech2vid.sync_training.scoring import score
from speech2vid.sync_training.towers import SyncTowers
from tests.speech2vid.talking_clips import made_clip, made_people
from transforms.speakers.score_sync import Calibration
from transforms.speakers.sync_network import AUDIO_INPUT, FACE_INPUT, SPEECH_INPUT, load_sync_network

QUICK = SyncTrainingSettings(
    steps=40,
    score_every=20,
    width=16,
    embedding=16,
    learning_rate=5e-3,
    warm_up=5,
    averaging=0.8,
    batches=BatchSettings(num_clips=8, num_frames=40),
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pair() -> SyncTowers:
    torch.set_num_threads(1)
    return trained(made_people(), QUICK, seed=0)


def test_the_same_seed_gives_the_same_weights_to_the_bit(pair):
    again = trained(made_people(), QUICK, seed=0)
    weights = zip(pair.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)


def test_it_learns_to_find_the_lag_of_held_out_speakers(pair):
    held_out = [made_clip(f"new{seed}", 500 + seed) for seed in range(6)]
    untrained = SyncTowers(width=16, embedding=16, dropout=0.0).eval()
    assert score(embed_clips([pair], held_out)).lag_share == 1.0
    assert score(embed_clips([untrained], held_out)).lag_share < 1.0


def test_the_exported_file_gives_the_embeddings_of_the_towers(pair, tmp_path):
    clip = made_clip("new", 5, num_frames=37)
    export_towers([pair, pair], tmp_path / "two.onnx", "two")
    network = load_sync_network(str(tmp_path / "two.onnx"))
    expected = embed_clips([pair, pair], [clip])[0]
    np.testing.assert_allclose(network._face.run(None, {FACE_INPUT: clip.positions})[0], expected.face, atol=1e-5)
    audio = {AUDIO_INPUT: clip.columns, SPEECH_INPUT: clip.spoken[0].astype(np.float32)}
    np.testing.assert_allclose(network._audio.run(None, audio)[0], expected.audio, atol=1e-5)
    assert network.name == "two"


def test_a_network_of_log_mel_alone_learns_the_lag_and_its_file_takes_no_speech_features(tmp_path):
    people = [without_speech_features(clip) for clip in made_people()]
    pair = trained(people, replace(QUICK, log_mel_only=True), seed=0)
    held_out = [without_speech_features(made_clip(f"new{seed}", 500 + seed)) for seed in range(6)]
    embedded = embed_clips([pair], held_out)
    export_towers([pair], tmp_path / "judge.onnx", "judge")
    audio = load_sync_network(str(tmp_path / "judge.onnx")).embed_audio(held_out[0].samples)
    assert score(embedded).lag_share == 1.0
    assert audio.shape == embedded[0].audio.shape and np.isfinite(audio).all()
    inputs = onnx.load(str(tmp_path / "judge.onnx")).graph.input
    assert sorted(value.name for value in inputs) == sorted([FACE_INPUT, AUDIO_INPUT])


def without_speech_features(clip):
    return replace(clip, spoken=no_speech_features(len(clip))[None])


def test_similarities_of_joined_networks_are_the_mean_of_theirs(pair):
    other, clip = SyncTowers(width=16, embedding=16, dropout=0.0).eval(), made_clip("new", 5)
    one, two, both = (embed_clips(pairs, [clip])[0] for pairs in ([pair], [other], [pair, other]))
    expected = (one.face @ one.audio.T + two.face @ two.audio.T) / 2
    np.testing.assert_allclose(both.face @ both.audio.T, expected, atol=1e-5)


def test_the_same_weights_give_the_same_file(pair, tmp_path):
    for name in ("one.onnx", "again.onnx"):
        export_towers([pair], tmp_path / name, "x")
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "again.onnx").read_bytes()


def test_the_file_holds_no_path_of_this_machine(pair, tmp_path):
    export_towers([pair], tmp_path / "one.onnx", "x")
    assert b".py" not in (tmp_path / "one.onnx").read_bytes()
    onnx.checker.check_model(str(tmp_path / "one.onnx"))


def test_the_file_holds_its_calibration(pair, tmp_path):
    calibration = Calibration(weights=(1.5, -0.25, 0.5, -1.0, 3.0, -0.5, 0.0), offset=-2.0)
    export_towers([pair], tmp_path / "one.onnx", "x", calibration)
    assert load_sync_network(str(tmp_path / "one.onnx")).calibration == calibration
