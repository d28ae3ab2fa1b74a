"""The images of windows. The last file stays open, because windows of one source come one after the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from schemas.clock import source_frame_of
from schemas.media import Timeline
from schemas.records import Video, Window
from transforms.media.frames import FrameReader
from transforms.media.stalled_images import without_stalls
from transforms.media.timeline_file import timeline_from_bytes


class WindowFrames:
    """Reads windows one after the other."""

    def __init__(self, local_path: Callable[[str], str], made_path: Callable[[str], str] | None = None) -> None:
        """Open nothing yet. local_path: uri -> path of a file on this machine; made_path: of one that this run made."""
        self._local_path, self._made_path = local_path, made_path or local_path
        self._source_id = ""
        self._reader: FrameReader | None = None
        self._source_frames = np.zeros(0, np.int64)

    def of(self, window: Window) -> Iterator[tuple[int, np.ndarray | None]]:
        """(timeline frame, upright RGB uint8 (H, W, 3), or None where it cannot be decoded), ascending, each once.

        Timeline frames without an image are left out.
        """
        path = self._local_path(window.video.source.source_uri)  # a copy in the cache is kept for this window
        if self._reader is None or window.video.source.source_id != self._source_id:
            self._reader = self._opened(window.video, path)
        self._reader.begin_window()
        wanted = self._source_frames[window.start_frame : window.end_frame]
        yield from without_stalls(
            (window.start_frame + position, image) for position, image in self._reader.frames(wanted)
        )

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self._source_id = None, ""

    def _opened(self, video: Video, path: str) -> FrameReader:
        self.close()
        timeline = self._timeline(video)
        reader = FrameReader(path, video.probe, timeline)
        self._source_frames = source_frame_of(timeline.presentation_ticks, timeline.time_base, video.num_frames)
        self._source_id = video.source.source_id
        return reader

    def _timeline(self, video: Video) -> Timeline:
        content = Path(self._made_path(video.timeline_uri)).read_bytes()
        return timeline_from_bytes(content, video.probe.used_video.time_base)
