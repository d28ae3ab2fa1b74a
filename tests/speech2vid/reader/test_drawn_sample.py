import numpy as np
import pytest

from schemas.errors import IntegrityError, UsageError
from schemas.stored.clip import open_clip
from schemas.stored.clip_index import StoredClip
from speech2vid.reader.audio_features import MFCC, ClipAudioFeatures, frames_with_window, windows_of
from speech2vid.reader.drawn_sample import (
    NUM_LIP_VALUES,
    DrawnSamples,
    SampleSettings,
    decode_sample,
    draw_frames,
    draw_stills,
    draw_targets,
    lip_shape,
    mirrored_lips,
)
from tests.speech2vid.face_datasets import IMAGE_PX, NUM_FRAMES, face_parts, npy
from transforms.media.tar import tar_members
from transforms.speakers.lip_motion import MIRRORED
from transforms.speakers.lip_motion import POINTS as LIP_MOTION_POINTS


def made_clip(num_frames=NUM_FRAMES, **changed):
    """A clip, some of whose parts may be replaced."""
    members = tar_members("aa", list((face_parts(num_frames) | changed).items()))
    return open_clip(
        StoredClip(key="aa", shard="shards/a.tar", num_frames=num_frames, image_px=IMAGE_PX, members=members)
    )


def drawn(clip, settings=None):
    """A sample of one clip."""
    settings = settings or SampleSettings()
    samples = DrawnSamples.empty(1, IMAGE_PX, settings)
    decode_sample(
        clip,
        draw_frames(clip.num_frames, settings, generator()),
        settings,
        ClipAudioFeatures(settings.features),
        samples,
        0,
    )
    return samples


def generator(seed=0):
    """Random numbers."""
    return np.random.default_rng(seed)


def grey_frames(faces):
    """Frame numbers that made faces show."""
    return [round(face.mean() / 8) for face in faces]


def test_a_sample_holds_the_faces_of_its_frames():
    sample = drawn(made_clip())
    assert sample.frame.shape == (1, 4) and grey_frames(sample.target[0]) == sample.frame[0].tolist()
    assert (
        sample.identity_frame.shape == (1, 5) and grey_frames(sample.identity[0]) == sample.identity_frame[0].tolist()
    )


@pytest.mark.parametrize("offset", [0, 16, 34])
def test_the_window_holds_the_target_at_the_column_of_the_setting(offset):
    sample = drawn(made_clip(), SampleSettings(target_column_offset=offset))
    (windows,), (frames,) = sample.audio[:, :, 0], sample.frame
    assert windows.shape == (4, 12, 35) and windows.dtype == np.float32
    assert (windows[:, 0, offset] == 1000 + 4 * frames).all()
    assert (np.diff(windows, axis=2) == 1).all() and (np.diff(windows, axis=1) == 1000).all()


@pytest.mark.parametrize(("offset", "frames"), [(0, (0, 19)), (16, (4, 23)), (34, (9, 27))])
def test_only_frames_with_a_whole_window_are_targets(offset, frames):
    fitting = frames_with_window(28, MFCC, offset)
    assert (fitting[0], fitting[-1]) == frames
    columns = windows_of(np.tile(np.arange(112.0), (12, 1)), fitting, MFCC, offset)
    assert columns.min() >= 0 and columns.max() <= 111


def test_targets_of_a_long_clip_are_distinct_and_on_a_grid():
    frames = draw_targets(60, SampleSettings(), generator())
    assert len(set(frames.tolist())) == 4 and (np.diff(np.sort(frames)) % 5 == 0).all()


def test_over_time_every_frame_with_a_window_becomes_a_target():
    targets = {frame for seed in range(80) for frame in draw_targets(NUM_FRAMES, SampleSettings(), generator(seed))}
    assert targets == set(frames_with_window(NUM_FRAMES, MFCC, 16).tolist())


def test_stills_keep_away_from_all_targets():
    targets = np.array([10, 20, 60])
    for seed in range(20):
        stills = draw_stills(80, targets, SampleSettings(), generator(seed))
        assert len(set(stills.tolist())) == 5 and np.abs(stills[:, None] - targets).min() >= 5


def test_in_a_short_clip_stills_are_the_frames_farthest_from_the_targets():
    stills = draw_stills(12, np.array([3, 4, 5]), SampleSettings(), generator())
    assert sorted(stills.tolist()) == [7, 8, 9, 10, 11] or sorted(stills.tolist())[-4:] == [8, 9, 10, 11]


def test_a_clip_shorter_than_a_window_is_refused():
    with pytest.raises(IntegrityError, match=r"clip aa .*its 8 frames are too few"):
        drawn(made_clip(8))


def test_no_frames_are_drawn_of_a_clip_shorter_than_a_window():
    assert [len(frames) for frames in draw_frames(8, SampleSettings(), generator())] == [0, 0]


def test_the_shortest_clip_gives_its_one_frame_to_all_targets():
    assert drawn(made_clip(9)).frame.tolist() == [[4] * 4]


def test_mfcc_that_are_not_finite_are_refused():
    with pytest.raises(IntegrityError, match=r"clip aa .*mfcc features hold values that are not finite"):
        drawn(made_clip(**{"mfcc.npy": npy(np.full((13, 112), -np.inf, np.float32))}))


def test_the_lip_shape_follows_the_mouth_and_not_the_head():
    random = generator()
    mesh = random.normal(0, 2000, (1, 468, 3))
    moved = 0.8 * mesh @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]) + [900, 50, 0]
    opened = mesh.copy()
    opened[:, 14, 1] += 3000
    same, other = lip_shape(np.concatenate([mesh, moved])), lip_shape(opened)
    assert same.shape == (2, NUM_LIP_VALUES) == (2, 121)
    np.testing.assert_allclose(same[0], same[1], atol=1e-4)
    assert (np.abs(other[0] - same[0]) > 1e-3).sum() in (2, 3, 4)  # the opening, and one point of forty


@pytest.mark.parametrize("wrong", [{"num_identity": 0}, {"targets_per_clip": 0}, {"target_column_offset": 35}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SampleSettings(**wrong)


def test_all_stills_are_one_frame_as_often_as_is_asked():
    settings = SampleSettings(one_still_share=0.5)
    stills = [draw_stills(100, np.array([50]), settings, generator(seed)) for seed in range(200)]
    assert {len(drawn) for drawn in stills} == {5}
    assert {len({*drawn.tolist()}) for drawn in stills} == {1, 5}
    assert 70 < sum(len({*drawn.tolist()}) == 1 for drawn in stills) < 130
    assert len({*np.concatenate(stills).tolist()}) > 80


def test_a_mirrored_lip_shape_is_that_of_the_mirrored_mesh():
    """The points of a mirrored face are numbered as those of any face: right and left are exchanged."""
    right, left = LIP_MOTION_POINTS, LIP_MOTION_POINTS[MIRRORED]
    random = generator()
    mesh = random.normal(0, 2000, (3, 468, 3))
    mirrored = mesh.copy()
    for one, other in [
        *zip(right, left, strict=True),
        (33, 263),
        (133, 362),
        (98, 327),
        (263, 33),
        (362, 133),
        (327, 98),
    ]:
        mirrored[:, one] = mesh[:, other]
    mirrored[..., 0] *= -1
    np.testing.assert_allclose(mirrored_lips(lip_shape(mesh)), lip_shape(mirrored), rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("wrong", [{"balance": 1.5}, {"one_still_share": -0.1}])
def test_shares_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=r"must be in 0\.\.1"):
        SampleSettings(**wrong)
