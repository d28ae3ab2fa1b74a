"""Cut speaking turns into finished clips: the plain function behind CutClips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from typing import TypedDict

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME, seconds_from_frames
from schemas.decisions import DecisionLog, Rule
from schemas.records import Source, SpeakingTurn, WindowTurns
from schemas.settings import setting_values
from schemas.sync_result import sync_columns
from schemas.tables import ClipRow, DecisionRow
from transforms.clips.clip_parts import align_face, clip_parts
from transforms.clips.config import ClipsConfig, max_clip_frames
from transforms.media.audio_rate import read_at_rate
from transforms.media.canonical import MESH_UNIT, mouth_opening
from transforms.media.face_crop import sharpness
from transforms.media.fingerprint import clip_fingerprint
from transforms.media.speech_mask import speech_mask
from transforms.media.tar import tar_members
from transforms.media.tubes import FaceTube, TubeFile

_SHARPNESS_EVERY = 10  # frames
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipFacts:
    """What the rules of a clip ask about."""

    tube: FaceTube  # of the clip's frames
    mouth_visibility: float  # mean


CLIP_RULES: tuple[Rule[ClipFacts], ...] = (
    Rule(
        name="min_s",
        comparison=">=",
        value=lambda clip: seconds_from_frames(len(clip.tube.interpolated)),
        setting="clips.min_s",
        unit="s",
    ),
    Rule(
        name="max_bridged_share",
        comparison="<=",
        value=lambda clip: float(clip.tube.interpolated.mean()),
        setting="clips.max_bridged_share",
        unit="of the clip's frames",
    ),
    Rule(
        name="min_mouth_visibility",
        comparison=">=",
        value=lambda clip: clip.mouth_visibility,
        setting="clips.min_mouth_visibility",
        unit="probability",
    ),
)
"""The rules of a clip, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutClip:
    """One finished clip: its row, and the bytes of its other tar members."""

    row: ClipRow
    members: bytes


class NameColumns(TypedDict):
    """The columns that were given with the names of the source: they may change while the clip stays."""

    source_uri: str
    split: str
    split_unit: str
    speaker: str
    group: str
    licence: str
    consent: str
    language: str


class _Quality(TypedDict):
    """The columns that are measured on the clip itself."""

    sharpness: float
    face_source_px: float
    mouth_opening: float
    mouth_visibility: float
    mouth_opening_sd: float
    bridged_share: float
    speech_share: float
    loudness_dbfs: float
    clipping_share: float
    fingerprint: str


def cut_clips(
    turns: WindowTurns, tubes: TubeFile | None, read_audio: Callable[[int, int], np.ndarray], config: ClipsConfig
) -> Iterator[CutClip | DecisionRow]:
    """Clips of one window, and the decisions about them.

    tubes: None for a window without turns. read_audio(start, end): int16 samples of the source's timeline, zeros beyond
    its ends.
    """
    for turn, tube in _turns_with_tubes(turns, tubes):
        for start, end in split_turn(turn.start_frame, turn.end_frame, config.min_s, config.max_s):
            clip_tube = slice_tube(tube, start - turn.track.start_frame, end - turn.track.start_frame)
            key = f"{turn.track.track_id}-{start:07d}"
            log = DecisionLog(
                stage="CutClips", source_id=turn.track.row.source_id, settings=setting_values("clips", config)
            )
            facts = ClipFacts(tube=clip_tube, mouth_visibility=float(clip_tube.mouth_visibility.mean()))
            kept = log.keeps(key, "clip", facts, CLIP_RULES)
            yield from log.rows
            if kept:
                yield _cut(turns, turn, facts, key, start, end, read_audio, config)


def _turns_with_tubes(turns: WindowTurns, tubes: TubeFile | None) -> Iterator[tuple[SpeakingTurn, FaceTube]]:
    """Each turn with the face tube of its track, which is read once for turns that follow each other."""
    for name, of_track in groupby(turns.turns, key=lambda turn: turn.track.name):
        if tubes is None:
            raise ValueError(f"there are no face tubes for the turns of {name}")
        tube = tubes.tube(name)
        for turn in of_track:
            yield turn, tube


