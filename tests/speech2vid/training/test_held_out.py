import pytest

from schemas.errors import UsageError
from schemas.stored.clip_index import find_clips
from speech2vid.training.held_out import held_out
from tests.speech2vid.face_datasets import face_parts, write_faces


def _dataset(folder, speakers: dict[str, list[str]]) -> str:
    """Speakers of the clips by split."""
    parts = face_parts()
    shards = {
        f"{split}-000000": {f"{split}{number}": parts for number in range(len(of))} for split, of in speakers.items()
    }
    rows = {
        f"{split}{number}": {"speaker": speaker, "source_uri": f"{split}{number}.mp4"}
        for split, of in speakers.items()
        for number, speaker in enumerate(of)
    }
    return write_faces(folder / "out", shards, rows)


def test_the_val_split_is_held_out_where_there_is_one(tmp_path):
    dataset = _dataset(tmp_path, {"train": ["ann", "bob"], "val": ["cat", "dan"]})
    parts = held_out(dataset, "speaker = 'ann'", "speaker = 'dan'")
    assert find_clips(dataset, "train", parts.train_where).speakers == ["ann"]
    assert find_clips(dataset, parts.split, parts.where).speakers == ["dan"]


def test_else_a_tenth_of_the_people_is_held_out_with_all_their_clips(tmp_path):
    people = [f"person{number}" for number in range(19)] + [""] * 2  # without a name, a source is a person
    dataset = _dataset(tmp_path, {"train": people * 2, "test": ["ann"]})
    parts = held_out(dataset, None, None)
    learnt = {*find_clips(dataset, "train", parts.train_where).speakers}
    validated = {*find_clips(dataset, parts.split, parts.where).speakers}
    assert parts.split == "train" and not learnt & validated
    assert (len(learnt), len(validated)) == (21, 2)


def test_the_condition_holds_for_both_parts(tmp_path):
    dataset = _dataset(tmp_path, {"train": ["ann", "bob", "cat", "dan"]})
    parts = held_out(dataset, "speaker <> 'ann' -- a comment", None)
    found = find_clips(dataset, "train", parts.train_where), find_clips(dataset, "train", parts.where)
    assert sorted(found[0].speakers + found[1].speakers) == ["bob", "cat", "dan"] and len(found[1]) == 1


def test_one_person_cannot_be_parted(tmp_path):
    with pytest.raises(UsageError, match="one person"):
        held_out(_dataset(tmp_path, {"train": ["ann", "ann"]}), None, None)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("speaker = 'zoe'", r"holds no clip of split train where \(speaker = 'zoe'"),
        ("speaker = '{learnt}'", "^no clip that --validate_where asks for is of the people who are held out"),
    ],
)
def test_a_condition_that_no_held_out_person_meets_gets_one_readable_line(condition, says, tmp_path):
    dataset = _dataset(tmp_path, {"train": ["ann", "bob", "cat"]})
    learnt = find_clips(dataset, "train", held_out(dataset, None, None).train_where).speakers[0]
    with pytest.raises(UsageError, match=says) as caught:
        held_out(dataset, None, condition.format(learnt=learnt))
    assert "md5" not in str(caught.value)
