"""The ground truth of the demonstration, as answers.json holds it."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one scene."""

    name: str
    speaks: bool
    start_frame: int
    end_frame: int  # one past the last
    box_xyxy: tuple[float, ...]  # at rest, px: forehead to chin, cheek to cheek


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a build of the demonstration should find."""

    video: str  # file name
    damaged_video: str  # file name of the same video with frames that cannot be decoded
    num_frames: int  # at 25 per second
    cut_frames: tuple[int, ...]  # first frame after each cut
    audio_lag_frames: int  # + = the audio is late
    mouth_openings: tuple[float, ...]  # of the speaker, 0..1, each frame
    faces: tuple[Face, ...]


def read_answers(path: Path) -> Answers:
    """Read the answers.json that `demo.make_video` wrote."""
    fields = json.loads(path.read_text())
    faces = tuple(Face(**{**face, "box_xyxy": tuple(face["box_xyxy"])}) for face in fields.pop("faces"))
    cut_frames, mouth_openings = tuple(fields.pop("cut_frames")), tuple(fields.pop("mouth_openings"))
    return Answers(faces=faces, cut_frames=cut_frames, mouth_openings=mouth_openings, **fields)
