"""The content of one local file, found as a build would find it."""

import os

import numpy as np

from pipeline.config import Recipe
from pipeline.probe_text import FacesInFrame, FileProbe
from schemas.clock import FRAME_RATE, num_timeline_frames, source_frame_of
from schemas.media import MediaProbe, Timeline
from schemas.records import Source
from transforms.faces.detectors.registry import load_detector
from transforms.faces.face_counter import FaceCounter
from transforms.media.frames import FrameReader
from transforms.media.video_choice import choose_video
from transforms.prepare.prepare_video import PreparedVideo, prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.windows.split_windows import speech_windows

NUM_FRAMES = 5  # in which faces are detected
_PROBED = "0" * 16  # source_id: the content is not hashed


def probe_file(path: str, recipe: Recipe) -> FileProbe:
    """Probe one local file, find its speech, and detect faces in some frames, as build would.

    MediaError: the file cannot be used.
    """
    count_faces = FaceCounter(recipe.faces)
    media, timeline = choose_video(path, recipe.limits, recipe.audio, recipe.video.stream, count_faces)
    prepared = prepare_video(
        _unhashed_source(path),
        path,
        load_speech_model(recipe.speech),
        limits=recipe.limits,
        audio=recipe.audio,
        min_speech_s=recipe.speech.min_speech_s,
        publish=lambda name, local_path: name,
        video=recipe.video,
        count_faces=count_faces,
    )
    min_speech_s = recipe.speech.min_speech_s
    windows = speech_windows(prepared.video, timeline, min_speech_s) if prepared.video and timeline else []
    return FileProbe(
        media=prepared.facts.probe or media,
        timeline=timeline,
        num_frames=_num_frames(timeline),
        speech_s=prepared.facts.speech_s,
        num_turns=_num_turns(prepared),
        num_windows=len(windows),
        windows_with_speech=sum(row.kept for _, row in windows),
        decisions=prepared.decisions + tuple(row for _, row in windows),
        frames=_detect_faces(path, media, timeline, recipe) if media.video and timeline else (),
    )


def _detect_faces(path: str, media: MediaProbe, timeline: Timeline, recipe: Recipe) -> tuple[FacesInFrame, ...]:
    """Detect faces in NUM_FRAMES frames, spread evenly over the file."""
    detector = load_detector(
        recipe.faces.detector,
        min_box_px=recipe.faces.min_box_px,
        score=recipe.faces.detector_score,
        tiles=recipe.faces.tiles,
    )
    num_frames = _num_frames(timeline)
    source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    positions = np.unique(((np.arange(NUM_FRAMES) + 0.5) / NUM_FRAMES * num_frames).astype(int))
    with FrameReader(path, media, timeline) as reader:
        return tuple(
            FacesInFrame(
                time_s=int(positions[place]) / FRAME_RATE,
                decoded=image is not None,
                sides_px=() if image is None else _sides_px(detector.detect(image).boxes_xyxy),
            )
            for place, image in reader.frames(source_frames[positions])
        )


def _sides_px(boxes_xyxy: np.ndarray) -> tuple[float, ...]:
    """Shorter side of each box, largest first."""
    return tuple(sorted((min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes_xyxy.tolist()), reverse=True))


def _num_frames(timeline: Timeline | None) -> int:
    return 0 if timeline is None else num_timeline_frames(timeline.presentation_ticks, timeline.time_base)


def _num_turns(prepared: PreparedVideo) -> int:
    return len(prepared.video.speech) if prepared.video else 0


def _unhashed_source(path: str) -> Source:
    return Source(
        source_id=_PROBED,
        content_sha256="",
        uris=(path,),
        size_bytes=os.path.getsize(path),
        speaker="",
        group="",
        split="train",
        split_unit=f"source:{_PROBED}",
        licence="",
        consent="",
        language="",
    )
