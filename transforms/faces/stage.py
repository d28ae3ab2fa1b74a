"""TrackFaces: detects and tracks faces; the only stage that decodes frames.

It is guarded, because native decoders crash and hang on bad files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import apache_beam as beam
import numpy as np

from schemas.records import Window, WindowFaces
from schemas.tables import FailureRow
from transforms.beam_support.counters import count, count_msec
from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.progress_marks import ProgressMark, leave_mark
from transforms.beam_support.results import Memory, StageResults, made_path, nameless_faces
from transforms.beam_support.storage import exists, local_path, write_once
from transforms.beam_support.stores import DEFAULT_STORE, StoreOptions
from transforms.beam_support.unchanged import unchanged
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.faces.track_faces import track_faces
from transforms.media.canonical import CanonicalFace
from transforms.media.config import LimitsConfig
from transforms.media.tubes import write_tubes
from transforms.media.window_frames import WindowFrames

STAGE = "TrackFaces"


class TrackFacesOutputs(NamedTuple):
    """Outputs of TrackFaces."""

    faces: beam.PCollection[WindowFaces]
    failures: beam.PCollection[FailureRow]


@dataclass
class TrackFaces(beam.PTransform):
    """Detect and track every face of each window; face tubes are kept until the window's clips are cut."""

    config: FacesConfig
    canonical: CanonicalFace
    limits: LimitsConfig
    results: StageResults
    later: tuple[StageResults, ...]  # of the stages that need the tubes, in order
    staging: str
    fail_fast: bool = False
    store: StoreOptions = DEFAULT_STORE

    def expand(self, windows: beam.PCollection[Window]) -> TrackFacesOutputs:
        """See beam.PTransform."""
        memory = TrackMemory(results=self.results, later=self.later)
        work = _Track(self.config, self.canonical, self.limits, memory)
        guarded = windows | "Track" >> Guarded(
            work=work,
            stage=STAGE,
            place=place_of_window,
            use_subprocess=True,
            cpu_s=self.limits.window_s,
            memory_mb=self.limits.memory_mb,
            fail_fast=self.fail_fast,
            staging=self.staging,
            store=self.store,
            fetch=_uri_of,
            memory=memory,
        )
        counted = guarded.results | "Count" >> beam.ParDo(_Count(self.staging)).with_output_types(WindowFaces)
        return TrackFacesOutputs(counted, guarded.failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMemory(Memory):
    """The faces of a window are whole with their tubes, or when all that needs these is made."""

    later: tuple[StageResults, ...]

    def key(self, element: Window) -> str:
        """See Memory."""
        return self.results.key(
            element.video.result_key, element.index, element.start_frame, element.end_frame, element.is_last
        )

    def nameless(self, record: WindowFaces) -> WindowFaces:
        """See Memory."""
        return nameless_faces(record)

    def adopted(self, record: WindowFaces, element: Window, key: str) -> WindowFaces:
        """See Memory."""
        return replace(record, window=element, tube_uri=self.results.uri(key, ".npz") if record.tube_uri else "")

    def is_whole(self, key: str, records: tuple[WindowFaces, ...]) -> bool:
        """See Memory."""
        if not any(record.tube_uri for record in records):
            return True
        last = key
        for results in self.later:
            last = results.key(last)
        return self.later[-1].has(last) or exists(self.results.uri(key, ".npz"))


class _Track(beam.DoFn):
    """Loads the networks once a process, and keeps the last file open: a source's windows come one after the other."""

    def __init__(self, config: FacesConfig, canonical: CanonicalFace, limits: LimitsConfig, memory: TrackMemory):
        self._config, self._canonical, self._limits, self._memory = config, canonical, limits, memory

    def setup(self) -> None:
        self._detector = load_detector(
            self._config.detector,
            min_box_px=self._config.min_box_px,
            score=self._config.detector_score,
            tiles=self._config.tiles,
        )
        self._mesh = MediaPipeMesh()
        self._frames = WindowFrames(local_path, made_path)

    def process(self, window: Window) -> Iterator[WindowFaces]:
        stopwatch = Stopwatch()
        key = self._memory.key(window)
        uri = self._memory.results.uri(key, ".npz")
        with unchanged(window.video.source):
            faces, tubes = track_faces(
                window=window,
                images=self._timed_images(window, stopwatch),
                detector=self._detector,
                mesh=self._mesh,
                config=self._config,
                canonical=self._canonical,
                damaged_share=self._limits.damaged_share,
                stopwatch=stopwatch,
                tube_uri=uri,
            )
        if tubes:
            write_once(uri, write_tubes(tubes))
        yield replace(faces, result_key=key)

    def _timed_images(self, window: Window, stopwatch: Stopwatch) -> Iterator[tuple[int, np.ndarray | None]]:
        images = self._frames.of(window)
        while True:
            with stopwatch("decode"):
                image = next(images, None)
            if image is None:
                return
            yield image


def _uri_of(window: Window) -> str:
    return window.video.source.source_uri


class _Count(beam.DoFn):
    def __init__(self, staging: str):
        self._staging = staging

    def process(self, faces: WindowFaces) -> Iterator[WindowFaces]:
        window = faces.window
        num_frames = window.end_frame - window.start_frame
        count(STAGE, "windows")
        count(STAGE, "tracks", len(faces.tracks))
        count(STAGE, "damaged_frames", faces.damaged_frames)
        count(STAGE, "frames", num_frames)
        count_msec(STAGE, faces.work_msec)
        leave_mark(
            self._staging,
            ProgressMark(
                stage=STAGE,
                source_id=window.video.source.source_id,
                window_index=window.index,
                frames=num_frames,
                tracks=len(faces.tracks),
            ),
        )
        yield faces


def place_of_window(window: Window) -> Place:
    """Source and window of a failure row."""
    source = window.video.source
    return Place(source.source_id, source.stored_name, window.index, source.source_uri)
