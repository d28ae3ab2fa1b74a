"""What one local file holds, found as a build would find it."""

import os

import numpy as np

from pipeline.config import Recipe
from pipeline.probe_text import FacesInFrame, FileProbe
from schemas.clock import FRAME_RATE, num_timeline_frames, source_frame_of
from schemas.media import MediaProbe, Timeline
from schemas.records import Source
from transforms.faces.detectors.registry import load_detector
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.prepare.prepare_video import PreparedVideo, prepare_video
from transforms.prepare.speech_models import load_speech_model
from transforms.windows.split_windows import speech_windows

NUM_LOOKS = 5  # frames in which faces are sought
_PROBED = "0" * 16  # source_id: the content is not hashed


def probe_file(path: str, recipe: Recipe) -> FileProbe:
    """Probe, hear and look at one local file as build would; a MediaError says why it cannot be used."""
    media, timeline = probe_media(path, recipe.limits, recipe.audio)
    prepared = prepare_video(
        _unhashed_source(path),
        path,
        load_speech_model(recipe.speech),
        limits=recipe.limits,
        audio=recipe.audio,
        min_speech_s=recipe.speech.min_speech_s,
        publish=lambda name, local_path: name,
    )
    windows = speech_windows(prepared.video, timeline) if prepared.video else []
    decisions = prepared.decisions + tuple(row for _, row in windows)
    looks = _look_for_faces(path, media, timeline, recipe) if media.video else ()
    return FileProbe(
        media=media,
        timeline=timeline,
        num_frames=_num_frames(timeline),
        speech_s=prepared.facts.speech_s,
        num_turns=_num_turns(prepared),
        num_windows=len(windows),
        windows_with_speech=sum(row.kept for _, row in windows),
        decisions=decisions,
        looks=looks,
    )


def _look_for_faces(path: str, media: MediaProbe, timeline: Timeline, recipe: Recipe) -> tuple[FacesInFrame, ...]:
    detector = load_detector(
        recipe.faces.detector, min_box_px=recipe.faces.min_box_px, score=recipe.faces.detector_score
    )
    num_frames = _num_frames(timeline)
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    places = np.unique(((np.arange(NUM_LOOKS) + 0.5) / NUM_LOOKS * num_frames).astype(int))
    looks = []
    with FrameReader(path, media, timeline) as reader:
        for position, image in reader.frames(shown[places]):
            found = None if image is None else detector.detect(image).boxes_xyxy
            sides = (
                ()
                if found is None
                else tuple(sorted((min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in found.tolist()), reverse=True))
            )
            looks.append(
                FacesInFrame(time_s=int(places[position]) / FRAME_RATE, decoded=image is not None, sides_px=sides)
            )
    return tuple(looks)


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
