"""The same person twice in the image: lips that move alike are one voice."""

import numpy as np
import pytest

from tests.speakers.made_windows import MadeNetwork, audio_of_events, made_faces, made_track, made_turn, tube_of_events
from transforms.media.tubes import TubeFile, write_tubes
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.lip_motion import POINTS
from transforms.speakers.same_face import lip_correlation, lip_series

NUM_FRAMES = 200
SPOKEN = np.arange(1, NUM_FRAMES + 1)
LIMITS = {"min_box_px": 32.0, "min_track_s": 1.0, "min_turn_s": 1.0}
SWAP = np.arange(468)
for _one, _other in [*zip(POINTS[:27], POINTS[27:54], strict=True), (33, 263), (133, 362), (98, 327)]:
    SWAP[_one], SWAP[_other] = _other, _one


def talking(seed, noise=0.0):
    """Mesh (200, 468, 3) of a head of its own shape whose lips move in a way of their own."""
    random = np.random.default_rng(seed)
    mesh = np.repeat(random.normal(0, 3000, (1, 468, 3)), NUM_FRAMES, axis=0)
    steps = np.cumsum(random.normal(0, 200, (NUM_FRAMES, len(POINTS), 3)), axis=0)
    mesh[:, POINTS] += steps + random.normal(0, noise, steps.shape) if noise else steps
    return mesh


def mirrored(mesh):
    return mesh[:, SWAP] * [-1, 1, 1]


def late(mesh, num_frames):
    return np.concatenate([mesh[:1].repeat(num_frames, axis=0), mesh[:-num_frames]])


MESH = talking(0)


@pytest.mark.parametrize("other", [MESH, mirrored(MESH), late(MESH, 4), mirrored(late(MESH, 3)), MESH * 0.3])
def test_the_lips_of_one_person_seen_twice_move_alike(other):
    assert lip_correlation(lip_series(MESH), lip_series(other)) > 0.95


@pytest.mark.parametrize("other", [talking(1), MESH[:1].repeat(NUM_FRAMES, axis=0), late(MESH, 40)])
def test_other_lips_still_ones_and_the_same_much_later_do_not(other):
    assert lip_correlation(lip_series(MESH), lip_series(other)) < 0.5


def judged(meshes, tracks, network=None, **config):
    """A window of tracks with these meshes, in which point 0 carries the events that MadeNetwork reads."""
    tubes = {}
    for track, mesh in zip(tracks, meshes, strict=True):
        whole = np.round(mesh[track.start_frame : track.end_frame]).astype(np.int16)
        whole[:, 0, 0] = SPOKEN[track.start_frame : track.end_frame]
        tube = tube_of_events(np.zeros(len(whole)))
        tubes[track.name] = type(tube)(**{name: getattr(tube, name) for name in tube.__slots__} | {"mesh": whole})
    faces = made_faces(NUM_FRAMES, tracks, [made_turn(0, NUM_FRAMES)])
    file, audio = TubeFile(write_tubes(tubes)), audio_of_events(SPOKEN)
    return find_speakers(faces, file, audio, network, SpeakersConfig(**config), **LIMITS)


def spans(judgement):
    return [(turn.track.name, turn.start_frame, turn.end_frame) for turn in judgement.turns.turns]


def drops(judgement):
    return [(row.subject_id[-3:], row.rule) for row in judgement.decisions if not row.kept]


def pair(first_px, second_px, sharpness=(100.0, 100.0), second=(0, NUM_FRAMES)):
    return [
        made_track(0, 0, NUM_FRAMES, face_source_px=first_px, sharpness=sharpness[0]),
        made_track(1, *second, face_source_px=second_px, sharpness=sharpness[1]),
    ]


@pytest.mark.parametrize("network", [None, MadeNetwork()])
@pytest.mark.parametrize(
    ("tracks", "kept"),
    [
        (pair(240.0, 60.0), 0),
        (pair(60.0, 240.0), 1),
        (pair(100.0, 100.0, (50.0, 200.0)), 1),
        (pair(100.0, 100.0), 0),
        (pair(240.0, 60.0, second=(100, 200)), 0),
    ],
)
def test_of_one_person_seen_twice_the_larger_or_sharper_face_is_kept(network, tracks, kept):
    found = judged([MESH, mirrored(MESH)], tracks, network)
    assert spans(found) == [(f"t0{kept}", 0, NUM_FRAMES)]
    assert drops(found) == [(f"t0{1 - kept}", "max_lip_correlation")]
    [row] = [row for row in found.decisions if row.rule == "max_lip_correlation"]
    assert row.value > 0.95 and row.threshold == 0.75


def test_two_people_who_speak_at_once_stay_an_overlap():
    found = judged([MESH, talking(1)], pair(240.0, 60.0), MadeNetwork())
    assert spans(found) == [] and {rule for _, rule in drops(found)} == {"overlap"}
    [row] = [row for row in found.decisions if row.rule == "max_lip_correlation"]
    assert row.kept and row.value < 0.5


def test_how_alike_lips_of_one_person_are_is_a_setting():
    found = judged([MESH, talking(0, noise=600.0)], pair(240.0, 60.0), MadeNetwork(), max_lip_correlation=1.0)
    assert {rule for _, rule in drops(found)} == {"overlap"}


def test_faces_that_share_less_than_two_seconds_are_not_compared():
    found = judged([MESH, MESH], pair(240.0, 60.0, second=(152, 200)), MadeNetwork())
    assert "max_lip_correlation" not in {row.rule for row in found.decisions}
