import numpy as np
import pytest

from speech2vid.sync_training.batches import BatchMaker, BatchSettings, at_times, augment_audio, augment_face
from speech2vid.sync_training.clips import TalkingClip
from tests.speech2vid.talking_clips import made_clip, made_people

SMALL = BatchSettings(num_clips=8, num_frames=40)


def test_the_same_seed_draws_the_same_batches():
    one, other = (BatchMaker(made_people(), SMALL, seed=3) for _ in range(2))
    for _ in range(3):
        first, second = one.draw(), other.draw()
        np.testing.assert_array_equal(first.positions, second.positions)
        np.testing.assert_array_equal(first.columns, second.columns)


def test_a_batch_has_four_columns_a_frame():
    batch = BatchMaker(made_people(), SMALL, seed=0).draw()
    assert (batch.positions.shape, batch.columns.shape) == ((8, 40, 192), (8, 160, 40))
    assert (batch.spoken.shape, batch.speech.shape) == ((8, 80, 288), (8, 40))
    assert batch.positions.dtype == batch.columns.dtype == batch.speech.dtype == np.float32


def test_slowed_and_sped_up_segments_stay_in_sync(monkeypatch):
    """Frame t of the clip has position t, column c value c: in any segment column 4 t + 1.5 belongs to frame t."""
    count = np.arange(800, dtype=np.float32)[:, None]
    clips = [
        TalkingClip(
            name=name,
            speaker=name,
            positions=np.repeat(count[:200], 192, 1),
            columns=np.repeat(count, 40, 1),
            spoken=np.repeat(count[:400], 288, 1)[None],
            samples=np.zeros(640 * 200, np.int16),
        )
        for name in "ab"
    ]
    monkeypatch.setattr("speech2vid.sync_training.batches.augment_face", lambda positions, random: positions)
    monkeypatch.setattr("speech2vid.sync_training.batches.augment_audio", lambda columns, random: columns)
    monkeypatch.setattr(BatchMaker, "_with_background_voices", lambda self, columns: list(columns))
    batch = BatchMaker(clips, SMALL, seed=0).draw()
    middles = batch.columns.reshape(8, 40, 4, 40).mean(2)[..., 0]
    np.testing.assert_allclose(middles[:, 1:-1], 4 * batch.positions[:, 1:-1, 0] + 1.5, atol=0.01)
    spoken = batch.spoken.reshape(8, 40, 2, 288).mean(2)[..., 0]
    np.testing.assert_allclose(spoken[:, 1:-1], 2 * batch.positions[:, 1:-1, 0] + 0.5, atol=0.01)
    speeds = np.diff(batch.positions[:, :, 0], axis=1).mean(1)
    assert speeds.min() >= 0.85 and speeds.max() <= 1.18 and np.ptp(speeds) > 0.05


def test_speakers_with_many_clips_do_not_outweigh_the_others():
    clips = [*made_people(num_people=1, clips_each=30), made_clip("p1", seed=1)]
    maker = BatchMaker(clips, SMALL, seed=0)
    assert maker._share.min() > 0.15  # of frames p1 has 0.03


@pytest.mark.parametrize("clips", [[], made_people(num_people=1)])
def test_one_speaker_is_not_enough(clips):
    with pytest.raises(ValueError, match="two people"):
        BatchMaker(clips, SMALL, seed=0)


def test_an_augmented_face_moves_when_the_face_moves_and_only_then():
    random = np.random.default_rng(0)
    positions = np.repeat(random.normal(0, 0.5, (1, 192)), 60, axis=0)
    positions[30] += 0.3
    for _ in range(10):
        speed = np.abs(np.diff(augment_face(positions, random), axis=0)).mean(1)
        assert set(np.argsort(speed)[-2:]) == {29, 30}


def test_augmented_audio_is_loud_when_the_audio_is_loud():
    random = np.random.default_rng(0)
    columns = np.full((240, 40), 5.0, np.float32)
    columns[100:140] = 11.0
    for _ in range(10):
        changed = augment_audio(columns, random)
        assert changed.min() >= 0 and changed[100:140].mean() > changed[:100].mean() + 1


def test_values_between_positions_are_interpolated():
    values = at_times(np.array([[0.0], [2.0], [6.0]]), np.array([-1, 0.5, 1.25, 9]))
    np.testing.assert_allclose(values[:, 0], [0, 1, 3, 6])
