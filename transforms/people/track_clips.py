"""The clips of one track that give its faces, and the embedding that is made of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.records import ClipRef
from schemas.stored.clip import Clip
from schemas.stored.members import split_members
from transforms.people.embed_track import chosen_clips


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackClips:
    """The clips of one track that give its faces."""

    track_id: str
    num_clips: int  # of the track
    chosen: tuple[ClipRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFace:
    """The face of one track."""

    track_id: str
    embedding: bytes  # float32 (D,)


def track_clips(num_faces: int, track_id: str, clips: Iterable[ClipRef]) -> TrackClips:
    """Choose the clips of a track that give its faces, from all of them."""
    every = sorted({ref.key: ref for ref in clips}.values(), key=lambda ref: ref.row.start_frame)
    chosen = tuple(every[place] for place in chosen_clips(len(every), num_faces))
    return TrackClips(track_id=track_id, num_clips=len(every), chosen=chosen)


def opened_clip(ref: ClipRef, members: bytes) -> Clip:
    """A clip of a pack from its members, with nothing of it decoded."""
    parts = dict(split_members(memoryview(members), ref.key))
    return Clip(key=ref.key, shard=ref.pack_uri, num_frames=ref.row.num_frames, image_px=ref.row.image_px, parts=parts)
