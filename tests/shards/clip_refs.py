"""Made clips: references to packs that hold real tar members."""

import hashlib

from schemas.records import ClipRef
from schemas.tables import ClipRow
from transforms.media.tar import tar_members

_NUMBERS = dict.fromkeys(
    (
        "source_end_s",
        "source_fps",
        "face_source_px",
        "sharpness",
        "yaw_deg",
        "pitch_deg",
        "roll_deg",
        "mouth_opening",
        "mouth_visibility",
        "mouth_opening_sd",
        "bridged_share",
        "speech_share",
        "loudness_dbfs",
        "clipping_share",
    ),
    1.0,
)
_TEXTS = dict.fromkeys(
    (
        "track_id",
        "detector",
        "detector_sha256",
        "mesh_sha256",
        "speech_model",
        "sync_network",
        "sync_network_sha256",
        "fingerprint",
        "speaker",
        "group",
        "licence",
        "consent",
        "language",
    ),
    "x",
)

_UNJUDGED = dict.fromkeys(
    ("audio_lag_frames", "audio_lag_se_frames", "sync_probability", "sync_confidence", "sync_margin", "lse_d", "lse_c")
)


def clip_row(key, source_id="s1", split="train", split_unit="speaker:x", **fields):
    """A clip's row that is not placed yet."""
    fields = {
        "shard": "",
        "tar_offset": 0,
        "tar_length": 0,
        "source_start_s": 0.0,
        "start_frame": 0,
        "num_frames": 25,
        "audio_shift_samples": 0,
        "audio_rate_correction": 1.0,
        "image_px": 112,
        **_NUMBERS,
        **_TEXTS,
        **_UNJUDGED,
        "person_id": "",
        "person_confidence": None,
        "text": None,
        "text_confidence": None,
        **fields,
    }
    return ClipRow(
        key=key, source_id=source_id, source_uri=f"/in/{source_id}.mp4", split=split, split_unit=split_unit, **fields
    )


def clip_refs(folder, rows, size=3000):
    """References to one pack below `folder` that holds a clip for each row."""
    members = [tar_members(row.key, [("flac", row.key.encode() * size)]) for row in rows]
    data = b"".join(members)
    pack = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.pack"
    pack.write_bytes(data)
    refs, offset = [], 0
    for row, part in zip(rows, members, strict=True):
        refs.append(
            ClipRef(
                key=row.key,
                split=row.split,
                pack_uri=str(pack),
                offset=offset,
                length=len(part),
                sha256=hashlib.sha256(part).hexdigest(),
                row=row,
            )
        )
        offset += len(part)
    return refs
