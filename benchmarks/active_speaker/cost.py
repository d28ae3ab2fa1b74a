"""Cost of a judge without tracking: the whole stage on one face, without a cache."""

import time
from collections.abc import Sequence
from statistics import median

from benchmarks.active_speaker.judge import made_window
from benchmarks.active_speaker.measures import Target
from benchmarks.active_speaker.segments import Face, best_segment, own_audio
from schemas.clock import seconds_from_frames
from transforms.media.tubes import TubeFile, write_tubes
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import find_speakers
from transforms.speakers.sync_network import SyncNetwork

COST_TARGET_MS = Target(target=5.0, goal=1.0, at_least=False)
_MAX_FACES, _MAX_S = 5, 10


def cost_ms_per_face_second(network: SyncNetwork, config: SpeakersConfig, faces: Sequence[Face]) -> float | None:
    """Median milliseconds of FindSpeakers per second of a face, over a few faces; None without faces."""
    segments = [segment for face in faces[: _MAX_FACES + 1] if (segment := best_segment(face, _MAX_S))]
    spent = []
    for segment in segments:
        tube, audio = segment.tube(), own_audio(segment)
        window = made_window([segment.face], [tube], audio)
        tubes = TubeFile(write_tubes({window.tracks[0].name: tube}))
        start = time.perf_counter()
        find_speakers(window, tubes, audio.samples, network, config, min_box_px=0.0, min_track_s=0.0, min_turn_s=0.0)
        spent.append(1000 * (time.perf_counter() - start) / seconds_from_frames(segment.num_frames))
    return median(spent[1:] or spent) if spent else None  # the first run includes warming up
