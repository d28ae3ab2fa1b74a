"""Faults in what the rows of tables say of each other, of time, of people and of the recipe."""

from tests.audit.dataset_copy import DatasetCopy
from tests.audit.good_dataset import ANN, ANN_TOO, BEN, BROKEN, PEOPLE, SILENT
from tests.audit.planting import BENS, FIRST, OTHER, SECOND, Plants

PLANTS = Plants()
plant = PLANTS.plant
TRACK, BENS_TRACK = f"{ANN}-w00000-t000", f"{BEN}-w00000-t000"


def _clip(name, expected, /, key=FIRST, **values):
    PLANTS.add(name, lambda copy: copy.change_clip(key, **values), f"{key}.*{expected}")


def _row(name, table, found, expected, /, **values):
    def is_found(row):
        return all(row[column] == value for column, value in found.items())

    PLANTS.add(name, lambda copy: copy.change_row(table, is_found, **values), expected)


def _source(name, source_id, expected, /, **values):
    _row(name, "sources", {"source_id": source_id}, expected, **values)


def _decision(name, subject_id, rule, expected, /, **values):
    _row(name, "decisions", {"subject_id": subject_id, "rule": rule}, f"(?=.*{subject_id})(?=.*{expected})", **values)


_clip("length", "num_frames|flac", num_frames=24)
_clip("end_of_a_clip", "source_end_s", source_end_s=1.5)
_clip("start_of_a_clip", "source_start_s", source_start_s=0.5)
_clip("frames_that_are_not_of_the_key", "start_frame", start_frame=3, source_start_s=0.12, source_end_s=1.12)
_clip("frame_before_zero", "start_frame|track", start_frame=-5, source_start_s=-0.2, source_end_s=0.8)
_clip("shift_against_its_lag", "shift", audio_shift_samples=-4000)
_clip("shift_that_was_not_applied", "shift", audio_shift_samples=0)
_clip("lag_of_another_track", "audio_lag_frames", audio_lag_frames=7.0, audio_shift_samples=4480)
_clip("probability_of_another_track", "sync_probability", sync_probability=0.5)
_clip("rate_of_another_track", "audio_rate_correction", audio_rate_correction=1.001)
_clip("fps_of_another_source", "source_fps", source_fps=30.0)
_clip("image_size", "image_px", image_px=64)
_clip("loudness_of_other_audio", "loudness_dbfs", loudness_dbfs=-60.0)
_clip("clipping_of_other_audio", "clipping_share", clipping_share=0.5)
_clip("fingerprint_that_is_none", "fingerprint", fingerprint="")
_clip("fingerprint_of_another_clip", "fingerprint", fingerprint="a" + "iIiIiIiI" * 12)
_clip("mouth_of_another_mesh", "mouth_opening", mouth_opening=0.9)
_clip("share_over_one", "speech_share", speech_share=1.5)
_clip("pose_of_another_track", "yaw_deg", yaw_deg=45.0)
_row("bridged_share_of_no_decision", "clips", {"key": FIRST}, f"max_bridged_share of clip {FIRST}", bridged_share=0.04)
_row("visibility_of_no_decision", "clips", {"key": FIRST}, f"visibility of clip {FIRST}", mouth_visibility=0.2)
_clip("licence_of_a_clip", "licence", licence="CC0")
_clip("consent_of_a_clip", "consent", consent="")
_clip("speaker_of_a_clip", "speaker", speaker="bob")
_clip("language_of_a_clip", "language", language="de")
_clip("group_of_a_clip", "group", group="g")
_clip("uri_of_a_clip", "source_uri", source_uri="elsewhere.mp4")
_clip("split_of_a_clip", "(val|split)", split="val")
_clip("no_such_split", "holdout", split="holdout")
_clip("network_of_no_run", "sync_network_sha256", sync_network_sha256="0" * 64)
_clip("mesh_network_of_no_run", "mesh_sha256", mesh_sha256="0" * 64)
_clip("detector_of_no_run", "detector", detector="yunet")
_clip("track_of_another_source", BENS_TRACK, track_id=BENS_TRACK)
_clip("track_that_is_not", "t009", track_id=f"{ANN}-w00000-t009")
_clip("source_that_is_not", "f{16}", source_id="f" * 16)
_clip("source_of_another_clip", "source", source_id=ANN_TOO)
_clip("person_that_is_none", "person_id", person_id="ann")
_clip("confidence_beyond_one", "person_confidence", person_confidence=1.5)
_row("person_without_an_embedding", "tracks", {"track_id": TRACK}, f"{TRACK}.*face_embedding", face_embedding=[])
_row("empty_shard_path", "clips", {"key": FIRST}, f"{FIRST}.*not listed", shard="")

