"""The judge under test: the sync result of one face, and what the graph's own stage decides about a made window."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from benchmarks.active_speaker.outcomes import KEPT
from benchmarks.active_speaker.segments import Face, SegmentAudio
from schemas.clock import SAMPLES_PER_FRAME
from schemas.records import FaceTrack, SpeechTurn, Window, WindowFaces
from schemas.sync_result import SyncResult
from transforms.media.tubes import FaceTube, TubeFile, write_tubes
from transforms.speakers.audio_embedding import AUDIO_MARGIN_FRAMES
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.find_speakers import WindowJudgement, find_speakers
from transforms.speakers.score_sync import score_sync
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import similarity

_HELD_BYTES = 256_000_000
_ALONE = "t000"


class RememberingNetwork:
    """A network that embeds the same face or audio only once."""

    def __init__(self, network: SyncNetwork) -> None:
        self.name, self.sha256, self.calibration = network.name, network.sha256, network.calibration
        self.similarity = network.similarity
        self._network, self._held, self._held_bytes = network, OrderedDict(), 0

    def embed_face(self, tubes: TubeFile, name: str) -> np.ndarray:
        """See SyncNetwork."""
        tube = tubes.tube(name)
        return self._known("face", lambda: self._network.embed_face(tubes, name), tube.mesh, tube.crops_jpeg)

    def embed_audio(self, samples: np.ndarray) -> np.ndarray:
        """See SyncNetwork."""
        return self._known("audio", lambda: self._network.embed_audio(samples), samples)

    def _known(self, part: str, embed: Callable[[], np.ndarray], *content: np.ndarray) -> np.ndarray:
        digest = blake2b(part.encode())
        for array in content:
            digest.update(np.ascontiguousarray(array))
        key = digest.digest()
        if key not in self._held:
            self._held[key] = vectors = embed()
            self._held_bytes += vectors.nbytes
            while self._held_bytes > _HELD_BYTES and len(self._held) > 1:
                self._held_bytes -= self._held.popitem(last=False)[1].nbytes
        return self._held[key]


class Judge:
    """A sync network with the settings that turn its results into decisions."""

    def __init__(self, network: SyncNetwork, config: SpeakersConfig) -> None:
        self.network, self.config = RememberingNetwork(network), config

    def similarities(self, tube: FaceTube, audio: SegmentAudio) -> np.ndarray:
        """Similarity at each frame and shift, float32 (T, 31)."""
        vectors = self.network.embed_face(TubeFile(write_tubes({_ALONE: tube})), _ALONE)
        return similarity(
            vectors,
            self.network.embed_audio(audio.samples),
            -AUDIO_MARGIN_FRAMES,
            audio.counts,
            self.network.similarity,
        )

    def score_sync(self, tube: FaceTube, audio: SegmentAudio) -> SyncResult | None:
        """Sync result of the face and the audio; None when nothing could be compared."""
        return score_sync(self.similarities(tube, audio), self.network.calibration)

    def decide(self, faces: Sequence[Face], tubes: Sequence[FaceTube], audio: SegmentAudio) -> WindowJudgement:
        """FindSpeakers on faces side by side with one audio: track number i is t00i, and frame 25 is the first.

        The rules on size and length are switched off, because they say nothing about sync.
        """
        window = made_window(faces, tubes, audio)
        named = {track.name: tube for track, tube in zip(window.tracks, tubes, strict=True)}
        return find_speakers(
            window,
            TubeFile(write_tubes(named)),
            audio.samples,
            self.network,
            self.config,
            min_box_px=0.0,
            min_track_s=0.0,
            min_turn_s=0.0,
        )

    def verdict(self, face: Face, tube: FaceTube, audio: SegmentAudio) -> tuple[str, float | None]:
        """KEPT or the rule that dropped the face, and by how many frames the audio would be shifted."""
        judgement = self.decide([face], [tube], audio)
        turns = judgement.turns.turns
        if turns:
            return KEPT, turns[0].audio_shift_samples / SAMPLES_PER_FRAME
        return next(row.rule for row in reversed(judgement.decisions) if not row.kept), None


def made_window(faces: Sequence[Face], tubes: Sequence[FaceTube], audio: SegmentAudio) -> WindowFaces:
    """A window whose video begins AUDIO_MARGIN_FRAMES after its audio, with the faces side by side."""
    video = replace(faces[0].recording.video, num_frames=len(audio.counts), speech=_turns(audio.counts))
    window = Window(
        video=video,
        index=0,
        start_frame=AUDIO_MARGIN_FRAMES,
        end_frame=AUDIO_MARGIN_FRAMES + audio.num_frames,
        is_last=True,
    )
    tracks = tuple(
        _track(number, face, tube, window) for number, (face, tube) in enumerate(zip(faces, tubes, strict=True))
    )
    return WindowFaces(
        window=window,
        tube_uri="",
        tracks=tracks,
        detector="",
        detector_sha256="",
        mesh_sha256="",
        damaged_frames=0,
        work_msec=(),
    )


def _track(number: int, face: Face, tube: FaceTube, window: Window) -> FaceTrack:
    # Each face has its own place: faces that overlap would be one face.
    boxes = tube.boxes_xyxy + np.array([10_000, 0, 10_000, 0]) * number
    name = f"t{number:03d}"
    row = replace(
        face.track.row,
        track_id=f"{window.window_id}-{name}",
        track_chain_id=f"{window.window_id}-{name}",
        start_frame=window.start_frame,
        end_frame=window.end_frame,
        boxes_xyxy=tuple(tuple(box) for box in boxes.tolist()),
        box_xyxy=tuple(np.median(boxes, axis=0).tolist()),
        interpolated=tuple(tube.interpolated.tolist()),
    )
    return FaceTrack(
        track_id=row.track_id,
        name=name,
        start_frame=window.start_frame,
        end_frame=window.end_frame,
        end_rule="source_end",
        has_mesh=True,
        row=row,
    )


def _turns(counts: np.ndarray) -> tuple[SpeechTurn, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts, [False]]).astype(int))).reshape(-1, 2)
    return tuple(
        SpeechTurn(
            start_sample=int(low) * SAMPLES_PER_FRAME,
            end_sample=int(high) * SAMPLES_PER_FRAME,
            voice="",
            overlapped=False,
        )
        for low, high in edges
    )
