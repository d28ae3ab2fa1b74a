"""The bundled network on held-out speakers whose audio was shifted by a known number of frames."""

import numpy as np
import pytest

from schemas.clock import num_timeline_frames, source_frame_of
from tests.shared_data import needs_shared, shared
from tests.speakers.made_windows import tube_file_of
from transforms.faces.config import FacesConfig
from transforms.faces.detectors.registry import load_detector
from transforms.faces.face_tracker import FaceTracker, tracks_of
from transforms.faces.finish_track import finish_tube
from transforms.faces.mesh import MediaPipeMesh
from transforms.faces.stopwatch import Stopwatch
from transforms.media.audio import decode_audio
from transforms.media.canonical import CanonicalFace
from transforms.media.config import AudioConfig, LimitsConfig
from transforms.media.frames import FrameReader
from transforms.media.probe import probe_media
from transforms.speakers.sync_network import load_sync_network
from transforms.speakers.sync_scores import SyncMeasure, measure, similarity, sync_curve

CLIPS = {
    "dev/grid_other/lbbc2a.mpg": 0,
    "dev/grid_other/lbax4n.mpg": 0,
    "dev/grid_other/pwij3p.mpg": 0,
    "dev/grid_other/id2_vcd_swwp2s.mpg": 0,
    "hard/known_offset/lbbc2a_sound_late_5f.mkv": 5,
    "hard/known_offset/lbbc2a_sound_early_5f.mkv": -5,
    "hard/known_offset/lbax4n_sound_late_12f.mkv": 12,
    "hard/known_offset/lbax4n_sound_early_3f.mkv": -3,
    "hard/known_offset/pwij3p_sound_late_2f.mkv": 2,
    "hard/known_offset/pwij3p_sound_late_9f.mkv": 9,
    "hard/known_offset/lbax4n_ts_late_8f.mkv": 8,
}


@pytest.fixture(scope="module")
def network():
    return load_sync_network("default")


def mesh_and_audio(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The clip's one face, and its audio from the face's first frame on."""
    probe, timeline = probe_media(path, LimitsConfig(), AudioConfig())
    num_frames = num_timeline_frames(timeline.presentation_ticks, timeline.time_base)
    shown = source_frame_of(timeline.presentation_ticks, timeline.time_base, num_frames)
    config, canonical = FacesConfig(), CanonicalFace()
    detector = load_detector("centerface", min_box_px=32, score=0.5)
    tracker = FaceTracker(detector, MediaPipeMesh(), config, canonical, Stopwatch())
    with FrameReader(path, probe, timeline) as reader:
        (ended,), _ = tracks_of(reader.frames(shown), tracker, num_frames, "source_end")
    tube, _ = finish_tube(ended[0], canonical, config.smoothing_frames)
    stream = probe.audio_streams[probe.audio_index].index
    samples = np.concatenate(list(decode_audio(path, stream, timeline.zero_s, num_frames * 640)))
    return tube.mesh, samples[640 * ended[0].start_frame :]


def found(network, mesh: np.ndarray, samples: np.ndarray) -> SyncMeasure:
    face = network.embed_face(tube_file_of(mesh), "t00")
    return measure(sync_curve(similarity(face, network.embed_audio(samples), pair_similarity=network.similarity)))


@needs_shared
@pytest.mark.parametrize("path", CLIPS)
def test_the_lag_of_held_out_speakers_is_found_within_a_frame(network, path):
    measured = found(network, *mesh_and_audio(str(shared(path))))
    assert abs(round(measured.lag_frames) - CLIPS[path]) <= 1, measured


@needs_shared
def test_audio_shifted_by_k_frames_moves_the_lag_by_k(network):
    mesh, samples = mesh_and_audio(str(shared("dev/grid_other/lbbc2a.mpg")))
    still = found(network, mesh, samples).lag_frames
    for k in (-10, -4, 3, 10):
        moved = np.roll(samples, 640 * k)
        moved[: max(0, 640 * k)] = moved[len(moved) + min(0, 640 * k) :] = 0
        assert found(network, mesh, moved).lag_frames == pytest.approx(still + k, abs=0.5)
