"""The published SyncNet compared with a literal torch module of its layout and with the released procedure."""

import numpy as np
import pytest
import torch
from python_speech_features import mfcc as reference_mfcc

from schemas.clock import SAMPLES_PER_FRAME
from tests.speakers.made_windows import MadeNetwork, audio_of_events, made_faces, made_track, made_turn, tubes_of
from tests.speakers.published_syncnet import made_tubes, random_syncnet
from transforms.media.models import FOLDER_VARIABLE
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.score_sync import score_sync
from transforms.speakers.sync_network import load_sync_network
from transforms.speakers.sync_scores import measure, similarity, sync_curve
from transforms.speakers.syncnet import PublishedSyncNet, with_lse
from transforms.speakers.syncnet_crop import crop_squares, syncnet_crop

NUM_FACE_FRAMES = 14  # ten windows: more than one batch
SAMPLES = (
    np.random.default_rng(0).normal(0, 3000, SAMPLES_PER_FRAME * 80)
    * np.repeat(np.random.default_rng(1).uniform(0.02, 1, 80), SAMPLES_PER_FRAME)
).astype(np.int16)


@pytest.fixture(scope="module")
def literal():
    return random_syncnet()


@pytest.fixture(scope="module")
def judge(literal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("syncnet")
    torch.save(literal.state_dict(), folder / "syncnet_v2.model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder / "models"))
        yield load_sync_network(f"syncnet:{folder / 'syncnet_v2.model'}")


@pytest.fixture(scope="module")
def audio_vectors(judge):
    return judge.embed_audio(SAMPLES)


def assert_equal_embeddings(found, expected):
    """Equal to within 1e-4 of the spread of the embeddings."""
    spread = np.linalg.norm(expected - expected.mean(0), axis=1).mean()
    assert spread > 0.01 * np.linalg.norm(expected, axis=1).mean()
    assert np.linalg.norm(found - expected, axis=1).max() < 1e-4 * spread


def test_audio_embeddings_are_the_literal_networks(literal, audio_vectors):
    columns = reference_mfcc(SAMPLES, 16000).T  # (13, 4 S - 1)
    windows = [columns[:, 4 * start : 4 * start + 20] for start in range(80 - 5)]
    with torch.inference_mode():
        expected = literal.embed_audio(torch.from_numpy(np.stack(windows)[:, None]).float()).numpy()
    assert_equal_embeddings(audio_vectors[2:77], expected)


def test_face_embeddings_are_the_literal_networks(literal, judge):
    tubes = made_tubes(NUM_FACE_FRAMES)
    tube = tubes.tube("t00")
    squares = crop_squares(tube.boxes_xyxy)
    crops = np.stack([syncnet_crop(tube.crop(t), tube.crop_to_source[t], squares[t]) for t in range(NUM_FACE_FRAMES)])
    film = torch.from_numpy(crops).permute(3, 0, 1, 2)[None].float()  # (1, 3, T, 224, 224)
    with torch.inference_mode():
        expected = torch.cat([literal.embed_face(film[:, :, t : t + 5]) for t in range(NUM_FACE_FRAMES - 4)]).numpy()
    assert_equal_embeddings(judge.embed_face(tubes, "t00")[2:-2], expected)


def test_rows_without_a_complete_window_have_no_vector(judge, audio_vectors):
    face = judge.embed_face(made_tubes(6), "t00")
    assert face.shape == (6, 1024) and np.isfinite(face).all(1).tolist() == [False, False, True, True, False, False]
    assert audio_vectors.shape == (80, 1024) and audio_vectors.dtype == np.float32
    assert np.nonzero(np.isfinite(audio_vectors).all(1))[0].tolist() == list(range(2, 77))


@pytest.mark.parametrize("num_frames", [1, 4])
def test_less_than_a_window_has_no_vector_at_all(judge, num_frames):
    assert np.isnan(judge.embed_face(made_tubes(num_frames), "t00")).all()
    assert np.isnan(judge.embed_audio(SAMPLES[: 640 * num_frames])).all()


def test_similarity_is_minus_the_distance(judge):
    face, audio = np.zeros((2, 1024), np.float32), np.zeros((2, 1024), np.float32)
    audio[0, :2], audio[1] = (3, 4), np.nan
    np.testing.assert_array_equal(judge.similarity(face, audio), [-5, np.nan])


@pytest.mark.parametrize("samples", [SAMPLES[:-1], SAMPLES.astype(np.float32)])
def test_audio_of_another_length_or_type_is_refused(judge, samples):
    with pytest.raises(ValueError, match="int16"):
        judge.embed_audio(samples)


def released_offset(face, audio):
    """The released procedure: audio shifted by up to 15 frames over zeros, distances averaged over the clip."""
    padded = np.pad(audio, ((15, 15), (0, 0)))
    distances = np.stack([np.linalg.norm(one - padded[i : i + 31] + 1e-6, axis=1) for i, one in enumerate(face)])
    mean = distances.mean(0)
    return 15 - int(mean.argmin()), float(np.median(mean) - mean.min()), float(mean.min())


@pytest.mark.parametrize("lag", [-5, 0, 4])
def test_the_offset_is_minus_the_lag_of_the_released_procedure(judge, audio_vectors, lag):
    features = audio_vectors[2:77]
    face = features[10:70] + np.random.default_rng(2).normal(0, 0.2 * features.std(0), (60, 1024)).astype(np.float32)
    audio = features[10 - lag : 70 - lag]
    scores = similarity(face, audio, pair_similarity=judge.similarity)
    found = measure(sync_curve(scores))
    offset, confidence, least = released_offset(face, audio)
    assert round(found.lag_frames) == lag and offset == -lag
    # Where no zero was shifted in, the distances are the same; the means differ by the frames compared with zeros.
    padded = np.pad(audio, ((15, 15), (0, 0)))
    theirs = np.stack([np.linalg.norm(one - padded[i : i + 31], axis=1) for i, one in enumerate(face)])
    exists = np.isfinite(scores)
    np.testing.assert_allclose(-scores[exists], theirs[exists], rtol=1e-4)
    result = with_lse(judge, score_sync(scores, None))
    if lag == 0:
        assert result.lse_d == pytest.approx(least, rel=1e-3)
    assert 0 < result.lse_c < confidence  # zeros are far from everything: padding adds confidence that is not there


def test_without_padding_lse_is_the_released_number_whatever_the_length(judge, audio_vectors):
    features, numbers = audio_vectors[2:77], []
    for length in (20, 45):
        face = features[15 : 15 + length]
        scores = similarity(face, features, -15, pair_similarity=judge.similarity)
        distances = np.stack([np.linalg.norm(one - features[i : i + 31] + 1e-6, axis=1) for i, one in enumerate(face)])
        mean = distances.mean(0)
        result = with_lse(judge, score_sync(scores, None))
        assert result.lse_d == pytest.approx(mean.min(), abs=1e-3)
        assert result.lse_c == pytest.approx(np.median(mean) - mean.min(), rel=1e-3)
        numbers.append(result.lse_c)
    assert numbers[0] == pytest.approx(numbers[1], rel=0.25)


class FakeSyncNet(PublishedSyncNet):
    """Embeds events at a distance of 10 from each other, instead of the network."""

    sha256 = "4"

    def __init__(self):
        self._made = MadeNetwork()

    def embed_face(self, tubes, name):
        return 7 * self._made.embed_face(tubes, name)

    def embed_audio(self, samples):
        return 7 * self._made.embed_audio(samples)


@pytest.mark.parametrize(
    ("network", "reports"), [(FakeSyncNet(), True), (MadeNetwork(), False)], ids=["syncnet", "other"]
)
def test_lse_is_reported_with_the_published_network_only(network, reports):
    events, track = np.arange(1, 201), made_track(0, 0, 200)
    min_confidence = 3.0 if reports else 0.21
    found = find_speakers(
        made_faces(200, [track], [made_turn(0, 200)]),
        tubes_of([track], [events]),
        audio_of_events(events),
        network,
        SpeakersConfig(min_confidence=min_confidence),
        min_box_px=32.0,
        min_track_s=1.0,
        min_turn_s=1.0,
    )
    [turn], [row] = found.turns.turns, found.rows
    assert (turn.sync.lse_d, turn.sync.lse_c) == (row.lse_d, row.lse_c)
    if not reports:
        assert row.lse_d is None and row.lse_c is None and row.sync_confidence is not None
        return
    assert row.lse_d == pytest.approx(0, abs=1e-3) and row.lse_c == row.sync_confidence == pytest.approx(10, abs=1)