_source("source_id_of_other_content", BEN, f"{BEN}.*content", content_sha256="0" * 64)
_source("hash_of_no_length", BEN, f"{BEN}.*content_sha256", content_sha256=BEN)
_source("clips_beyond_the_source", BEN, f"{BENS}.*(source|end)", duration_s=2.0)
_source("tracks_beyond_the_source", BEN, f"{BENS_TRACK}.*(source|end)", duration_s=3.2)
_source("licence_of_a_source", ANN, f"({FIRST}|{ANN}).*licence", licence="CC BY-NC 4.0")
_source("consent_of_a_source", ANN, f"({FIRST}|{ANN}).*consent", consent="none")
_source("speaker_of_a_source", ANN, f"{ANN}.*(speaker|unit)", speaker="bob")
_source("unit_of_another_speaker", BEN, f"{BEN}.*unit", split_unit="speaker:ann")
_source("unit_that_is_none", SILENT, f"{SILENT}.*unit", split_unit="")
_source("split_that_is_none", SILENT, f"{SILENT}.*dev", split="dev")
_source("status_decided", BEN, f"{BEN}.*status", status="decided")
_source("status_of_a_failed_source", BROKEN, f"{BROKEN}.*status", status="decided")
_source("status_of_no_kind", SILENT, f"{SILENT}.*status", status="fine")
_source("failed_without_failure", SILENT, f"source {SILENT} failed", status="failed")
_source("source_without_a_name", BEN, f"{BEN}.*(name|uri)", uris=[])
_source("two_sources_of_one_name", BEN, f"{SILENT}.*is in 2 source rows", uris=[f"/in/{SILENT}.mp4"])
_source("clips_counted", BEN, f"{BEN} have 2 clips, but 1", num_clips=2)
_source("windows_counted", BEN, f"{BEN} was split into 3", num_windows=3)
_source("windows_done", BEN, f"{BEN}.*windows", windows_done=0, windows_decided=1)
_source("negative_duration", SILENT, f"{SILENT}.*duration_s", duration_s=-1.0)

_decision("kept_against_its_value", TRACK, "min_box_px", "min_box_px.*kept", value=8.0)
_decision("dropped_against_its_value", SILENT, "has_speech", "has_speech.*kept", value=9.0)
_decision("threshold_of_another_recipe", TRACK, "min_box_px", "min_box_px.*threshold", threshold=16.0)
_decision("threshold_that_is_fixed", f"{TRACK}-s0000000", "overlap", "overlap.*threshold", threshold=0.5)
_decision("threshold_lacking", TRACK, "min_box_px", "min_box_px", threshold=None)
_decision("comparison_turned_round", TRACK, "min_box_px", "min_box_px.*<=", comparison="<=", kept=False)
_decision("comparison_of_no_kind", TRACK, "min_box_px", "min_box_px", comparison="~")
_decision("rule_of_no_stage", TRACK, "min_box_px", "is_pretty", rule="is_pretty")
_decision("rule_of_another_stage", TRACK, "min_box_px", "min_box_px", stage="CutClips")
_decision("order_of_a_rule", TRACK, "min_box_px", "min_box_px.*order", rule_order=7)
_decision("unit_of_a_rule", TRACK, "min_box_px", "min_box_px.*unit", unit="cm")
_decision("exists_with_another_text", TRACK, "has_mesh", "has_mesh", value_text="perhaps")
_decision("value_that_is_not_the_clips", FIRST, "min_s", "min_s", value=9.0)
_decision("value_that_is_not_the_tracks", TRACK, "min_probability", "min_probability", value=0.9)
_decision("not_a_number_is_kept", TRACK, "speaks", "speaks.*kept", value=float("nan"))
_decision("decision_of_another_source", TRACK, "speaks", "source", source_id=BEN)
_decision("kind_of_a_subject", TRACK, "speaks", "clip", subject_kind="clip")
_decision("copy_that_was_kept", FIRST, "duplicate", "duplicate.*kept", value_text=SECOND)
_decision("clip_dropped_as_a_copy", FIRST, "duplicate", "dropped by duplicate", value_text=SECOND, kept=False)
_decision("copy_of_no_clip", FIRST, "duplicate", "no clip", value_text=f"{FIRST[:-1]}9", kept=False)
_decision("conflict_that_was_kept", ANN, "conflicting_metadata", "conflicting_metadata.*kept", value_text="licence")


@plant(f"{FIRST}.*{TRACK}.*min_box_px")
def clip_of_a_dropped_track(copy: DatasetCopy) -> None:
    copy.change_row(
        "decisions", lambda row: row["subject_id"] == TRACK and row["rule"] == "min_box_px", value=8.0, kept=False
    )


@plant(f"{TRACK}.*speaks")
def clip_of_a_track_without_a_rule(copy: DatasetCopy) -> None:
    _remove(copy, "decisions", lambda row: row["subject_id"] == TRACK and row["rule"] == "speaks")


@plant(f"track {BENS_TRACK}.*decision")
def track_without_a_decision(copy: DatasetCopy) -> None:
    _remove(copy, "decisions", lambda row: row["subject_id"] == BENS_TRACK)


@plant(f"{FIRST}.*min_mouth_visibility")
def clip_without_its_decision(copy: DatasetCopy) -> None:
    _remove(copy, "decisions", lambda row: row["subject_id"] == FIRST and row["rule"] == "min_mouth_visibility")


