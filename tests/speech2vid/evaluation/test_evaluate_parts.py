"""The parts of an evaluation, on inputs whose result is known."""

import numpy as np
import pytest

from schemas.errors import UsageError
from speech2vid.evaluation.identity import ReferenceFaces, calibrate, equal_error, faces_to_embed, nearest_other
from speech2vid.evaluation.intervals import mean_with_interval
from speech2vid.evaluation.judges import SECOND_JUDGE_PATH, load_second_judge
from speech2vid.evaluation.lips import read_meshes, score_lips
from speech2vid.evaluation.pixels import score_pixels
from speech2vid.evaluation.retrieval import AudioEmbedding, RetrievalScores, candidate_groups, rank_audio
from tests.schemas.made_stored import ColourNetwork, LoudLips, PaintedMesh, mesh_of, painted
from tests.shared_data import needs_shared, shared
from tests.speech2vid.made_generator import write_generator
from transforms.media.canonical import mouth_opening
from transforms.people.face_networks import ArcFaceNetwork, load_face_network
from transforms.speakers.sync_network import AUDIO_INPUT, FACE_INPUT

RANDOM = np.random.default_rng(0)


def unit_vectors(num_frames, seed):
    values = np.random.default_rng(seed).normal(0, 1, (num_frames, 4)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def embedded_audio(key, num_frames=90):
    return AudioEmbedding(key=key, vectors=unit_vectors(num_frames, int(key)), segment_start=20)


def test_equal_pixels_have_no_error():
    faces = RANDOM.integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    scores = score_pixels(faces, faces)
    assert (scores.mse, scores.mouth_mse, scores.psnr_db) == (0, 0, None) and scores.ssim == pytest.approx(1)


def test_pixel_errors_are_in_grey_levels_squared():
    true = np.full((2, 109, 109, 3), 100, np.uint8)
    scores = score_pixels(true + 10, true)
    assert scores.mse == 100 and scores.mouth_mse == 100
    assert scores.psnr_db == pytest.approx(10 * np.log10(65025 / 100))


def test_mouth_mse_counts_the_mouth_only():
    true = np.full((1, 112, 112, 3), 100, np.uint8)
    wrong_mouth, wrong_forehead = true.copy(), true.copy()
    wrong_mouth[:, 60:100, 40:76], wrong_forehead[:, :40] = 200, 200
    assert score_pixels(wrong_mouth, true).mouth_mse > 5000
    assert score_pixels(wrong_forehead, true).mouth_mse == 0


def test_lips_that_open_half_as_far_correlate_with_half_the_deviation():
    opening = 5 + 3 * np.sin(np.arange(60) / 3)
    scores = score_lips(mesh_of(opening / 2 + 1), mesh_of(opening))
    assert scores.opening_correlation == pytest.approx(1, abs=1e-3)
    assert scores.opening_deviation_ratio == pytest.approx(0.5, abs=1e-3)


def test_lips_that_do_not_move_have_no_correlation():
    scores = score_lips(mesh_of(np.full(60, 4.0)), mesh_of(5 + np.sin(np.arange(60.0))))
    assert (scores.opening_correlation, scores.opening_deviation_ratio) == (0.0, pytest.approx(0, abs=1e-5))


def test_meshes_of_faces_of_another_size_are_in_stored_pixels():
    import cv2

    faces = np.stack([cv2.resize(painted((200, 150, 120), height), (224, 224)) for height in (4, 10)])
    found = read_meshes(PaintedMesh(), faces, mesh_of(np.array([5.0]))[0], 112)
    np.testing.assert_allclose(found[:, 33, :2], mesh_of(np.zeros(2))[:, 33, :2], atol=0.01)
    assert mouth_opening(found)[1] > 2 * mouth_opening(found)[0]


def test_the_right_audio_is_found_among_the_candidates():
    group = [embedded_audio(str(number)) for number in range(10)]
    face = group[3].vectors[5:85]
    found = rank_audio(LoudLips(), face, 5, group[3], group)
    assert (found.audio_rank, found.num_candidates) == (1, 10) and abs(found.sync_lag_frames) < 0.5


def test_audio_that_is_not_in_sync_has_a_lag_and_is_not_found():
    group = [embedded_audio(str(number)) for number in range(10)]
    face = group[3].vectors[0:80]  # the face at frame 5 matches the audio at frame 0: the audio is early
    found = rank_audio(LoudLips(), face, 5, group[3], group)
    assert found.sync_lag_frames == pytest.approx(-5, abs=0.5) and found.audio_rank > 1


def test_the_bundled_second_judge_takes_no_speech_features_and_is_small():
    import onnx

    judge = load_second_judge("default")
    assert (judge.name, judge.embed_audio(np.ones(6400, np.int16)).shape[0]) == ("log_mel_judge", 10)
    inputs = {value.name for value in onnx.load(str(SECOND_JUDGE_PATH)).graph.input}
    assert inputs == {FACE_INPUT, AUDIO_INPUT} and SECOND_JUDGE_PATH.stat().st_size < 1_000_000
    assert load_second_judge("none") is None
    assert SECOND_JUDGE_PATH.with_suffix(".md").read_text().count(judge.sha256) == 1  # its card is of this file


def test_a_face_that_is_equally_similar_to_all_audio_finds_none():
    group = [embedded_audio(str(number)) for number in range(10)]
    found = rank_audio(LoudLips(), np.zeros((80, 4), np.float32), 5, group[3], group)
    assert found.audio_rank == 10


def test_a_clip_shorter_than_the_segment_has_no_rank():
    clip = embedded_audio("1")
    assert rank_audio(LoudLips(), clip.vectors[20:60], 20, clip, [clip]) == RetrievalScores()


def test_candidate_groups_are_of_nearly_equal_size():
    groups = candidate_groups([embedded_audio(str(number)) for number in range(13)], 5)
    assert sorted(len(group) for group in {id(group): group for group in groups.values()}.values()) == [4, 4, 5]
    assert all(key in [clip.key for clip in group] for key, group in groups.items())


def test_the_threshold_lies_between_same_and_different_people():
    threshold, error_share = equal_error(np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8, 0.9]))
    assert 0.3 < threshold <= 0.7 and error_share == 0


