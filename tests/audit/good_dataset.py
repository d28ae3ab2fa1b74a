"""A small dataset that a build could have written: every row follows from its recipe, every part of a clip decodes."""

import dataclasses
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.config import Recipe
from pipeline.pages import write_pages
from pipeline.run_record import finished, run_record
from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME
from schemas.decisions import DecisionLog, Rule
from schemas.schema_version import SCHEMA_VERSION
from schemas.settings import setting_values
from schemas.stored.manifests import stored_manifests
from schemas.tables import TABLES, ClipRow, DecisionRow, FailureRow, ShardRow, TrackRow, table_name
from tests.manifests import made_rows
from tests.shards.clip_refs import clip_row
from transforms.clips.clip_parts import flac_bytes
from transforms.clips.config import ClipsConfig
from transforms.clips.cut_clips import CLIP_RULES
from transforms.copies.rules import COPY_RULES
from transforms.manifests.accounting import funnel_counts, totals
from transforms.manifests.generation import FIRST
from transforms.manifests.parts import manifest_part, part_bytes, part_path
from transforms.manifests.source_rows import source_row
from transforms.manifests.verdict import dataset_record, judge_run, run_summary
from transforms.media.canonical import MESH_UNIT, five_points, mouth_opening
from transforms.media.config import DYNAMIC_RANGES
from transforms.media.face_crop import encode_jpeg
from transforms.media.fingerprint import clip_fingerprint
from transforms.media.mfcc import clip_mfcc
from transforms.media.tar import tar_end, tar_members
from transforms.people.config import DLIB_NUMBERS
from transforms.prepare.prepare_video import SOURCE_RULES as STREAM_RULES
from transforms.shards.write_shard import row_members
from transforms.sources.merge import SOURCE_RULES as NAME_RULES
from transforms.speakers.rules import TRACK_RULES, TURN_RULES, WINDOW_RULES
from transforms.transcripts.config import MOONSHINE, TranscriptsConfig
from transforms.windows.split_windows import WINDOW_RULES as SPLIT_RULES

RECIPE = dataclasses.replace(
    Recipe(), clips=ClipsConfig(image_px=32), transcripts=TranscriptsConfig(recogniser=MOONSHINE)
)
ANN, ANN_TOO, BEN, SILENT, BROKEN = (letter * 16 for letter in "abcde")  # sources; the first two show one speaker
NUM_FRAMES = 25  # of every clip
PEOPLE = {ANN: f"p{'a' * 16}", ANN_TOO: f"p{'a' * 16}", BEN: f"p{'b' * 16}"}
_SYNC = {
    "audio_lag_frames": 6.25,
    "audio_lag_se_frames": 0.0625,
    "sync_probability": 0.75,
    "sync_confidence": 0.5,
    "sync_margin": 0.25,
}


def write_good_dataset(output: Path) -> None:
    """Two recordings of one speaker in train, one unnamed in val, one without speech, one that is no media."""
    run = run_record(RECIPE, ["talkshard build"], 5)
    rows: list = [*_sources(), *_failures(), *(row for one in (ANN, ANN_TOO, BEN) for row in _told(one))]
    clips = {split: _clips_of(split, run["models"]) for split in ("train", "val")}
    for split, rows_and_parts in clips.items():
        shard = f"shards/{split}-000000.tar"
        placed, data = shard_of(shard, rows_and_parts)
        write(output / shard, data)
        sha256 = hashlib.sha256(data).hexdigest()
        rows += [*placed, *(decision for row in placed for decision in _clip_decisions(row))]
        rows.append(ShardRow(shard=shard, split=split, num_clips=len(placed), size_bytes=len(data), sha256=sha256))
    parts = []
    for name in sorted(TABLES):
        of_table = [row for row in rows if table_name(row) == name]
        data, path = part_bytes(name, of_table), part_path(name, 0, 1)
        write(output / path, data)
        parts.append(manifest_part(name, path, len(of_table), data))
    start = {"schema_version": SCHEMA_VERSION, "manifests": [dataclasses.asdict(part) for part in parts]}
    write(output / "dataset.json", json.dumps(start).encode())
    with stored_manifests(str(output)) as manifests:
        found = totals(manifests)
        summary = run_summary(run, judge_run([], found, 0, 0.5), found, funnel_counts(manifests))
        write(output / "run.json", json.dumps(finished(summary)).encode())
        write(output / "dataset.json", json.dumps(dataset_record(parts, manifests, FIRST)).encode())
    write_own_pages(output)


