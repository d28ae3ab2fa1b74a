"""The stored tables: each row type is a frozen dataclass, whose fields give pyarrow types, units and descriptions."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

_TEXT, _INT, _FLOAT, _BOOL, _TIME = pa.string(), pa.int64(), pa.float32(), pa.bool_(), pa.float64()
_BOX = pa.list_(pa.float32(), 4)


def column(arrow_type: pa.DataType, about: str, unit: str = "") -> Any:
    """A stored field: its Arrow type, one line about it, and its unit."""
    return dataclasses.field(metadata={"type": arrow_type, "about": about, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One input by content, whatever its names."""

    source_id: str = column(_TEXT, "first 16 hex digits of the content's sha256")
    content_sha256: str = column(_TEXT, "sha256 of the bytes; empty when it could not be read")
    uris: tuple[str, ...] = column(pa.list_(_TEXT), "every name of this content, below the root that run.json names")
    size_bytes: int = column(_INT, "size of the content", "byte")
    container: str = column(_TEXT, "container format")
    video_codec: str = column(_TEXT, "codec of the video stream used")
    video_decoder: str = column(_TEXT, "FFmpeg's decoder of that stream")
    video_streams: tuple[str, ...] = column(
        pa.list_(_TEXT), "each video stream: index, codec, size as stored, whether a still image, programmes"
    )
    video_stream: int = column(_INT, "container index of the video stream used; -1: none")
    width: int = column(_INT, "image width as shown", "px")
    height: int = column(_INT, "image height as shown", "px")
    rotation_deg: int = column(_INT, "clockwise turn that the display matrix asks for, and frames have had", "degree")
    is_mirrored: bool = column(_BOOL, "left and right exchanged after that turn, as the display matrix asks for")
    pixel_format: str = column(_TEXT, "FFmpeg's name of the decoded frames' format")
    bit_depth: int = column(_INT, "bits of each channel; 0: without video", "bit")
    transfer: str = column(_TEXT, "transfer characteristic, as FFmpeg names it; empty where the file does not say")
    primaries: str = column(_TEXT, "colour primaries, likewise")
    colour_matrix: str = column(_TEXT, "matrix between RGB and YCbCr, likewise")
    value_range: str = column(_TEXT, "limited, full, or empty where the file does not say")
    peak_nits: float = column(_FLOAT, "brightest light of sampled frames, before the map to SDR; 0: not HDR", "cd/m2")
    source_fps: float = column(_FLOAT, "average image rate; never used for time", "1/s")
    sounds: tuple[str, ...] = column(pa.list_(_TEXT), "each audio stream: index, codec, rate, channels, language")
    sound_stream: int = column(_INT, "container index of the audio stream used; -1: none")
    audio_decoder: str = column(_TEXT, "FFmpeg's decoder of that stream")
    audio_channels: tuple[int, ...] = column(
        pa.list_(_INT), "its channels whose mean is used, from 0; empty: all, as FFmpeg mixes them"
    )
    audio_mix: str = column(_TEXT, "why not all channels, or several streams, are mixed; empty: all of one stream are")
    sound_start_s: float = column(_TIME, "start of the audio after the first image; + = late", "s")
    duration_s: float = column(_TIME, "length of the image timeline", "s")
    image_gap_s: float = column(_TIME, "time on that timeline without an image", "s")
    timeline_parts: int = column(_INT, "parts of it: a jump of the clock, or over 10 s without an image, between two")
    speech_s: float = column(_TIME, "time with speech", "s")
    speaker: str = column(_TEXT, "person, as given")
    group: str = column(_TEXT, "group, as given")
    split: str = column(_TEXT, "train, val or test, of its clips; several: they are in more than one")
    split_unit: str = column(_TEXT, "unit of its clips, see clips; source: where they are of more than one")
    licence: str = column(_TEXT, "licence, as given")
    consent: str = column(_TEXT, "consent, as given")
    language: str = column(_TEXT, "language, as given")
    num_windows: int = column(_INT, "windows the source was split into")
    windows_done: int = column(_INT, "windows with clips")
    windows_decided: int = column(_INT, "windows without a clip, by decision")
    windows_failed: int = column(_INT, "windows that failed")
    damaged_frames: int = column(_INT, "timeline frames whose image could not be decoded")
    smallest_face_px: float = column(
        _FLOAT,
        "shorter side of the smallest face that the detector could find in its images; 0: none were searched",
        "px",
    )
    num_clips: int = column(_INT, "clips stored")
    status: str = column(_TEXT, "clips, else failed, else decided")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One subject judged by one rule. A subject has rows up to the first rule that drops it."""

    subject_id: str = column(_TEXT, "id of the source, window, track, turn or clip")
    subject_kind: str = column(_TEXT, "source, window, track, turn or clip")
    source_id: str = column(_TEXT, "source it belongs to")
    stage: str = column(_TEXT, "stage that judged")
    rule: str = column(_TEXT, "name of the rule")
    rule_order: int = column(_INT, "place of the rule among those of its stage and subject kind")
    comparison: str = column(_TEXT, "kept when value COMPARISON threshold: >=, <=, in, exists")
    value: float | None = column(_TIME, "measured value, null where it is text")
    value_text: str = column(_TEXT, "measured value as text where it is no number")
    threshold: float | None = column(_TIME, "threshold, null where there is none")
    unit: str = column(_TEXT, "unit of value and threshold")
    kept: bool = column(_BOOL, "whether the subject passed")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRow:
    """One face tracked through one window."""

    track_id: str = column(_TEXT, "id: source, window, number")
    track_chain_id: str = column(_TEXT, "first track of its chain of tracks across window edges")
    source_id: str = column(_TEXT, "source")
    window_index: int = column(_INT, "window in the source")
    start_frame: int = column(_INT, "first timeline frame", "frame")
    end_frame: int = column(_INT, "one past the last timeline frame", "frame")
    end_rule: str = column(_TEXT, "why it ended: lost, cut, transition (dissolve or fade), window_edge, source_end")
    box_xyxy: tuple[float, ...] = column(_BOX, "median box in the source image", "px")
    boxes_xyxy: tuple[tuple[float, ...], ...] = column(pa.list_(_BOX), "box of each frame, 25 a second", "px")
    interpolated: tuple[bool, ...] = column(pa.list_(_BOOL), "whether that frame's box was interpolated")
    face_source_px: float = column(_FLOAT, "median of the box's shorter side", "px")
    detector_score: float = column(_FLOAT, "median detector score")
    mesh_presence: float = column(_FLOAT, "median presence logit of the mesh")
    sharpness: float = column(_FLOAT, "median variance of the Laplacian of the 112 px face", "grey level squared")
    yaw_deg: float = column(_FLOAT, "median; + = the face turns to the image's right", "degree")
    pitch_deg: float = column(_FLOAT, "median; + = looks down", "degree")
    roll_deg: float = column(_FLOAT, "median; + = clockwise in the image", "degree")
    mouth_opening: float = column(_FLOAT, "mean inner-lip distance over eye distance")
    mouth_visibility: float | None = column(
        _FLOAT, "mean probability that the mouth is seen and not covered; null: without a mesh"
    )
    sync_curve: tuple[float, ...] = column(
        pa.list_(pa.float32()),
        "mean similarity with the audio delayed by -15..15 frames against the image; 31 values or none",
    )
    audio_lag_frames: float | None = column(_FLOAT, "measured lag, + = the audio is late; null: not judged", "frame")
    audio_lag_se_frames: float | None = column(_FLOAT, "its standard error; null: not judged", "frame")
    sync_probability: float | None = column(
        _FLOAT, "that this face makes this audio; null: not judged, or no calibration"
    )
    sync_margin: float | None = column(_FLOAT, "peak less best value more than two frames away")
    sync_confidence: float | None = column(_FLOAT, "peak less median of the curve")
    lse_d: float | None = column(_FLOAT, "LSE-D of the published SyncNet; null with any other network")
    lse_c: float | None = column(_FLOAT, "LSE-C of the published SyncNet; null with any other network")
    audio_rate_correction: float = column(
        _TIME, "rate by which the audio was corrected before it was judged; 1: it was not"
    )
    drift_frames_per_minute: float | None = column(
        _FLOAT, "change of the lag along the chain; null: too short", "frame/min"
    )
    drift_se_frames_per_minute: float | None = column(_FLOAT, "its standard error; null: too short", "frame/min")
    stretch_middle_frames: tuple[float, ...] = column(
        pa.list_(pa.float32()), "middle frames of the segments of 3 s whose lags the drift is fitted to", "frame"
    )
    stretch_lags_frames: tuple[float, ...] = column(pa.list_(pa.float32()), "lag of each segment", "frame")
    stretch_lag_se_frames: tuple[float, ...] = column(pa.list_(pa.float32()), "its standard error", "frame")
    active_share: float = column(_FLOAT, "share of frames in which this face speaks")
    voiced_share: float = column(_FLOAT, "share of frames with speech in the corrected audio")
    face_embedding: tuple[float, ...] = column(
        pa.list_(pa.float32()), "mean recognition embedding of its clips' faces; empty: no clips, or --people none"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One stored clip. The same columns, except for its place in the shard, are in its KEY.json."""

    key: str = column(_TEXT, "WebDataset key")
    shard: str = column(_TEXT, "shard path below the dataset; empty until placed")
    tar_offset: int = column(_INT, "first byte of the clip's members in the shard", "byte")
    tar_length: int = column(_INT, "length of the clip's members", "byte")
    source_id: str = column(_TEXT, "source")
    source_uri: str = column(_TEXT, "first of the source's names, below the root that run.json names")
    source_start_s: float = column(_TIME, "start in the source's timeline", "s")
    source_end_s: float = column(_TIME, "end in the source's timeline", "s")
    source_fps: float = column(_FLOAT, "average image rate of the source", "1/s")
    track_id: str = column(_TEXT, "track it was cut from")
    start_frame: int = column(_INT, "first timeline frame", "frame")
    num_frames: int = column(_INT, "frames, 25 a second", "frame")
    audio_lag_frames: float | None = column(_FLOAT, "measured lag, + = the audio was late; null: not judged", "frame")
    audio_lag_se_frames: float | None = column(_FLOAT, "its standard error; null: not judged", "frame")
    audio_shift_samples: int = column(
        _INT, "applied: stored sample n is the source's n + shift, times the rate correction", "sample"
    )
    audio_rate_correction: float = column(
        _TIME, "applied: the source's audio was resampled by it, because it ran at another rate than the image; 1: none"
    )
    sync_probability: float | None = column(_FLOAT, "of the track; null: not judged, or no calibration")
    sync_confidence: float | None = column(_FLOAT, "of the track; null: not judged")
    sync_margin: float | None = column(_FLOAT, "of the track; null: not judged")
    lse_d: float | None = column(_FLOAT, "LSE-D of the track; null with any network but the published SyncNet")
    lse_c: float | None = column(_FLOAT, "LSE-C of the track; null with any network but the published SyncNet")
    detector: str = column(_TEXT, "face detector")
    detector_sha256: str = column(_TEXT, "its weights")
    mesh_sha256: str = column(_TEXT, "weights of the face mesh")
    speech_model: str = column(_TEXT, "speech detector")
    sync_network: str = column(_TEXT, "sync network, or none")
    sync_network_sha256: str = column(_TEXT, "its weights; empty for none")
    split: str = column(_TEXT, "train, val or test")
    split_unit: str = column(_TEXT, "unit that is never in two splits: speaker:, group:, person: or source:")
    speaker: str = column(_TEXT, "person, as given")
    person_id: str = column(_TEXT, "person by the face, the same across sources; empty: not looked for")
    person_confidence: float | None = column(
        _FLOAT, "0..1: how much nearer the face is to its person than to the next; null: not looked for"
    )
    group: str = column(_TEXT, "group, as given")
    licence: str = column(_TEXT, "licence, as given")
    consent: str = column(_TEXT, "consent, as given")
    language: str = column(_TEXT, "language, as given")
    text: str | None = column(
        _TEXT,
        "what is said, by the recogniser of the recipe; empty: nothing, or another language; null: none was asked",
    )
    text_confidence: float | None = column(
        _FLOAT, "mean probability of the text's tokens; null: none was asked, or another language"
    )
    image_px: int = column(_INT, "side of the stored face", "px")
    face_source_px: float = column(_FLOAT, "median of the box's shorter side in the source", "px")
    sharpness: float = column(
        _FLOAT, "median variance of the Laplacian of the stored face at 112 px", "grey level squared"
    )
    yaw_deg: float = column(_FLOAT, "median", "degree")
    pitch_deg: float = column(_FLOAT, "median", "degree")
    roll_deg: float = column(_FLOAT, "median", "degree")
    mouth_opening: float = column(_FLOAT, "mean inner-lip distance over eye distance")
    mouth_visibility: float = column(_FLOAT, "mean probability that the mouth is seen and not covered")
    mouth_opening_sd: float = column(_FLOAT, "its standard deviation over the clip")
    bridged_share: float = column(_FLOAT, "share of frames whose face was interpolated")
    speech_share: float = column(_FLOAT, "share of frames with speech")
    loudness_dbfs: float = column(_FLOAT, "RMS of the stored audio", "dB relative to full scale")
    clipping_share: float = column(_FLOAT, "share of samples at full scale")
    fingerprint: str = column(_TEXT, "of what is said and how the lips move, the same for copies: see docs/dataset.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow:
    """One shard."""

    shard: str = column(_TEXT, "path below the dataset")
    split: str = column(_TEXT, "train, val or test")
    num_clips: int = column(_INT, "clips")
    size_bytes: int = column(_INT, "bytes", "byte")
    sha256: str = column(_TEXT, "of the whole file")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One element that failed. The run continued with the others."""

    stage: str = column(_TEXT, "stage")
    kind: str = column(
        _TEXT,
        "not_media, unreadable, changed, damaged, limit, missing_stream, encrypted, no_decoder, crash, timeout or bug",
    )
    message: str = column(_TEXT, "what is wrong, where, and what was expected")
    source_id: str = column(_TEXT, "source; empty when it could not be read")
    source_uri: str = column(_TEXT, "a name of the source, below the root that run.json names")
    window_index: int = column(_INT, "window; -1: the whole source")
    attempts: int = column(_INT, "times it was tried")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakedownRow:
    """One subject that was taken out and is refused from then on: ids and hashes, no content and no name."""

    kind: str = column(_TEXT, "source, clip, speaker, name or person")
    subject: str = column(
        _TEXT,
        "id of the source or person, key of the clip, sha256 of the speaker's compared name or of a source's name",
    )
    content_sha256: str = column(_TEXT, "of a source: sha256 of its bytes; empty if it was not read")
    fingerprints: tuple[str, ...] = column(pa.list_(_TEXT), "of its clips, so that copies of them are refused as well")
    num_clips: int = column(_INT, "clips that were taken out with it", "clip")
    clip_s: float = column(_TIME, "their length", "s")
    reason: str = column(_TEXT, "why, as given")
    taken_at: str = column(_TEXT, "when, UTC")
    generation: int = column(_INT, "generation that it is not in any more; 0: taken over from another dataset's list")


AnyRow = SourceRow | DecisionRow | TrackRow | ClipRow | ShardRow | FailureRow | TakedownRow
"""A row of any table."""

TABLES = {
    "sources": SourceRow,
    "decisions": DecisionRow,
    "tracks": TrackRow,
    "clips": ClipRow,
    "shards": ShardRow,
    "failures": FailureRow,
    "takedowns": TakedownRow,
}
"""Table name -> row type."""

SORT_BY = {
    "sources": ("source_id", "uris"),
    "tracks": ("track_id",),
    "clips": ("key",),
    "shards": ("shard",),
    "decisions": ("source_id", "subject_id", "stage", "rule_order", "rule"),
    "failures": ("source_uri", "source_id", "window_index", "stage", "kind", "message"),
    "takedowns": ("kind", "subject"),
}
"""Table name -> the columns its rows are sorted by."""


def table_name(row: object) -> str:
    """Name of the table that a row belongs to; TypeError for anything else."""
    for name, row_type in TABLES.items():
        if type(row) is row_type:
            return name
    raise TypeError(f"{type(row).__name__} is not a row of any table")
