import pytest

from benchmarks.active_speaker.clip_table import read_clip_table
from schemas.errors import UsageError


def table(folder, text):
    for name in ("a.mkv", "sub/b.mkv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "clips.csv").write_text(text)
    return folder / "clips.csv"


def test_paths_are_relative_to_the_table_and_blanks_have_their_meaning(tmp_path):
    first, second = read_clip_table(
        table(tmp_path, "path,speaker,lag_frames,kind,answer\na.mkv,ann,,,\nsub/b.mkv,bob,-2,known_offset,\n")
    )
    assert (first.path, first.name, first.kind, first.lag_frames) == (tmp_path / "a.mkv", "a.mkv", "in_sync", None)
    assert (second.name, second.lag_frames) == ("sub/b.mkv", -2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,speaker\na.mkv,x\n", "must have the columns path,speaker"),
        ("path,speaker\n", "lists no clip"),
        ("path,speaker\nnone.mkv,x\n", "line 2: there is no file"),
        ("path,speaker\na.mkv,\n", "no speaker is named"),
        ("path,speaker,kind\na.mkv,x,soft\n", "kind must be one of"),
        ("path,speaker,kind\na.mkv,x,hard\n", "has an answer"),
        ("path,speaker,answer\na.mkv,x,left\n", "has an answer"),
        ("path,speaker,kind\na.mkv,x,known_offset\n", "needs its lag_frames"),
        ("path,speaker,lag_frames\na.mkv,x,two\n", "must be a number of frames"),
    ],
)
def test_a_fault_in_the_table_is_named_in_one_line(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as error:
        read_clip_table(table(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_table_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read the table"):
        read_clip_table(tmp_path / "no.csv")
