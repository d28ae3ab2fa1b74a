"""One stored clip with its rows of the tables, to be looked at: found by its key, described as text."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.clock import SAMPLE_RATE_HZ
from schemas.errors import IntegrityError, UsageError
from schemas.shown_text import shown_text
from schemas.stored.clip import Clip, open_rows
from schemas.stored.manifests import Manifests, rows_of, stored_manifests
from schemas.stored.record import dataset_record

_NUM_NEAREST = 3
_DIGITS = 12  # of a hash


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownClip:
    """A clip and what the tables say of it."""

    clip: Clip
    row: dict[str, Any]  # of the clips table
    sync_curve: np.ndarray  # float32 (31,) or (0,): similarity at lags of -15..15 frames, of the clip's track


def shown_clip(dataset: str, key: str) -> ShownClip:
    """Find a clip by its key. UsageError: no dataset, or no such key. IntegrityError: its shard is not there."""
    dataset_record(dataset)
    with stored_manifests(dataset, ("clips", "tracks")) as manifests:
        rows = manifests.sql("SELECT * FROM clips WHERE key = $1", params=[key]).to_arrow_table()
        if not rows.num_rows:
            raise UsageError(f"{dataset} has no clip {shown_text(key)!r}{_nearest_keys(manifests, key)}")
        row = rows.to_pylist()[0]
        tracks = rows_of(manifests, "SELECT sync_curve FROM tracks WHERE track_id = $1", [row["track_id"]])
    for clip in open_rows(dataset, rows):
        curve = tracks[0]["sync_curve"] if tracks else []
        return ShownClip(clip=clip, row=row, sync_curve=np.array(curve, np.float32))
    raise IntegrityError(f"{dataset} lacks {row['shard']}, which holds clip {key}: see `talkshard verify`")


def provenance(row: dict[str, Any]) -> list[str]:
    """What the tables say of a clip, a few lines of text; what others gave is shown as text."""
    lines = [
        f"{row['key']}, split {row['split']} by {row['split_unit']}",
        f"source: {row['source_uri']}, {row['source_start_s']:.2f} to {row['source_end_s']:.2f} s, "
        f"{row['num_frames']} frames",
        ", ".join(f"{name}: {row[name] or 'not given'}" for name in ("speaker", "group", "language")),
        f"licence: {row['licence'] or 'not given'}",
        f"consent: {row['consent'] or 'not given'}",
        *([] if row["text"] is None else [_text_line(row)]),
        _sync_line(row),
        f"face: {row['face_source_px']:.0f} px in the source, {row['image_px']} px stored, sharpness "
        f"{row['sharpness']:.0f}, yaw {row['yaw_deg']:.0f}, pitch {row['pitch_deg']:.0f}, roll {row['roll_deg']:.0f} "
        f"degrees, mouth visible {row['mouth_visibility']:.2f}",
        f"audio: {row['loudness_dbfs']:.0f} dBFS, clipped {row['clipping_share']:.2%}, speech in "
        f"{row['speech_share']:.0%} of frames",
        f"models: {row['detector']} {row['detector_sha256'][:_DIGITS]}, mesh {row['mesh_sha256'][:_DIGITS]}, "
        f"{row['speech_model']}, sync {row['sync_network']} {row['sync_network_sha256'][:_DIGITS]}",
        f"stored: {row['shard']}, bytes {row['tar_offset']} to {row['tar_offset'] + row['tar_length']}",
    ]
    return [shown_text(line) for line in lines]


def _text_line(row: dict[str, Any]) -> str:
    sure = "" if row["text_confidence"] is None else f", confidence {row['text_confidence']:.2f}"
    return f"text: {row['text'] or 'none'}{sure}"


def _sync_line(row: dict[str, Any]) -> str:
    shifted = f"shifted by {row['audio_shift_samples'] / SAMPLE_RATE_HZ * 1000:.0f} ms"
    if row["audio_lag_frames"] is None:
        return f"sync: not judged, {shifted}"
    probability = row["sync_probability"]
    known = "no calibration" if probability is None else f"probability {probability:.2f}"
    lag = f"lag {row['audio_lag_frames']:+.2f} frames, standard error {row['audio_lag_se_frames']:.2f}"
    return f"sync: {lag}, {shifted}, {known}, confidence {row['sync_confidence']:.2f}"


def _nearest_keys(manifests: Manifests, key: str) -> str:
    """The keys that differ in the fewest characters, as the end of a sentence."""
    rows = rows_of(manifests, f"SELECT key FROM clips ORDER BY levenshtein(key, $1), key LIMIT {_NUM_NEAREST}", [key])
    return f": the nearest keys are {', '.join(row['key'] for row in rows)}" if rows else ": it has no clips"
