"""What the overlay draws, and the text at each box."""

import json
from dataclasses import replace

import numpy as np
import pytest

import talkshard
from audit.overlay import overlay_sheet
from audit.track_overlays import TrackOverlay, measured_text, overlays_by_source
from schemas.errors import DamagedMedia
from tests.audit.dataset_copy import DatasetCopy
from tests.audit.made_dataset import LANDMARKS, A, B, write_dataset
from tests.made_media import HEIGHT, WIDTH, MadeAudio, damage_packets, make_plain_video
from tests.manifests import made_rows

BOX = [40.0, 30.0, 100.0, 80.0]
JUDGED = {"audio_lag_frames": -1.25, "audio_lag_se_frames": 0.3, "sync_probability": 0.93, "sync_confidence": 0.4}
TRACK = f"{A}-w00000-t001"


def overlay_of(frames=50, **fields):
    """A track with a still box."""
    values = {"label": "w0 t1", "dropped_by": "", "measured": "not judged", "landmarks": {}} | fields
    return TrackOverlay(
        start_frame=0, end_frame=frames, boxes_xyxy=[BOX] * frames, interpolated=[False] * frames, **values
    )


def colour_of_box(sheet):
    """RGB of the left edge of the first frame's box."""
    scale = 640 / WIDTH
    return tuple(int(value) for value in sheet[round((BOX[1] + BOX[3]) / 2 * scale), round(BOX[0] * scale)])


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A video of two seconds."""
    return make_plain_video(tmp_path_factory.mktemp("video") / "made.mp4", 50, audio_streams=[MadeAudio(clicks_s=[])])


def test_a_sheet_holds_the_frames_asked_for_side_by_side(video):
    sheet = overlay_sheet(str(video), [overlay_of()], 3)
    assert sheet.shape == (HEIGHT * 640 // WIDTH, 3 * 640, 3)


def test_a_source_of_which_nothing_can_be_drawn_is_named(tmp_path):
    whole = make_plain_video(tmp_path / "a.mkv", 50, codec="ffv1")
    damaged = damage_packets(whole, range(50), tmp_path / "b.mkv")
    with pytest.raises(DamagedMedia, match=r"b\.mkv': none of the 2 frames to draw can be decoded"):
        overlay_sheet(str(damaged), [overlay_of()], 2)


@pytest.mark.parametrize(
    ("fields", "colour"),
    [
        ({"landmarks": {frame: np.full((5, 2), 60.0) for frame in range(50)}}, (60, 220, 60)),
        ({"dropped_by": "unsure_probability"}, (235, 85, 75)),
        ({"dropped_by": "min_probability"}, (255, 150, 40)),
    ],
    ids=["stored", "dropped", "unsure"],
)
def test_a_box_has_the_colour_of_its_verdict(fields, colour, video):
    assert colour_of_box(overlay_sheet(str(video), [overlay_of(**fields)], 1)) == colour


def test_the_image_says_lag_and_probability():
    row = {"audio_lag_frames": None}
    assert measured_text(row) == "not judged"
    assert measured_text(row | JUDGED) == "lag -1.2+-0.3 p 0.93"
    assert measured_text(row | JUDGED | {"sync_probability": None}) == "lag -1.2+-0.3 conf 0.40"


def test_an_overlay_has_the_tracks_lag_and_the_rule_that_dropped_it(tmp_path):
    track = replace(made_rows.track(TRACK, A), **JUDGED)
    decisions = [
        replace(made_rows.decision(A, kept, rule), subject_id=TRACK)
        for kept, rule in ((True, "a"), (False, "min_probability"))
    ]
    write_dataset(tmp_path, more_rows=[track, *decisions])
    [found] = [found for found in overlays_by_source(str(tmp_path))[A, f"/in/{A}.mp4"] if found.label == "w0 t1"]
    assert (found.dropped_by, found.measured, found.landmarks) == ("min_probability", "lag -1.2+-0.3 p 0.93", {})


def test_landmarks_of_a_clip_are_moved_back_to_the_source(tmp_path):
    write_dataset(tmp_path, start_frame=7)
    [stored] = [track.landmarks for track in overlays_by_source(str(tmp_path))[A, f"/in/{A}.mp4"]]
    assert sorted(stored) == [7, 8, 9] and np.array_equal(stored[8], 2 * LANDMARKS[1] + [100, 50])


def overlays_of(dataset, folder):
    """Exit code of `talkshard overlay`."""
    return talkshard.main(["overlay", str(dataset), "--output", str(folder)])


def test_a_missing_source_is_named_and_the_others_are_drawn(video, tmp_path, capsys):
    write_dataset(tmp_path / "dataset")
    copy = DatasetCopy(tmp_path / "dataset")
    copy.change_row("sources", lambda row: row["source_id"] == B, uris=[str(video)])
    assert overlays_of(tmp_path / "dataset", tmp_path / "out") == 0
    shown = capsys.readouterr().out
    assert f"cannot read '/in/{A}.mp4'" in shown and str(video) in shown
    assert [path.stem for path in (tmp_path / "out").iterdir()] == [B]


def test_where_no_source_can_be_drawn_the_exit_code_says_so_and_the_line_the_cure(tmp_path, capsys):
    write_dataset(tmp_path / "dataset")
    assert overlays_of(tmp_path / "dataset", tmp_path / "out") == 1
    shown = capsys.readouterr()
    assert f"cannot read '/in/{A}.mp4'" in shown.out
    assert "none of 2 sources could be drawn" in shown.err and "--root" in shown.err
    assert not list((tmp_path / "out").iterdir())


def test_without_tracks_there_is_nothing_to_draw_and_the_exit_code_says_so(tmp_path, capsys):
    write_dataset(tmp_path / "dataset")
    DatasetCopy(tmp_path / "dataset").change_rows("tracks", lambda rows: rows.clear())
    assert overlays_of(tmp_path / "dataset", tmp_path / "out") == 3
    assert "nothing to draw" in capsys.readouterr().err


def test_a_dataset_with_pseudonyms_is_refused_with_what_shows_its_clips(tmp_path, capsys):
    run = write_dataset(tmp_path / "dataset")
    (tmp_path / "dataset" / "run.json").write_text(json.dumps(run | {"pseudonyms": "0123"}))
    assert overlays_of(tmp_path / "dataset", tmp_path / "out") == 2
    assert "pseudonyms" in (line := capsys.readouterr().err) and "talkshard show" in line
