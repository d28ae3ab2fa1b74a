"""A clip is shown as an image or a video, wherever its dataset lies, with where it came from as text."""

import json
from dataclasses import replace

import av
import cv2
import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest

import talkshard
from audit.shown_clip import provenance, shown_clip
from schemas.arrow_tables import arrow_table
from schemas.shown_text import shown_text
from schemas.stored.clip import read_clips
from tests.manifests import made_rows
from tests.schemas.made_stored import stored_clip, write_stored_dataset

KEY = f"{1:016x}-w00000-t000-0000000"
LAG = 4.0
MARK_RGB = (200, 60, 40)


@pytest.fixture
def dataset(tmp_path):
    """Two clips of painted faces, with hostile text; the track of the first was judged."""
    (row, members), other = stored_clip(1, "ann", (200, 160, 140)), stored_clip(2, "bob", (120, 90, 80))
    row = replace(row, track_id="t1", audio_lag_frames=LAG, audio_lag_se_frames=0.1, sync_confidence=0.5)
    row = replace(row, licence="</td><script>\x1b[31m\n# free\u202e", sync_probability=0.9)
    folder = write_stored_dataset(tmp_path / "dataset", [(row, members), (replace(other[0], track_id="t2"), other[1])])
    curve = tuple(float(value) for value in np.exp(-((np.arange(-15, 16) - LAG) ** 2) / 8))
    tracks = [replace(made_rows.track("t1", row.source_id), sync_curve=curve)]
    (folder / "manifests/tracks").mkdir()
    pq.write_table(arrow_table("tracks", tracks), folder / "manifests/tracks/part-00000.parquet")
    record = json.loads((folder / "dataset.json").read_text())
    record["manifests"].append({"path": "manifests/tracks/part-00000.parquet", "table": "tracks"})
    (folder / "dataset.json").write_text(json.dumps(record))
    return folder


def show(dataset, key, output):
    """Exit code of the command."""
    return talkshard.main(["show", str(dataset), key, "--output", str(output)])


def image_of(path):
    """RGB of a PNG."""
    return cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)


def marked_columns(sheet):
    """Columns of the image in which the measured lag is marked from top to bottom of the curve."""
    return np.flatnonzero((sheet[-100:] == MARK_RGB).all(2).all(0))


def test_the_image_has_a_strip_of_faces_from_along_the_clip(dataset, tmp_path):
    assert show(dataset, KEY, tmp_path / "clip.png") == 0
    sheet = image_of(tmp_path / "clip.png")
    clip = next(iter(read_clips(str(dataset), where=f"key = '{KEY}'")))
    for place in (0, 6, 9):
        face = cv2.resize(clip.face(9 * place + 4), (128, 128), interpolation=cv2.INTER_AREA)
        found = cv2.matchTemplate(sheet[:, 128 * place : 128 * (place + 1)], face, cv2.TM_SQDIFF)
        assert found.min() < 1e-6 * found.max()


def test_the_measured_lag_stands_on_the_curve_of_the_clips_track(dataset, tmp_path):
    show(dataset, KEY, tmp_path / "clip.png")
    assert marked_columns(image_of(tmp_path / "clip.png")).tolist() == [round((15 + LAG + 0.5) / 31 * 1279)]


def test_a_clip_whose_track_was_not_judged_has_no_curve(dataset, tmp_path):
    show(dataset, KEY.replace("1-", "2-", 1), tmp_path / "clip.png")
    assert not len(marked_columns(image_of(tmp_path / "clip.png")))


def test_the_video_has_every_face_and_all_of_the_audio(dataset, tmp_path):
    assert show(dataset, KEY, tmp_path / "clip.mp4") == 0
    clip = shown_clip(str(dataset), KEY).clip
    with av.open(str(tmp_path / "clip.mp4")) as video:
        assert KEY in video.metadata["title"] and "\\x1b" in video.metadata["comment"]
        assert abs(float(video.streams.audio[0].duration * video.streams.audio[0].time_base) - 90 / 25) < 0.07
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == 90
    assert all(abs(rgb.astype(int) - clip.face(frame)).mean() < 6 for frame, rgb in enumerate(frames))


def test_what_others_wrote_is_shown_as_text(dataset, tmp_path, capsys):
    show(dataset, KEY, tmp_path / "clip.png")
    shown = capsys.readouterr().out
    assert r"licence: </td><script>\x1b[31m\n# free\u202e" in shown and "\x1b" not in shown and "\u202e" not in shown
    assert provenance(shown_clip(str(dataset), KEY).row)[3] in shown


@pytest.mark.parametrize("text", ["Zoë Ann", "日本語", "a b"])
def test_letters_of_any_language_stay(text):
    assert shown_text(text) == text


def test_a_dataset_in_a_store_gives_the_same_image(dataset, tmp_path):
    fsspec.filesystem("memory").put(str(dataset), "/shown", recursive=True)
    show(dataset, KEY, tmp_path / "local.png")
    assert show("memory://shown", KEY, tmp_path / "stored.png") == 0
    assert (tmp_path / "local.png").read_bytes() == (tmp_path / "stored.png").read_bytes()


def test_an_unknown_key_is_one_line_with_the_nearest(dataset, tmp_path, capsys):
    assert show(dataset, KEY[:-1], tmp_path / "clip.png") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert f"no clip '{KEY[:-1]}': the nearest keys are {KEY}, " in line


@pytest.mark.parametrize(("name", "exit_code", "says"), [("a.gif", 2, ".png or .mp4"), ("no/a.png", 5, "cannot write")])
def test_a_file_that_cannot_be_written_is_one_line(dataset, tmp_path, capsys, name, exit_code, says):
    assert show(dataset, KEY, tmp_path / name) == exit_code
    [line] = capsys.readouterr().err.splitlines()
    assert says in line


def test_a_folder_without_a_dataset_is_one_line(tmp_path, capsys):
    assert show(tmp_path, KEY, tmp_path / "clip.png") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "dataset.json" in line


def test_what_is_said_is_shown_as_text_where_it_was_written_down(dataset):
    row = shown_clip(str(dataset), KEY).row
    assert not any(line.startswith("text: ") for line in provenance(row))
    said = [line for line in provenance(row | {"text": "lay \x1b blue", "text_confidence": 0.5}) if "lay" in line]
    assert said == ["text: lay \\x1b blue, confidence 0.50"]
    assert "text: none" in provenance(row | {"text": "", "text_confidence": None})
