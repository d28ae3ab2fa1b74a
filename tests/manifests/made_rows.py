"""A small dataset that adds up: two sources of two windows, one failed source, three clips in two shards."""

from dataclasses import replace
from fractions import Fraction

from schemas.media import AudioStream, MediaProbe, VideoStream
from schemas.records import Source, SourceFacts, WindowOutcome
from schemas.tables import DecisionRow, FailureRow, ShardRow, TrackRow
from tests.shards.clip_refs import clip_row

PROBE = MediaProbe(
    container="mov,mp4",
    duration_s=80.0,
    audio_index=0,
    video=VideoStream(
        index=0,
        codec="h264",
        width=64,
        height=48,
        coded_width=64,
        coded_height=48,
        rotation_deg=0,
        average_rate=Fraction(25),
        time_base=Fraction(1, 25),
        num_frames=2000,
    ),
    audio_streams=(
        AudioStream(
            index=1, codec="aac", sample_rate_hz=48_000, num_channels=2, language="", is_default=True, start_s=0.02
        ),
    ),
)


def source(source_id, split="train", unit="", **fields):
    """A source with one name."""
    return Source(
        **{
            **dict.fromkeys(("speaker", "group", "licence", "consent", "language"), ""),
            "source_id": source_id,
            "content_sha256": source_id * 4,
            "uris": (f"/in/{source_id}.mp4",),
            "size_bytes": 9,
            "split": split,
            "split_unit": unit or f"source:{source_id}",
            **fields,
        }
    )


def facts(source_id, num_windows, probe=PROBE, **fields):
    """Facts of a source of 40 s a window."""
    return SourceFacts(
        source=source(source_id, **fields),
        probe=probe,
        num_frames=1000 * num_windows,
        num_windows=num_windows,
        speech_s=3.5,
    )


def outcome(source_id, window_index, ended, num_clips=0):
    """How one window ended."""
    return WindowOutcome(
        source_id=source_id, window_index=window_index, outcome=ended, num_clips=num_clips, damaged_frames=1
    )


def decision(source_id, kept=False, rule="min_box_px"):
    """One decision about a track."""
    return DecisionRow(
        subject_id=f"{source_id}-t",
        subject_kind="track",
        source_id=source_id,
        stage="TrackFaces",
        rule=rule,
        rule_order=0,
        comparison=">=",
        value=20.0,
        value_text="",
        threshold=32.0,
        unit="px",
        kept=kept,
    )


def failure(source_id, window_index=-1, kind="not_media"):
    """One failure."""
    return FailureRow(
        stage="PrepareVideos",
        kind=kind,
        message="no streams",
        source_id=source_id,
        source_uri=f"/in/{source_id}.mp4",
        window_index=window_index,
        attempts=1,
    )


def track(track_id, source_id):
    """One track of two frames."""
    numbers = dict.fromkeys(
        (
            "face_source_px",
            "detector_score",
            "mesh_presence",
            "sharpness",
            "yaw_deg",
            "pitch_deg",
            "roll_deg",
            "mouth_opening",
            "mouth_visibility",
            "active_share",
            "voiced_share",
        ),
        1.0,
    )
    return TrackRow(
        **numbers,
        track_id=track_id,
        track_chain_id=track_id,
        source_id=source_id,
        window_index=0,
        start_frame=0,
        end_frame=2,
        end_rule="lost",
        box_xyxy=(0.0, 0.0, 9.0, 9.0),
        boxes_xyxy=((0.0, 0.0, 9.0, 9.0),) * 2,
        interpolated=(False, True),
        sync_curve=(),
        audio_lag_frames=None,
        audio_lag_se_frames=None,
        sync_probability=None,
        sync_margin=None,
        sync_confidence=None,
        lse_d=None,
        lse_c=None,
        audio_rate_correction=1.0,
        drift_frames_per_minute=None,
        drift_se_frames_per_minute=None,
        stretch_middle_frames=(),
        stretch_lags_frames=(),
        stretch_lag_se_frames=(),
        face_embedding=(),
    )


ENDED = {
    "splits": [],
    "facts": [facts("a" * 16, 2, licence="cc-by"), facts("b" * 16, 2, split="val"), facts("c" * 16, 0, probe=None)],
    "outcomes": [outcome("a" * 16, 0, "clips", 2), outcome("b" * 16, 0, "clips", 1), outcome("b" * 16, 1, "decided")],
    "failures": [failure("a" * 16, 1, "timeout"), failure("c" * 16)],
}


def placed_clip(key, source_id, offset, shard="shards/train-000000.tar", split="train", track_id="t1"):
    """A clip's row of 2048 bytes at its place."""
    return replace(
        clip_row(key, source_id, split, f"source:{source_id}", track_id=track_id),
        shard=shard,
        tar_offset=offset,
        tar_length=2048,
    )


def other_rows():
    """All rows of that dataset but those of its sources."""
    return [
        *ENDED["failures"],
        decision("a" * 16, kept=True),
        decision("b" * 16),
        track("t1", "a" * 16),
        track("t2", "b" * 16),
        placed_clip("k1", "a" * 16, 0),
        placed_clip("k2", "a" * 16, 2048),
        placed_clip("k3", "b" * 16, 0, "shards/val-000000.tar", "val", "t2"),
        ShardRow(shard="shards/train-000000.tar", split="train", num_clips=2, size_bytes=10_240, sha256="0" * 64),
        ShardRow(shard="shards/val-000000.tar", split="val", num_clips=1, size_bytes=10_240, sha256="0" * 64),
    ]