def split_turn(start_frame: int, end_frame: int, min_s: float, max_s: float) -> list[tuple[int, int]]:
    """Cut a turn into equal parts, none longer than max_s: start and end frame of each.

    Where equal parts would be shorter than min_s, as many clips of max_s as fit are cut from the turn's start; what
    remains is the last part, which is shorter than min_s.
    """
    num_frames, max_frames = end_frame - start_frame, max_clip_frames(max_s)
    num_parts = max(1, -(-num_frames // max_frames))
    if num_parts > 1 and seconds_from_frames(num_frames // num_parts) < min_s:
        edges = [*range(start_frame, end_frame, max_frames), end_frame]
    else:
        edges = [start_frame + num_frames * part // num_parts for part in range(num_parts + 1)]
    return list(pairwise(edges))


def slice_tube(tube: FaceTube, start: int, end: int) -> FaceTube:
    """Frames start to end of a tube, end excluded."""
    index = tube.crops_index[start : end + 1]
    whole = {field.name: getattr(tube, field.name)[start:end] for field in fields(FaceTube)}
    return FaceTube(**{**whole, "crops_jpeg": tube.crops_jpeg[index[0] : index[-1]], "crops_index": index - index[0]})


def _cut(
    turns: WindowTurns,
    turn: SpeakingTurn,
    facts: ClipFacts,
    key: str,
    start: int,
    end: int,
    read_audio: Callable[[int, int], np.ndarray],
    config: ClipsConfig,
) -> CutClip:
    tube, shift = facts.tube, turn.audio_shift_samples
    span = (start * SAMPLES_PER_FRAME + shift, end * SAMPLES_PER_FRAME + shift)
    samples = read_at_rate(read_audio, turns.audio_rate, *span)
    faces = [
        align_face(tube.crop(t), tube.crop_to_source[t], tube.align[t], config.image_px) for t in range(end - start)
    ]
    speech = speech_mask(turns.faces.window.video.speech, start, end, shift)
    row = _row(turns, turn, key, range(start, end), config.image_px, _quality(facts, faces, samples, speech))
    return CutClip(row=row, members=tar_members(key, clip_parts(tube, faces, samples, config)))


def _quality(facts: ClipFacts, faces: list[np.ndarray], samples: np.ndarray, speech: np.ndarray) -> _Quality:
    """Measure the clip. speech: bool (T,)."""
    tube = facts.tube
    opening = mouth_opening(tube.mesh.astype(np.float32) / MESH_UNIT)
    power = float(np.mean(samples.astype(np.float64) ** 2))
    return {
        "sharpness": float(np.median([sharpness(face) for face in faces[::_SHARPNESS_EVERY]])),
        "face_source_px": float(np.median((tube.boxes_xyxy[:, 2:] - tube.boxes_xyxy[:, :2]).min(1))),
        "mouth_opening": float(opening.mean()),
        "mouth_visibility": facts.mouth_visibility,
        "mouth_opening_sd": float(opening.std()),
        "bridged_share": float(tube.interpolated.mean()),
        "speech_share": float(speech.mean()),
        "loudness_dbfs": float(10 * np.log10(max(power, 1e-2) / 32768.0**2)),
        "clipping_share": float((np.abs(samples.astype(np.int32)) >= _FULL_SCALE).mean()),
        "fingerprint": clip_fingerprint(samples, tube.mesh),
    }


def name_columns(source: Source | None) -> NameColumns:
    """The columns of a clip that were given with the names of its source; empty without one."""
    return NameColumns(
        source_uri=source.stored_name if source else "",
        split=source.split if source else "",
        split_unit=source.split_unit if source else "",
        speaker=source.speaker if source else "",
        group=source.group if source else "",
        licence=source.licence if source else "",
        consent=source.consent if source else "",
        language=source.language if source else "",
    )


def _row(turns: WindowTurns, turn: SpeakingTurn, key: str, frames: range, image_px: int, quality: _Quality) -> ClipRow:
    """The row of one clip, without its place in a shard."""
    faces, video, track = turns.faces, turns.faces.window.video, turn.track.row
    source = video.source
    assert video.probe.video is not None  # a window with tracks has a video stream
    return ClipRow(
        key=key,
        shard="",
        tar_offset=0,
        tar_length=0,
        source_id=source.source_id,
        source_start_s=seconds_from_frames(frames.start),
        source_end_s=seconds_from_frames(frames.stop),
        source_fps=float(video.probe.video.average_rate),
        track_id=track.track_id,
        start_frame=frames.start,
        num_frames=len(frames),
        **sync_columns(turn.sync),
        audio_shift_samples=turn.audio_shift_samples,
        audio_rate_correction=float(turns.audio_rate),
        detector=faces.detector,
        detector_sha256=faces.detector_sha256,
        mesh_sha256=faces.mesh_sha256,
        speech_model=video.speech_model,
        sync_network=turns.sync_network,
        sync_network_sha256=turns.sync_network_sha256,
        **name_columns(source),
        person_id="",
        person_confidence=None,
        text=None,
        text_confidence=None,
        image_px=image_px,
        yaw_deg=track.yaw_deg,
        pitch_deg=track.pitch_deg,
        roll_deg=track.roll_deg,
        **quality,
    )
