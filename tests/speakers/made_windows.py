"""Made windows of one source: tracks, speech, and a sync network that reads its embeddings from mesh and audio."""

from dataclasses import replace

import numpy as np

from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import FaceTrack, SpeechTurn, Video, Window, WindowFaces
from tests.manifests import made_rows
from transforms.media.tubes import FaceTube, TubeFile, write_tubes

SOURCE = "a" * 16
MARGIN = 25  # frames of audio before and after the window


def made_turn(start_frame, end_frame, voice="", overlapped=False):
    """Speech, in timeline frames."""
    return SpeechTurn(
        start_sample=start_frame * SAMPLES_PER_FRAME,
        end_sample=end_frame * SAMPLES_PER_FRAME,
        voice=voice,
        overlapped=overlapped,
    )


def made_track(number, start_frame, end_frame, has_mesh=True, **row):
    """A track of the window, with its row."""
    track_id, num_frames = f"{SOURCE}-w00000-t{number:02d}", end_frame - start_frame
    numbers = {"face_source_px": 80.0, "boxes_xyxy": ((0.0, 0.0, 80.0, 80.0),) * num_frames, **row}
    return FaceTrack(
        track_id=track_id,
        name=f"t{number:02d}",
        start_frame=start_frame,
        end_frame=end_frame,
        end_rule="source_end",
        has_mesh=has_mesh,
        row=replace(
            made_rows.track(track_id, SOURCE),
            start_frame=start_frame,
            end_frame=end_frame,
            interpolated=(False,) * num_frames,
            **numbers,
        ),
    )


def made_faces(num_frames, tracks, speech):
    """The faces of a window that is the whole of its source."""
    video = Video(
        source=made_rows.source(SOURCE),
        probe=made_rows.PROBE,
        num_frames=num_frames,
        timeline_uri="",
        audio_uri="",
        speech=tuple(speech),
        speech_model="made",
    )
    window = Window(video=video, index=0, start_frame=0, end_frame=num_frames, is_last=True)
    return WindowFaces(
        window=window,
        tube_uri="",
        tracks=tuple(tracks),
        detector="made",
        detector_sha256="1",
        mesh_sha256="2",
        damaged_frames=0,
        work_msec=(),
    )


def tube_of_events(events):
    """A tube whose mesh carries one number per frame, for MadeNetwork to read."""
    num_frames = len(events)
    mesh = np.zeros((num_frames, 468, 3), np.int16)
    mesh[:, 0, 0] = events
    return FaceTube(
        boxes_xyxy=np.zeros((num_frames, 4), np.float32),
        interpolated=np.zeros(num_frames, bool),
        mesh=mesh,
        align=np.zeros((num_frames, 2, 3), np.float32),
        crop_to_source=np.zeros((num_frames, 2, 3), np.float32),
        mouth_visibility=np.full(num_frames, 0.9, np.float32),
        crops_jpeg=np.zeros(0, np.uint8),
        crops_index=np.zeros(num_frames + 1, np.uint32),
    )


def tube_file_of(mesh, name="t00"):
    """The tube file of one track, in which only the mesh matters."""
    return TubeFile(write_tubes({name: replace(tube_of_events(np.zeros(len(mesh))), mesh=mesh)}))


def tubes_of(tracks, events):
    """The tube file of tracks, each with its events."""
    return TubeFile(
        write_tubes({track.name: tube_of_events(values) for track, values in zip(tracks, events, strict=True)})
    )


def audio_of_events(events):
    """Audio from MARGIN before the window to MARGIN after it; each frame carries the number of its event."""
    padded = np.concatenate([np.zeros(MARGIN), events, np.zeros(MARGIN)])
    return np.repeat(padded, SAMPLES_PER_FRAME).astype(np.int16)


class MadeNetwork:
    """Equal numbers have similarity 1, others about 0."""

    name, sha256, calibration = "made", "3", None

    def __init__(self):
        vectors = np.random.default_rng(0).normal(size=(2000, 64))
        self._vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.num_embedded = 0  # how often audio was embedded

    def embed_face(self, tubes, name):
        """Vectors of the numbers in a track's mesh."""
        return self._vectors[tubes.mesh(name)[:, 0, 0]]

    def embed_audio(self, samples):
        """Vectors of the numbers in audio."""
        self.num_embedded += 1
        return self._vectors[samples[::SAMPLES_PER_FRAME]]

    def similarity(self, face, audio):
        """Dot products."""
        return (face * audio).sum(1)
