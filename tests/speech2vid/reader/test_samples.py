import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from schemas.errors import IntegrityError, StorageError, UsageError
from schemas.stored.clip import read_clips
from speech2vid.reader.samples import SampleLoader, SampleSettings, SampleStream
from tests.speech2vid.face_datasets import damage, face_parts, write_faces, write_uneven
from transforms.speakers.speech_encoder import SpeechEncoder

KEYS = [f"clip{number:02d}" for number in range(23)]
ONE = SampleSettings(targets_per_clip=1, num_identity=1)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Shards of 7, 1, 12 and 3 clips."""
    return write_uneven(tmp_path_factory.mktemp("uneven") / "out")


def same(one, other):
    """Whether two batches are equal to the bit."""
    return one.keys() == other.keys() and all(
        torch.equal(one[name], other[name]) if isinstance(one[name], torch.Tensor) else one[name] == other[name]
        for name in one
    )


def all_same(some, others):
    """Whether two rows of batches are."""
    return len(some) == len(others) > 0 and all(map(same, some, others))


@pytest.mark.parametrize("num_workers", [0, 1, 2])
@pytest.mark.parametrize("world_size", [2, 3])
def test_uneven_shards_give_every_rank_as_many_batches_and_every_clip_once(uneven, world_size, num_workers):
    keys, counts = [], set()
    for rank in range(world_size):
        stream = SampleStream(uneven, "train", ONE, 3, seed=1, rank=rank, world_size=world_size)
        batches = list(SampleLoader(stream, num_workers))
        counts.add((len(batches), stream.num_batches))
        keys += [key for batch in batches for key in batch["key"]]
    assert counts == {({2: 4, 3: 3}[world_size],) * 2}
    assert sorted(keys) == KEYS


@pytest.mark.parametrize("num_workers", [1, 2])
def test_workers_change_nothing(uneven, num_workers):
    alone = list(SampleStream(uneven, "train", ONE, 4, seed=2))
    assert all_same(list(SampleLoader(SampleStream(uneven, "train", ONE, 4, seed=2), num_workers)), alone)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("given", [2, 6, 8])
def test_a_stream_resumes_exactly_where_its_state_was_saved(uneven, num_workers, given):
    def loader():
        return SampleLoader(SampleStream(uneven, "train", SampleSettings(), 4, seed=3, endless=True), num_workers)

    undisturbed = [batch for _, batch in zip(range(14), loader(), strict=False)]
    first, second = loader(), loader()
    for _, _batch in zip(range(given), first, strict=False):
        pass
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    rest = [batch for _, batch in zip(range(14 - given), second, strict=False)]
    assert all_same(rest, undisturbed[given:])


def test_a_plain_data_loader_gives_the_same_batches(uneven):
    alone = list(SampleStream(uneven, "train", ONE, 4))
    stream = SampleStream(uneven, "train", ONE, 4)
    batches = list(DataLoader(stream, batch_size=None, num_workers=2))
    assert all_same(batches, alone)
    stream.note_given(batches[2])
    assert all_same(list(stream), alone[3:])


def test_a_state_says_epoch_and_batches(uneven):
    stream = SampleStream(uneven, "train", ONE, 4)
    next(iter(stream))
    assert (stream.state_dict()["epoch"], stream.state_dict()["batches"]) == (0, 1)
    assert len(list(stream)) == stream.num_batches - 1 == 5
    assert (stream.state_dict()["epoch"], stream.state_dict()["batches"]) == (1, 0)


def test_resuming_reads_no_clip_of_earlier_batches(uneven, tmp_path):
    stream = SampleStream(uneven, "train", ONE, 4)
    last = [key for batch in list(stream)[-1:] for key in batch["key"]]
    copy = write_uneven(tmp_path / "out")
    for key in set(KEYS) - set(last):
        damage(copy, key, "faces.mjpg")
    resumed = SampleStream(copy, "train", ONE, 4)
    resumed.load_state_dict(stream.state_dict() | {"epoch": 0, "batches": 5})
    assert [key for batch in resumed for key in batch["key"]] == last and not resumed.skipped


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 9}, "seed"),
        ({"batch_size": 5}, "batch_size"),
        ({"world_size": 2}, "world_size"),
        ({"settings": SampleSettings(num_identity=2)}, "num_identity"),
        ({"where": "key <> 'clip03'"}, "clips_sha256"),
    ],
)
def test_a_state_of_another_stream_is_refused(uneven, other, named):
    state = SampleStream(uneven).state_dict()
    with pytest.raises(UsageError, match=f"the saved position has {named}"):
        SampleStream(uneven, **other).load_state_dict(state)


def test_epochs_differ_in_order_and_frames(uneven):
    stream = SampleStream(uneven, "train", ONE, 23)
    (first,), (second,) = list(stream), list(stream)
    assert first["key"] != second["key"] and sorted(first["key"]) == sorted(second["key"])
    frames = [dict(zip(epoch["key"], epoch["frame"][:, 0].tolist(), strict=True)) for epoch in (first, second)]
    assert frames[0] != frames[1]


def test_the_samples_of_an_epoch_are_the_same_on_any_number_of_ranks(uneven):
    def drawn(world_size):
        batches = [
            batch
            for rank in range(world_size)
            for batch in SampleStream(uneven, "train", ONE, 4, rank=rank, world_size=world_size)
        ]
        return {(key, int(frame)) for batch in batches for key, frame in zip(batch["key"], batch["frame"], strict=True)}

    assert drawn(1) == drawn(3)


def test_a_batch_has_the_shapes_that_the_trainer_expects(uneven):
    batch = next(iter(SampleStream(uneven, "train", SampleSettings(), 4)))
    assert {
        name: (tuple(value.shape), value.dtype) for name, value in batch.items() if isinstance(value, torch.Tensor)
    } == {
        "audio": ((4, 4, 1, 12, 35), torch.float32),
        "target": ((4, 4, 16, 16, 3), torch.uint8),
        "identity": ((4, 5, 16, 16, 3), torch.uint8),
        "target_mesh": ((4, 4, 121), torch.float32),
        "frame": ((4, 4), torch.int64),
        "identity_frame": ((4, 5), torch.int64),
    }


def test_speech_features_are_those_of_the_whole_clip(uneven):
    batch = next(iter(SampleStream(uneven, "train", SampleSettings(audio_features="speech"), 4)))
    clips = {clip.key: clip for clip in read_clips(uneven)}
    for key, frames, windows in zip(batch["key"], batch["frame"].tolist(), batch["audio"], strict=True):
        whole = SpeechEncoder().encode(clips[key].samples).T
        wanted = np.stack([whole[:, 2 * frame - 10 : 2 * frame + 12] for frame in frames])[:, None]
        np.testing.assert_allclose(windows, wanted, atol=2e-3, rtol=1e-3)  # kept as float16


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_bad_sample_is_replaced_counted_and_named(tmp_path, num_workers):
    dataset = write_uneven(tmp_path / "out")
    damage(dataset, "clip05", "faces_index.npy")
    damage(dataset, "clip11", "json")  # nothing needs it
    loader = SampleLoader(SampleStream(dataset, "train", ONE, 4), num_workers)
    for _ in range(2):
        batches = list(loader)
        assert [len(batch["key"]) for batch in batches] == [4, 4, 4, 4, 4, 3]
        assert {key for batch in batches for key in batch["key"]} == set(KEYS) - {"clip05"}
    ((name, count),) = loader.stream.skipped.items()
    assert "clip clip05 in shards/train-000000.tar: faces_index.npy is damaged" in name and count == 2


def test_a_bad_sample_leaves_the_others_of_its_batch_as_they_were(uneven, tmp_path):
    dataset = write_uneven(tmp_path / "out")
    damage(dataset, "clip05", "faces_index.npy")
    whole, spoilt = (
        {
            key: (frame.tolist(), face)
            for batch in SampleStream(folder, "train", SampleSettings(), 4)
            for key, frame, face in zip(batch["key"], batch["frame"], batch["target"], strict=True)
        }
        for folder in (uneven, dataset)
    )
    wrong = {key for key in spoilt if spoilt[key][0] != whole[key][0] or not torch.equal(spoilt[key][1], whole[key][1])}
    assert len(spoilt) == len(KEYS) - 1 and len(wrong) <= 1  # the one that was drawn a second time


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_dataset_of_bad_samples_ends_with_one_line(tmp_path, num_workers):
    parts = face_parts()
    del parts["mfcc.npy"]
    dataset = write_faces(tmp_path / "out", {"train-000000": {key: parts for key in KEYS}})
    with pytest.raises(IntegrityError, match=r"^16 clips in a row cannot be read; the last: clip .*mfcc") as caught:
        list(SampleLoader(SampleStream(dataset), num_workers))
    assert "\n" not in str(caught.value)


def test_a_missing_shard_ends_with_one_line(tmp_path):
    dataset = write_uneven(tmp_path / "out")
    loader = SampleLoader(SampleStream(dataset), 1)
    Path(dataset, "shards/train-000002.tar").unlink()
    with pytest.raises(StorageError, match=r"^shards/train-000002\.tar of .* cannot be read") as caught:
        list(loader)
    assert "\n" not in str(caught.value)


def test_where_leaves_the_other_clips_out(uneven):
    batches = list(SampleStream(uneven, "train", ONE, 4, where="key < 'clip06'"))
    assert sorted(key for batch in batches for key in batch["key"]) == KEYS[:6]


def test_more_ranks_than_clips_do_not_hang(uneven):
    batches = [
        list(SampleStream(uneven, "train", ONE, 2, rank=rank, world_size=3, where="key < 'clip02'"))
        for rank in range(3)
    ]
    assert [len(batch) for batch in batches] == [1, 1, 1]


def test_faces_of_two_sizes_get_one_line(tmp_path):
    parts = face_parts()
    dataset = write_faces(tmp_path / "out", {"train-000000": {"aa": parts, "bb": parts}}, {"bb": {"image_px": 96}})
    with pytest.raises(UsageError, match="holds faces of 16 and 96 px: choose one size by where"):
        SampleStream(dataset)


def test_a_rank_that_does_not_exist_gets_one_line(uneven):
    with pytest.raises(UsageError, match="rank 2 of 2"):
        SampleStream(uneven, rank=2, world_size=2)


@pytest.mark.parametrize("audio_features", ["mfcc", "speech"])
def test_a_stream_that_was_sent_to_another_process_gives_the_same_samples(uneven, audio_features):
    stream = SampleStream(uneven, "train", SampleSettings(audio_features=audio_features), 4)
    sent = pickle.loads(pickle.dumps(stream))
    assert torch.equal(stream.batch(0, 0)["audio"], sent.batch(0, 0)["audio"])