@plant(f"{TRACK}.*speaks.*2|twice")
def decision_twice(copy: DatasetCopy) -> None:
    def put(rows):
        rows.append(next(row for row in rows if row["subject_id"] == TRACK and row["rule"] == "speaks"))
        rows.sort(key=lambda row: (row["source_id"], row["subject_id"], row["stage"], row["rule_order"], row["rule"]))

    copy.change_rows("decisions", put)


@plant(f"{SECOND}.*kept.*no clip")
def decision_for_a_clip_that_is_not(copy: DatasetCopy) -> None:
    copy.change_clips("shards/train-000000.tar", lambda clips: clips.pop(SECOND))
    _remove(copy, "clips", lambda row: row["key"] == SECOND)
    copy.change_rows("shards", lambda rows: rows[0].update(num_clips=2))
    copy.change_json("dataset.json", lambda record: record["shards"][0].update(num_clips=2))
    copy.change_row("sources", lambda row: row["source_id"] == ANN, num_clips=1)


@plant(f"{FIRST}.*overlap.*|{SECOND}.*overlap")
def clips_that_overlap(copy: DatasetCopy) -> None:
    copy.change_clip(SECOND, start_frame=20, source_start_s=0.8, source_end_s=1.8)


@plant(f"{BENS}.*track")
def clip_outside_its_track(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, end_frame=60)


@plant("(?i)ann.*(train|val).*(val|train)")
def speaker_in_two_splits(copy: DatasetCopy) -> None:
    copy.change_row("sources", lambda row: row["source_id"] == BEN, speaker="ann", split_unit="speaker:ann")
    copy.change_clip(BENS, speaker="ann", split_unit="speaker:ann")


@plant("(?i)ann.*(train|val).*(val|train)")
def speaker_in_two_spellings(copy: DatasetCopy) -> None:
    copy.change_row("sources", lambda row: row["source_id"] == BEN, speaker=" Ann", split_unit="speaker: Ann")
    copy.change_clip(BENS, speaker=" Ann", split_unit="speaker: Ann")


@plant("group:g.*(test|train).*(test|train)")
def group_in_two_splits(copy: DatasetCopy) -> None:
    copy.change_row("sources", lambda row: row["source_id"] == BROKEN, group="g", split="test", split_unit="group:g")


@plant("tracks.*belong to|belongs to.*f{16}")
def track_of_no_source(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, source_id="f" * 16)


@plant(f"{BENS_TRACK}.*window")
def track_of_another_window(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, window_index=4)


@plant(f"{BENS_TRACK}.*frames")
def track_that_ends_before_it_starts(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, start_frame=100, end_frame=100)


@plant(f"{BENS_TRACK}.*boxes")
def track_with_too_few_boxes(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, interpolated=[False] * 3)


@plant(f"{BENS_TRACK}.*bored")
def track_that_ends_by_no_rule(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, end_rule="bored")


@plant("failure.*lazy")
def failure_of_no_kind(copy: DatasetCopy) -> None:
    copy.change_rows("failures", lambda rows: rows[0].update(kind="lazy"))


@plant("failure.*elsewhere.mp4")
def failure_of_another_name(copy: DatasetCopy) -> None:
    copy.change_rows("failures", lambda rows: rows[0].update(source_uri="elsewhere.mp4"))


@plant("failure.*window 7")
def failure_of_a_window_that_is_not(copy: DatasetCopy) -> None:
    copy.change_rows("failures", lambda rows: rows[0].update(window_index=7))


@plant("failure.*attempts")
def failure_that_was_never_tried(copy: DatasetCopy) -> None:
    copy.change_rows("failures", lambda rows: rows[0].update(attempts=0))


def _remove(copy: DatasetCopy, table: str, found) -> None:
    def put(rows):
        rows[:] = [row for row in rows if not found(row)]

    copy.change_rows(table, put)


@plant(f"{TRACK}.*two people")
def person_of_one_clip_of_a_track(copy: DatasetCopy) -> None:
    copy.change_clip(FIRST, person_id=PEOPLE[BEN])


@plant(f"{PEOPLE[ANN]} in source {BEN}: its split_unit .* does not follow")
def clip_that_follows_another_person(copy: DatasetCopy) -> None:
    copy.change_clip(BENS, person_id=PEOPLE[ANN])


@plant(f"{PEOPLE[BEN]}.*(train|val).*(train|val)")
def person_in_two_splits(copy: DatasetCopy) -> None:
    unit = f"person:{PEOPLE[BEN]}"
    copy.change_row("sources", lambda row: row["source_id"] == ANN_TOO, speaker="", split_unit=unit)
    copy.change_clip(OTHER, speaker="", split_unit=unit, person_id=PEOPLE[BEN])


@plant(f"{BENS_TRACK}.*128")
def embedding_of_another_network(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, face_embedding=[0.5] * 512)


@plant(f"{BENS_TRACK}.*no number")
def embedding_of_no_numbers(copy: DatasetCopy) -> None:
    copy.change_row("tracks", lambda row: row["track_id"] == BENS_TRACK, face_embedding=[float("nan")] * 128)