def test_the_equal_error_rate_is_one_half_where_people_cannot_be_told_apart():
    values = RANDOM.uniform(0, 1, 400)
    assert equal_error(values[:200], values[200:])[1] == pytest.approx(0.5, abs=0.06)


def reference(key, speaker, place):
    return ReferenceFaces(key=key, speaker=speaker, vectors=place + RANDOM.normal(0, 0.02, (3, 3)).astype(np.float32))


def test_distances_are_calibrated_on_real_faces():
    faces = [reference("a", "ann", 0), reference("b", "ann", 0), reference("c", "ben", 1), reference("d", "cat", 2)]
    calibration = calibrate(ColourNetwork(), faces)
    assert calibration.same_distance < 0.15 and calibration.different_distance > 1.5
    assert (calibration.num_same, calibration.num_different, calibration.error_share) == (5, 5, 0)
    assert calibrate(ColourNetwork(), faces[:2]) is None


def test_the_nearest_other_person_is_another_person():
    faces = [reference("a", "ann", 0), reference("c", "ben", 1), reference("d", "cat", 2)]
    vectors = np.full((2, 3), 0.1, np.float32)
    assert nearest_other(ColourNetwork(), vectors, "ann", faces) == pytest.approx(0.9 * 3**0.5, abs=0.05)
    assert nearest_other(ColourNetwork(), vectors, "ann", faces[:1]) is None


def test_frames_given_as_stills_are_not_embedded_for_identity():
    is_still = np.zeros(30, bool)
    is_still[[5, 15, 25]] = True
    assert not is_still[faces_to_embed(30, is_still)].any()


def test_intervals_are_wide_where_speakers_differ_and_there_are_none_for_one_speaker():
    speakers = np.repeat(["a", "b", "c", "d"], 25)
    by_speaker = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    by_clip = np.tile([0.0, 1.0], 50)
    equal = np.ones(100)
    wide, narrow = (mean_with_interval(values, equal, speakers, 0) for values in (by_speaker, by_clip))
    assert wide[0] == narrow[0] == 0.5
    assert wide[2] - wide[1] > 0.7 and narrow[2] - narrow[1] < 0.1
    assert mean_with_interval(by_clip, equal, np.full(100, "a"), 0) == (0.5, None, None)


def test_a_mean_counts_a_clip_by_its_weight():
    values, weights = np.array([1.0, 0.0, 0.0]), np.array([3.0, 1.0, 1.0])
    mean, low, high = mean_with_interval(values, weights, np.array(["a", "b", "b"]), 0)
    assert mean == pytest.approx(0.6) and (low, high) == (0, 1)


def test_a_network_that_is_not_for_face_recognition_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a face recognition network"):
        ArcFaceNetwork(write_generator(tmp_path / "made.onnx"))
    with pytest.raises(UsageError, match="has no face recognition network"):
        load_face_network(str(tmp_path))
    with pytest.raises(UsageError, match="cannot read the network"):
        load_face_network(str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("weights")
    with pytest.raises(UsageError, match="is not an ONNX file; --face_network takes"):
        load_face_network(str(tmp_path / "text.onnx"))
    assert load_face_network("none") is None


@needs_shared
def test_a_recognition_file_knows_a_face_turned_and_shrunk():
    import cv2
    from skimage import data

    network = ArcFaceNetwork(shared("models/mobilefacenet.onnx"))
    face = np.ascontiguousarray(data.astronaut()[40:200, 140:300])
    mesh = mesh_of(np.array([5.0]))[0] * 0.8 + [35, 25, 0]
    small = cv2.resize(face, (80, 80), interpolation=cv2.INTER_AREA)
    vectors = [
        network.embed(face, mesh),
        network.embed(small, (mesh + 0.5) / 2 - 0.5),
        network.embed(255 - face[::-1], mesh),
    ]
    assert network.distance(vectors[0], vectors[1]) < 0.2 < network.distance(vectors[0], vectors[2])
