"""From speaking turns to finished clips: the plain twin of CutClips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME, seconds_from_frames
from schemas.decisions import Rule, judge
from schemas.records import SpeakingTurn, WindowTurns
from schemas.tables import ClipRow, DecisionRow
from transforms.clips.clip_parts import align_face, clip_parts
from transforms.clips.config import ClipsConfig
from transforms.media.canonical import MESH_UNIT, mouth_opening
from transforms.media.face_crop import sharpness
from transforms.media.speech_mask import speech_mask
from transforms.media.tar import tar_members
from transforms.media.tubes import FaceTube, TubeFile

_SHARPNESS_EVERY = 10  # frames
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class CutClip:
    """One finished clip: its row and its tar members."""

    row: ClipRow
    members: bytes


def cut_clips(
    turns: WindowTurns, tubes: TubeFile | None, read_audio: Callable[[int, int], np.ndarray], config: ClipsConfig
) -> Iterator[CutClip | DecisionRow]:
    """Clips of one window, and the decisions about them.

    read_sound(start, end): int16 samples of the source's timeline, zeros beyond its ends.
    """
    last_name, tube = "", None
    for turn in turns.turns:
        if turn.track.name != last_name:
            last_name, tube = turn.track.name, tubes.tube(turn.track.name)
        for start, end in split_turn(turn.start_frame, turn.end_frame, config.max_s):
            piece = slice_tube(tube, start - turn.track.start_frame, end - turn.track.start_frame)
            key = f"{turn.track.track_id}-{start:07d}"
            kept, decisions = judge(
                key,
                "clip",
                turn.track.row.source_id,
                "CutClips",
                (
                    Rule("min_s", ">=", seconds_from_frames(end - start), config.min_s, "s"),
                    Rule(
                        "max_bridged_share",
                        "<=",
                        float(piece.interpolated.mean()),
                        config.max_bridged_share,
                        "of the clip's frames",
                    ),
                ),
            )
            yield from decisions
            if kept:
                yield _cut(turns, turn, piece, key, start, end, read_audio, config)


def split_turn(start_frame: int, end_frame: int, max_s: float) -> list[tuple[int, int]]:
    """Equal parts, none longer than max_s."""
    num_frames = end_frame - start_frame
    num_parts = max(1, -(-num_frames // int(max_s * FRAME_RATE)))
    edges = [start_frame + num_frames * part // num_parts for part in range(num_parts + 1)]
    return list(pairwise(edges))


def slice_tube(tube: FaceTube, start: int, end: int) -> FaceTube:
    """Frames start..end of a tube."""
    index = tube.crops_index[start : end + 1]
    whole = {field.name: getattr(tube, field.name)[start:end] for field in fields(FaceTube)}
    return FaceTube(**{**whole, "crops_jpeg": tube.crops_jpeg[index[0] : index[-1]], "crops_index": index - index[0]})


def _cut(
    turns: WindowTurns,
    turn: SpeakingTurn,
    piece: FaceTube,
    key: str,
    start: int,
    end: int,
    read_audio: Callable[[int, int], np.ndarray],
    config: ClipsConfig,
) -> CutClip:
    shift = turn.audio_shift_samples
    samples = read_audio(start * SAMPLES_PER_FRAME + shift, end * SAMPLES_PER_FRAME + shift)
    faces = [
        align_face(piece.crop(t), piece.crop_to_source[t], piece.align[t], config.image_px) for t in range(end - start)
    ]
    row = _row(turns, turn, key, start, end, config.image_px)
    row = replace(
        row,
        **_quality(piece, faces, samples),
        speech_share=float(speech_mask(turns.faces.window.video.speech, start, end, shift).mean()),
    )
    return CutClip(row=row, members=tar_members(key, clip_parts(row, piece, faces, samples, config.jpeg_quality)))


def _quality(piece: FaceTube, faces: list[np.ndarray], samples: np.ndarray) -> dict[str, float]:
    """Quality numbers measured on the clip itself, by column name."""
    opening = mouth_opening(piece.mesh.astype(np.float32) / MESH_UNIT)
    power = float(np.mean(samples.astype(np.float64) ** 2))
    return {
        "sharpness": float(np.median([sharpness(face) for face in faces[::_SHARPNESS_EVERY]])),
        "face_source_px": float(np.median((piece.boxes_xyxy[:, 2:] - piece.boxes_xyxy[:, :2]).min(1))),
        "mouth_opening": float(opening.mean()),
        "mouth_opening_sd": float(opening.std()),
        "bridged_share": float(piece.interpolated.mean()),
        "loudness_dbfs": float(10 * np.log10(max(power, 1e-2) / 32768.0**2)),
        "clipping_share": float((np.abs(samples.astype(np.int32)) >= _FULL_SCALE).mean()),
    }


def _row(turns: WindowTurns, turn: SpeakingTurn, key: str, start: int, end: int, image_px: int) -> ClipRow:
    """Provenance of one clip; what is measured on the clip itself is filled in by its maker."""
    faces, video, track = turns.faces, turns.faces.window.video, turn.track.row
    source = video.source
    return ClipRow(
        key=key,
        shard="",
        tar_offset=0,
        tar_length=0,
        source_id=source.source_id,
        source_uri=source.source_uri,
        source_start_s=seconds_from_frames(start),
        source_end_s=seconds_from_frames(end),
        source_fps=float(video.probe.video.average_rate),
        track_id=track.track_id,
        start_frame=start,
        num_frames=end - start,
        audio_lag_frames=turn.audio_lag_frames,
        audio_lag_se_frames=turn.audio_lag_se_frames,
        audio_shift_samples=turn.audio_shift_samples,
        sync_probability=turn.sync_probability,
        sync_confidence=turn.sync_confidence,
        sync_margin=turn.sync_margin,
        lse_d=turn.lse_d,
        lse_c=turn.lse_c,
        detector=faces.detector,
        detector_sha256=faces.detector_sha256,
        mesh_sha256=faces.mesh_sha256,
        speech_model=video.speech_model,
        sync_network=turns.sync_network,
        sync_network_sha256=turns.sync_network_sha256,
        split=source.split,
        split_unit=source.split_unit,
        speaker=source.speaker,
        group=source.group,
        licence=source.licence,
        consent=source.consent,
        language=source.language,
        image_px=image_px,
        face_source_px=0.0,
        sharpness=0.0,
        yaw_deg=track.yaw_deg,
        pitch_deg=track.pitch_deg,
        roll_deg=track.roll_deg,
        mouth_opening=0.0,
        mouth_opening_sd=0.0,
        bridged_share=0.0,
        speech_share=0.0,
        loudness_dbfs=0.0,
        clipping_share=0.0,
    )
