"""Middle frames of stored clips, small enough for a page, as data URLs."""

import base64
from collections.abc import Collection

import cv2

from schemas.stored.clip import Clip, open_rows
from schemas.stored.manifests import Manifests
from transforms.media.face_crop import encode_jpeg

MAX_PX = 128
_JPEG_QUALITY = 85


def face_images(output: str, manifests: Manifests, keys: Collection[str]) -> dict[str, str]:
    """Key -> data URL of the clip's middle frame, for the clips whose shard is there."""
    sql = "SELECT * FROM clips WHERE list_contains($1, key) ORDER BY shard, tar_offset"
    rows = manifests.sql(sql, params=[sorted(set(keys))]).to_arrow_table() if keys else None
    if rows is None or not rows.num_rows:
        return {}
    return {clip.key: _data_url(middle_jpeg(clip)) for clip in open_rows(output, rows)}


def middle_jpeg(clip: Clip) -> bytes:
    """The middle frame as it is stored, or made smaller where its side is over MAX_PX."""
    frame = clip.num_frames // 2
    if clip.image_px <= MAX_PX:
        return bytes(clip.face_jpeg(frame))
    small = cv2.resize(clip.face(frame), (MAX_PX, MAX_PX), interpolation=cv2.INTER_AREA)
    return encode_jpeg(small, _JPEG_QUALITY)


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