def write_own_pages(output: Path) -> None:
    """Write report, card and croissant.json, as `talkshard report` does."""
    with stored_manifests(str(output)) as manifests:
        write_pages(str(output), json.loads((output / "run.json").read_bytes()), manifests)


def shard_of(path: str, clips: list[tuple[ClipRow, list[tuple[str, bytes]]]]) -> tuple[list[ClipRow], bytes]:
    """The rows of clips at their places, and the shard that holds them."""
    rows, data = [], b""
    for row, parts in clips:
        members = row_members(row) + tar_members(row.key, parts)
        rows.append(replace(row, shard=path, tar_offset=len(data), tar_length=len(members)))
        data += members
    return rows, data + tar_end(len(data))


def npy_bytes(array: np.ndarray) -> bytes:
    """An array as .npy."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file below new folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _sources() -> list:
    ann = {"speaker": "ann", "unit": "speaker:ann", "licence": "CC BY 4.0", "consent": "signed"}
    ended = [
        (made_rows.facts(ANN, 1, **ann), [made_rows.outcome(ANN, 0, "clips", 2)], 0),
        (made_rows.facts(ANN_TOO, 1, **ann), [made_rows.outcome(ANN_TOO, 0, "clips", 1)], 0),
        (
            made_rows.facts(BEN, 1, split="val", unit=f"person:{PEOPLE[BEN]}"),
            [made_rows.outcome(BEN, 0, "clips", 1)],
            0,
        ),
        (replace(made_rows.facts(SILENT, 0, group="g", unit="group:g"), speech_s=0.0), [], 0),
        (replace(made_rows.facts(BROKEN, 0, probe=None), speech_s=0.0), [], 1),
    ]
    return [source_row(*one) for one in ended]


def _failures() -> list[FailureRow | DecisionRow]:
    log = _log("HashSource", SILENT) + _stream_decisions(SILENT, speech_s=0.0) + _log("HashSource", BROKEN)
    return [*log, made_rows.failure(BROKEN)]


def _told(source_id: str) -> list[TrackRow | DecisionRow]:
    """One track of a source, and the decisions about all that led to it."""
    window, track_id = f"{source_id}-w00000", f"{source_id}-w00000-t000"
    row = replace(
        made_rows.track(track_id, source_id),
        end_frame=100,
        boxes_xyxy=((0.0, 0.0, 64.0, 64.0),) * 100,
        box_xyxy=(0.0, 0.0, 64.0, 64.0),
        interpolated=(False,) * 100,
        face_source_px=64.0,
        sync_curve=(0.0,) * 31,
        **_SYNC,
        face_embedding=(0.125,) * DLIB_NUMBERS,
    )
    values = {
        "min_track_s": 4.0,
        "min_box_px": 64.0,
        "has_mesh": "yes",
        "min_voiced_share": 1.0,
        "unsure_probability": 0.75,
        "min_probability": 0.75,
        "max_abs_lag_frames": 6.25,
        "speaks": 4.0,
    }
    return [
        row,
        *_log("HashSource", source_id),
        *_stream_decisions(source_id, speech_s=3.5),
        *_decisions("SplitWindows", "window", source_id, window, SPLIT_RULES, {"has_speech": 3.5}),
        *_decisions("FindSpeakers", "window", source_id, window, WINDOW_RULES, {"has_face": "yes"}),
        *_decisions("FindSpeakers", "track", source_id, track_id, TRACK_RULES, values),
        *_decisions(
            "FindSpeakers", "turn", source_id, f"{track_id}-s0000000", TURN_RULES, {"overlap": 0.0, "min_s": 4.0}
        ),
    ]


def _log(stage: str, source_id: str) -> list[DecisionRow]:
    return _decisions(stage, "source", source_id, source_id, NAME_RULES, {"conflicting_metadata": ""})


def _stream_decisions(source_id: str, speech_s: float) -> list[DecisionRow]:
    values = {"has_video": "yes", "has_audio": "yes", "dynamic_range": "sdr", "has_speech": speech_s}
    return _decisions("PrepareVideos", "source", source_id, source_id, STREAM_RULES, values)


def _clip_decisions(row: ClipRow) -> list[DecisionRow]:
    values = {"min_s": 1.0, "max_bridged_share": row.bridged_share, "min_mouth_visibility": row.mouth_visibility}
    return [
        *_decisions("CutClips", "clip", row.source_id, row.key, CLIP_RULES, values),
        *_decisions("FindCopies", "clip", row.source_id, row.key, COPY_RULES, {"duplicate": ""}),
    ]


def _decisions(
    stage: str, kind: str, source_id: str, subject_id: str, rules: tuple[Rule, ...], values: dict
) -> list[DecisionRow]:
    """The rows of a subject with these values, as the stage's own log writes them."""
    settings = {
        name: value
        for section in dataclasses.fields(RECIPE)
        for name, value in setting_values(section.name, getattr(RECIPE, section.name)).items()
    } | {"video.dynamic_range": DYNAMIC_RANGES["any"]}
    log = DecisionLog(stage=stage, source_id=source_id, settings=settings)
    asked = [
        replace(rule, value=lambda known, name=rule.name: known[name], applies=lambda known: True)
        for rule in rules
        if rule.name in values
    ]
    log.keeps(subject_id, kind, values, asked, rules)
    return log.rows


