import json

import pytest

from benchmarks.active_speaker.__main__ import main
from benchmarks.active_speaker.cases_of_images import changed_segment
from benchmarks.active_speaker.clip_table import read_clip_table
from benchmarks.active_speaker.recordings import read_recording
from benchmarks.active_speaker.segments import best_segment, main_face
from tests.shared_data import needs_shared, shared


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("active_speaker")
    lines = [f"{shared('train/grid_other/brbk7n.mpg')},grid_w1,0", f"{shared('train/grid_other/sbia1a.mpg')},grid_m1,0"]
    (folder / "clips.csv").write_text("\n".join(["path,speaker,lag_frames", *lines, ""]))
    return folder / "clips.csv"


@needs_shared
def test_the_command_writes_the_same_scores_twice_and_a_page(table, tmp_path, capsys):
    for name in ("first", "second"):
        argv = [
            "--clips",
            str(table),
            "--judge",
            "default",
            "--output",
            str(tmp_path / name),
            "--cache",
            str(table.parent / "cache"),
            "--only",
            "pairs",
            "voice_over",
        ]
        assert main(argv) == 0
    texts = [(tmp_path / name / "scores.json").read_text() for name in ("first", "second")]
    assert texts[0] == texts[1]
    scores = json.loads(texts[0])
    assert scores["num_speakers"] == 2 and scores["skipped"] == []
    found = {(measure["name"], measure["setting"]): measure for measure in scores["measures"]}
    assert found["lag within 1 frame", "3 s"]["value"] == 1.0
    page = (tmp_path / "first" / "report.html").read_text()
    assert page.count("<svg") > 4 and "data:image/jpeg;base64," in page and "ROC at 3 s" in page
    assert "AUC, another person" in capsys.readouterr().out


@needs_shared
@pytest.mark.parametrize("change", ["mirrored", "15 frames/s"])
def test_a_face_is_found_again_in_a_changed_image(table, change):
    clip = read_clip_table(table)[0]
    segment = best_segment(main_face(clip, read_recording(clip.path, table.parent / "cache")), 1)
    changed = changed_segment(segment, change)
    assert (changed.start_frame, changed.end_frame) == (segment.start_frame, segment.end_frame)
    assert changed.face.track.row.face_source_px == pytest.approx(segment.face.track.row.face_source_px, rel=0.1)
    assert changed_segment(segment, change).tube().mesh.tobytes() == changed.tube().mesh.tobytes()  # from the cache


def test_a_judge_that_judges_nothing_is_refused(tmp_path, capsys):
    assert main(["--clips", "none.csv", "--judge", "none", "--output", str(tmp_path)]) == 2
    assert "--judge none judges nothing" in capsys.readouterr().err
