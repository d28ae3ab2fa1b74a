"""The report, the dataset card, and their parts."""

import base64
import re
import shutil

import pytest

from audit.dataset_card import dataset_card
from audit.funnel import FunnelStep, funnel
from audit.report import minutes_text, report_page
from audit.sample_faces import sample_faces
from schemas.stored.manifests import stored_manifests
from schemas.stored.tables import stored_table
from tests.audit.made_dataset import A, jpeg_of, page_of, write_dataset


def test_the_report_says_what_is_in_and_what_failed(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert "<b>3</b><span>clips</span>" in page and "<b>2/3</b><span>sources gave clips</span>" in page
    assert "min_box_px" in page and "timeout" in page and "cc-by" in page and "complete: everything adds up" in page


def test_the_report_shows_the_slowest_elements_of_a_run(tmp_path):
    run = write_dataset(tmp_path)
    assert "Slowest sources and windows" not in page_of(report_page, tmp_path, run)
    slow = {"stage": "TrackFaces", "source_id": A, "source_uri": "a.mp4", "window_index": 7, "wall_s": 12.5, "cpu_s": 9}
    page = page_of(report_page, tmp_path, run | {"slowest": [slow]})
    assert "Slowest sources and windows" in page and ">7</td>" in page and ">12.5</td>" in page


def test_the_report_is_self_contained(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", page) == [] and "<script" not in page and "@import" not in page


def test_the_report_shows_stored_faces(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert all(base64.b64encode(jpeg_of(number)).decode() in page for number in range(3))


def test_names_of_sources_cannot_write_into_the_page(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path, source_uri="/in/<img src=x onerror=alert(1)>.mp4"))
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_a_run_without_clips_has_a_report_and_a_card(tmp_path):
    run = write_dataset(tmp_path)
    (tmp_path / "dataset.json").unlink()
    shutil.rmtree(tmp_path / "shards")
    for table in ("clips", "shards", "tracks"):
        shutil.rmtree(tmp_path / "manifests" / table)
    run["verdict"] = {"ok": False, "exit_code": 3, "problems": ["no clip came out"], "num_clips": 0}
    assert "exit 3" in page_of(report_page, tmp_path, run) and "no clip came out" in page_of(report_page, tmp_path, run)
    assert "There are no clips." in page_of(dataset_card, tmp_path, run)


def test_a_part_that_dataset_json_does_not_list_is_not_read(tmp_path):
    write_dataset(tmp_path)
    folder = tmp_path / "manifests" / "clips"
    shutil.copy(folder / "part-00000.parquet", folder / "part-00000.g2.parquet")
    assert len(stored_table(str(tmp_path), "clips")) == 3


def test_some_columns_are_read_alone(tmp_path):
    write_dataset(tmp_path)
    assert stored_table(str(tmp_path), "tracks", ["track_id"]).column_names == ["track_id"]


def test_the_sampled_face_is_the_clips_middle_frame_byte_for_byte(tmp_path):
    write_dataset(tmp_path)
    with stored_manifests(str(tmp_path)) as manifests:
        faces = sample_faces(str(tmp_path), manifests, 2)
    assert [(face.key, face.jpeg) for face in faces] == [("k0", jpeg_of(0)), ("k2", jpeg_of(2))]


def test_the_funnel_counts_kept_and_dropped_by_rule(tmp_path):
    write_dataset(tmp_path)
    with stored_manifests(str(tmp_path)) as manifests:
        steps = funnel(manifests)
    assert steps == [FunnelStep(stage="TrackFaces", subject_kind="track", rule="min_box_px", kept=2, dropped=1)]


def test_the_card_warns_when_speakers_are_not_known(tmp_path):
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path))
    assert "The same person may be in two splits" in card and "no source came with a speaker" in card


def test_the_card_promises_whole_speakers_when_all_are_known(tmp_path):
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path, split_unit="speaker:ann", speaker="ann"))
    assert "no speaker is in two splits" in card and "may be in two splits" not in card


def test_the_card_names_licences_and_says_which_are_missing(tmp_path):
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path))
    assert re.search(r"\| cc-by \| not given \| 1 \| 2 \|", card) and re.search(
        r"\| not given \| not given \| 2 \| 1 \|", card
    )


def test_the_card_says_when_a_detector_is_for_research_only(tmp_path):
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path, detector="insightface:buffalo_l"))
    assert "non-commercial research only" in card


@pytest.mark.parametrize("make_page", [report_page, dataset_card])
def test_pages_name_every_model_of_the_run_with_its_licence(tmp_path, make_page):
    page = page_of(make_page, tmp_path, write_dataset(tmp_path))
    for name in ("centerface", "face_mesh", "silero", "sync network lip_sync.onnx", "speech_encoder"):
        assert name in page
    assert "research use, mixed data licences" in page and "Apache-2.0" in page and "MIT" in page


def test_a_run_record_of_an_earlier_version_has_pages(tmp_path):
    run = write_dataset(tmp_path)
    run["models"] = {"face_mesh": {"sha256": "0" * 64, "licence": "Apache-2.0"}}
    assert "face_mesh" in page_of(report_page, tmp_path, run) and "face_mesh" in page_of(dataset_card, tmp_path, run)


def test_sources_without_clips_come_first_with_their_reasons(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    table = page[page.index("<h2>Sources") : page.index("<h2>Failures")]
    assert table.index("not_media 1") < table.index(A)


def test_lengths_read_in_the_nearest_unit():
    assert [minutes_text(seconds) for seconds in (3, 150, 9000)] == ["3.0 s", "2.5 min", "2.5 h"]
