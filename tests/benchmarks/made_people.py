"""Made people whose faces and audio carry numbers, and a judge that is right about them by construction."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.active_speaker.clip_table import ListedClip
from benchmarks.active_speaker.judge import Judge
from benchmarks.active_speaker.recordings import Recording
from benchmarks.active_speaker.segments import Face, main_face
from schemas.clock import SAMPLES_PER_FRAME
from tests.speakers.made_windows import made_faces, made_track, made_turn, tube_of_events
from transforms.media.audio import write_flac
from transforms.media.tubes import write_tubes
from transforms.speakers.config import SpeakersConfig

NUM_FRAMES = 80
_NUM_NUMBERS = 20_000


class KnowingNetwork:
    """Equal numbers have similarity 1, others about 0; silence has 0 with everything."""

    name, sha256, calibration = "knowing", "3", None

    def __init__(self):
        vectors = np.random.default_rng(0).normal(size=(_NUM_NUMBERS, 64))
        self._vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self._vectors[0] = 0
        self.num_faces = 0  # how often a face was embedded

    def embed_face(self, tubes, name):
        """Vectors of the numbers in a track's mesh."""
        self.num_faces += 1
        return self._vectors[tubes.mesh(name)[:, 0, 0]]

    def embed_audio(self, samples):
        """Vectors of the numbers in the middle of each frame."""
        return self._vectors[samples[SAMPLES_PER_FRAME // 2 :: SAMPLES_PER_FRAME] % _NUM_NUMBERS]

    def similarity(self, face, audio):
        """Dot products."""
        return (face * audio).sum(1)


def knowing_judge() -> Judge:
    """A judge that is right."""
    return Judge(KnowingNetwork(), SpeakersConfig())


def made_recording(folder: Path, events_by_track, audio, voiced=((0, NUM_FRAMES),)) -> Recording:
    """A recording of faces that show events and of audio that carries some, with speech in spans of frames."""
    folder.mkdir()
    tracks = [
        made_track(number, 0, len(events), yaw_deg=0.0, box_xyxy=(40.0 * number, 0.0, 40.0 * number + 10, 10.0))
        for number, events in enumerate(events_by_track)
    ]
    (folder / "window.npz").write_bytes(
        write_tubes({track.name: tube_of_events(events) for track, events in zip(tracks, events_by_track, strict=True)})
    )
    faces = made_faces(len(audio), tracks, [made_turn(*span) for span in voiced])
    video = replace(faces.window.video, audio_uri="audio.flac")
    write_flac(str(folder / "audio.flac"), [np.repeat(audio, SAMPLES_PER_FRAME).astype(np.int16)])
    faces = replace(faces, window=replace(faces.window, video=video), tube_uri="window.npz")
    return Recording(folder=folder, video=video, ended_by="", windows=(faces,))


def listed(
    name: str, speaker: str, kind: str = "in_sync", lag_frames: float | None = 0.0, answer: str = ""
) -> ListedClip:
    """A line of a table."""
    return ListedClip(
        path=Path(name), name=name, speaker=speaker, lag_frames=lag_frames, kind=kind, answer=answer, role=""
    )


def made_clips(folder: Path, num_people: int = 2, lag_frames: int = 0, **recording):
    """(clip, recording) of two recordings of each person; every frame of all of them has its own number."""
    clips = []
    for number in range(2 * num_people):
        events = 1 + 500 * number + np.arange(NUM_FRAMES)
        audio = 1 + 500 * number + np.clip(np.arange(NUM_FRAMES) - lag_frames, 0, None)
        clips.append(
            (
                listed(f"clip{number}.mkv", f"person{number // 2}", lag_frames=float(lag_frames)),
                made_recording(folder / f"clip{number}", [events], audio, **recording),
            )
        )
    return clips


def made_people(folder: Path, **clips) -> list[Face]:
    """The faces of made clips."""
    return [main_face(clip, recording) for clip, recording in made_clips(folder, **clips)]