def _clips_of(split: str, models: dict) -> list[tuple[ClipRow, list[tuple[str, bytes]]]]:
    starts = [(ANN, 0), (ANN, 25), (ANN_TOO, 10)] if split == "train" else [(BEN, 50)]
    return [_clip(number, source_id, start, split, models) for number, (source_id, start) in enumerate(starts)]


def _clip(number: int, source_id: str, start: int, split: str, models: dict) -> tuple[ClipRow, list]:
    rng = np.random.default_rng([number, start])
    px = RECIPE.clips.image_px
    mesh = rng.integers(4000, 12000, (NUM_FRAMES, 468, 3)).astype(np.int16)
    samples = rng.integers(-9000, 9000, SAMPLES_PER_FRAME * NUM_FRAMES).astype(np.int16)
    jpegs = [encode_jpeg(rng.integers(0, 255, (px, px, 3), np.uint8), 95) for _ in range(NUM_FRAMES)]
    landmarks = (five_points(mesh.astype(np.float32)) * (px / MESH_UNIT)).astype(np.float32)
    align = np.tile(np.array([[2, 0, 10], [0, 2, 5]], np.float32), (NUM_FRAMES, 1, 1))
    parts = [
        ("mfcc.npy", npy_bytes(clip_mfcc(samples))),
        ("flac", flac_bytes(samples)),
        ("landmarks.npy", npy_bytes(landmarks)),
        ("align.npy", npy_bytes(align)),
        ("mesh.npy", npy_bytes(mesh)),
        ("faces.mjpg", b"".join(jpegs)),
        ("faces_index.npy", npy_bytes(np.cumsum([0, *map(len, jpegs)]).astype(np.uint32))),
    ]
    row = _row(source_id, start, split, models, mesh, samples)
    return row, parts


def _row(source_id: str, start: int, split: str, models: dict, mesh: np.ndarray, samples: np.ndarray) -> ClipRow:
    opening = mouth_opening(mesh.astype(np.float32) / MESH_UNIT)
    is_ann = source_id in (ANN, ANN_TOO)
    return clip_row(
        f"{source_id}-w00000-t000-{start:07d}",
        source_id,
        split,
        "speaker:ann" if is_ann else f"person:{PEOPLE[source_id]}",
        speaker="ann" if is_ann else "",
        person_id=PEOPLE[source_id],
        person_confidence=0.75,
        licence="CC BY 4.0" if is_ann else "",
        consent="signed" if is_ann else "",
        **dict.fromkeys(("group", "language"), ""),
        text="Lay blue, please." if is_ann else "",
        text_confidence=0.75,
        source_start_s=start / FRAME_RATE,
        source_end_s=(start + NUM_FRAMES) / FRAME_RATE,
        source_fps=25.0,
        track_id=f"{source_id}-w00000-t000",
        start_frame=start,
        num_frames=NUM_FRAMES,
        **_SYNC,
        audio_shift_samples=4000,
        detector=RECIPE.faces.detector,
        detector_sha256=models[RECIPE.faces.detector]["sha256"],
        mesh_sha256=models["face_mesh"]["sha256"],
        speech_model="silero",
        sync_network="lip_sync",
        sync_network_sha256=next(one["sha256"] for name, one in models.items() if name.startswith("sync network")),
        image_px=RECIPE.clips.image_px,
        face_source_px=64.0,
        mouth_opening=float(opening.mean()),
        mouth_opening_sd=float(opening.std()),
        bridged_share=0.0,
        loudness_dbfs=float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) / 32768.0**2)),
        clipping_share=0.0,
        fingerprint=clip_fingerprint(samples, mesh),
    )
