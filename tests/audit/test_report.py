"""The report, the dataset card, and their parts."""

import base64
import re
import shutil
from dataclasses import replace

import pytest

from audit.dataset_card import dataset_card
from audit.face_images import face_images
from audit.funnel import FunnelStep, funnel
from audit.report import report_page
from audit.report_samples import sampled_clips, sampled_sources
from audit.shown_numbers import minutes_text, size_text, value_text
from schemas.failure_kinds import FAILURE_KINDS
from schemas.stored.manifests import stored_manifests
from schemas.stored.tables import stored_table
from tests.audit.made_dataset import A, B, jpeg_of, page_of, write_dataset
from tests.audit.made_pages import SLOW, duplicate, empty_report
from tests.html_pages import elements_of
from tests.manifests import made_rows
from transforms.manifests.source_rows import source_row


def test_the_report_says_what_is_in_and_what_failed(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert "<b>3</b><span>clips</span>" in page and "<b>2 of 3</b><span>sources gave clips</span>" in page
    assert "min_box_px" in page and "timeout" in page and "cc-by" in page and "complete: everything adds up" in page


def test_the_report_shows_the_slowest_elements_of_a_run(tmp_path):
    run = write_dataset(tmp_path)
    assert "Slowest sources and windows" not in page_of(report_page, tmp_path, run)
    page = page_of(report_page, tmp_path, run | {"slowest": [SLOW]})
    assert "Slowest sources and windows" in page and ">7</td>" in page and ">12.5</td>" in page


def test_the_report_is_self_contained(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert re.findall(r"""(?:src|href)=["'](?!data:|#)""", page) == []
    assert page.count("<script>") == page.count("<script") == 1 and "@import" not in page and "url(" not in page


def test_the_report_shows_stored_faces(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    assert all(base64.b64encode(jpeg_of(number)).decode() in page for number in range(3))


def test_names_of_sources_cannot_write_into_the_page(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path, source_uri="/in/<img src=x onerror=alert(1)>.mp4"))
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_a_run_without_clips_has_a_report_and_a_card(tmp_path):
    page = empty_report(tmp_path / "report", report_page)
    assert "exit 3" in page and "no clip came out" in page and "There are no clips." in page
    assert "There are no clips." in empty_report(tmp_path / "card", dataset_card)


def test_a_part_that_dataset_json_does_not_list_is_not_read(tmp_path):
    write_dataset(tmp_path)
    folder = tmp_path / "manifests" / "clips"
    shutil.copy(folder / "part-00000.parquet", folder / "part-00000.g2.parquet")
    assert len(stored_table(str(tmp_path), "clips")) == 3


def test_some_columns_are_read_alone(tmp_path):
    write_dataset(tmp_path)
    assert stored_table(str(tmp_path), "tracks", ["track_id"]).column_names == ["track_id"]


def test_a_small_face_is_shown_as_it_is_stored(tmp_path):
    write_dataset(tmp_path)
    with stored_manifests(str(tmp_path)) as manifests:
        images = face_images(str(tmp_path), manifests, ["k2", "k0", "k2", "none"])
    shown = {key: f"data:image/jpeg;base64,{base64.b64encode(jpeg_of(int(key[1]))).decode()}" for key in ("k0", "k2")}
    assert images == shown


def test_a_clip_whose_shard_is_missing_is_shown_without_a_face(tmp_path):
    run = write_dataset(tmp_path)
    shutil.rmtree(tmp_path / "shards")
    assert page_of(report_page, tmp_path, run).count("its shard is missing") >= 3


def test_the_sample_of_clips_is_the_same_every_time_and_part_of_a_larger_one(tmp_path):
    write_dataset(tmp_path)
    with stored_manifests(str(tmp_path)) as manifests:
        two, all_three = ([clip.key for clip in sampled_clips(manifests, number)] for number in (2, 9))
    assert two == all_three[:2] and sorted(all_three) == ["k0", "k1", "k2"] != all_three


def test_of_each_status_as_many_sources_are_shown(tmp_path):
    others = [replace(source_of(number), status="decided", num_clips=0) for number in range(5)]
    write_dataset(tmp_path, more_rows=others)
    with stored_manifests(str(tmp_path)) as manifests:
        found = [(row["status"], row["num_of_status"]) for row in sampled_sources(manifests, 2)]
    assert found == [("failed", 1), ("decided", 5), ("decided", 5), ("clips", 2), ("clips", 2)]


def source_of(number):
    return source_row(made_rows.facts(f"{number}" * 16, 1), [], 0)


def test_a_failure_is_shown_with_what_its_kind_means_and_its_cure(tmp_path):
    page = page_of(report_page, tmp_path, write_dataset(tmp_path))
    kind = FAILURE_KINDS["timeout"]
    text = "".join(elements_of(page)[0].text)
    assert kind.about in text and kind.cure.replace("`", "") in text and FAILURE_KINDS["bug"].about not in text


def test_a_page_of_many_failures_shows_ten_of_a_kind(tmp_path):
    rows = [made_rows.failure(A, number, "timeout") for number in range(2, 60)]
    page = page_of(report_page, tmp_path, write_dataset(tmp_path, more_rows=rows))
    assert "timeout: 59" in page and "10 of them, sampled" in page


def test_copies_are_shown_beside_the_clip_that_was_kept(tmp_path):
    run = write_dataset(tmp_path, more_rows=[duplicate("gone", "k0")])
    page = page_of(report_page, tmp_path, run)
    shown = page[page.index('<h2 id="copies">') : page.index('<h2 id="splits">')]
    assert "1 of 1 clips is a copy of another and was dropped" in shown and f"/in/{B}.mp4 gone" in shown
    assert base64.b64encode(jpeg_of(0)).decode() in shown


def test_a_dataset_in_which_nothing_was_compared_has_no_section_about_copies(tmp_path):
    assert 'id="copies"' not in page_of(report_page, tmp_path, write_dataset(tmp_path))


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


def test_the_card_counts_people_and_says_where_names_and_faces_disagree(tmp_path):
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path, person_id="p1", speaker="ann"))
    assert "1 person by their faces" in card and "--people none" not in card and "names:" not in card
    clip = made_rows.placed_clip("k9", B, 9000)
    more = [replace(clip, key=f"k{name}", speaker=name, person_id="p1") for name in ("ann", "ben")]
    card = page_of(dataset_card, tmp_path, write_dataset(tmp_path, more_rows=more))
    assert "The face of p1 has 2 names: ann, ben." in card


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
    table = page[page.index('<h2 id="sources">') : page.index('<h2 id="failures">')]
    assert table.index("not_media 1") < table.index(A)


def test_lengths_read_in_the_nearest_unit():
    assert [minutes_text(seconds) for seconds in (3, 150, 9000)] == ["3.0 s", "2.5 min", "2.5 h"]
    assert [size_text(number) for number in (5e5, 2e9, 3.25e12)] == ["0.5 MB", "2.0 GB", "3.2 TB"]
    assert [value_text(value) for value in (3e-5, 0.03456, 0, 123456.7)] == ["< 0.001", "0.0346", "0", "123,457"]
