"""The active speakers of one window, and by how much the audio is late: the plain function of FindSpeakers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.clock import FRAME_RATE
from schemas.decisions import DecisionLog, Rule
from schemas.records import FaceTrack, SpeakingTurn, WindowFaces, WindowTurns
from schemas.settings import setting_values
from schemas.sync_result import SyncResult
from schemas.tables import DecisionRow, TrackRow
from transforms.media.tubes import TubeFile
from transforms.speakers.assign_speakers import FaceSimilarities, assign_speakers
from transforms.speakers.assigned_frames import score_assigned_frames
from transforms.speakers.audio_embedding import AudioEmbedding, embed_window_audio
from transforms.speakers.candidate import Candidate, voiced
from transforms.speakers.config import UNCALIBRATED_CONFIDENCE, SpeakersConfig
from transforms.speakers.drift import segment_lags
from transforms.speakers.rules import (
    CONFIDENCE_RULES,
    ELIGIBILITY_RULES,
    SOLO_RULES,
    SPEAKING_RULES,
    SYNC_RULES,
    TRACK_RULES,
    TURN_RULES,
    WINDOW_RULES,
)
from transforms.speakers.score_sync import score_sync
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import similarity
from transforms.speakers.syncnet import with_lse
from transforms.speakers.turns import contested, speaking_spans

STAGE = "FindSpeakers"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJudgement:
    """The result of one window."""

    turns: WindowTurns
    rows: tuple[TrackRow, ...]
    decisions: tuple[DecisionRow, ...]


def find_speakers(
    faces: WindowFaces,
    tubes: TubeFile | None,
    audio: np.ndarray,
    network: SyncNetwork | None,
    config: SpeakersConfig,
    *,
    min_box_px: float,
    min_track_s: float,
    min_turn_s: float,
) -> WindowJudgement:
    """Judge every face of a window.

    audio: int16, from AUDIO_MARGIN_FRAMES before the window's first frame to as much after its last. network: None does
    not judge sync; then a face that is alone in view is taken as speaking whenever there is speech.
    """
    limits = {"faces.min_box_px": min_box_px, "faces.min_track_s": min_track_s, "clips.min_s": min_turn_s}
    judge = _WindowJudge(faces, network, config, setting_values("speakers", config) | limits)
    judge.log.keeps(faces.window.window_id, "window", faces, WINDOW_RULES)
    candidates = [judge.candidate(track) for track in faces.tracks]
    eligible = [face for face in candidates if judge.keeps(face, ELIGIBILITY_RULES)]
    if network is None:
        judge.keep_solo_faces(eligible)
    elif eligible:
        assert tubes is not None  # eligible faces have a mesh, and so a tube
        judge.score(eligible, tubes, embed_window_audio(faces, audio, network), network)
        judge.assign([face for face in eligible if judge.may_match(face)], network)
    turns = tuple(turn for face in candidates for turn in judge.turns(face, candidates))
    return WindowJudgement(
        turns=WindowTurns(
            faces=faces,
            turns=turns,
            sync_network=network.name if network else "none",
            sync_network_sha256=network.sha256 if network else "",
        ),
        rows=tuple(face.row for face in candidates),
        decisions=tuple(judge.log.rows),
    )


class _WindowJudge:
    """The steps from the tracks of one window to its turns; each step adds its decisions to `log`."""

    def __init__(
        self, faces: WindowFaces, network: SyncNetwork | None, config: SpeakersConfig, settings: dict[str, float]
    ) -> None:
        """`settings`: full name of a setting -> its value, for every setting that a rule names."""
        self.log = DecisionLog(stage=STAGE, source_id=faces.window.video.source.source_id, settings=settings)
        self._faces, self._config = faces, config
        self._is_calibrated = network is not None and network.calibration is not None

    def candidate(self, track: FaceTrack) -> Candidate:
        """A track before it is judged: only its speech is known."""
        return Candidate(
            track=track,
            voiced=voiced(self._faces, track),
            uses_probability=self._is_calibrated,
            uses_confidence=not self._is_calibrated or self._config.min_confidence != UNCALIBRATED_CONFIDENCE,
        )

    def keeps(self, face: Candidate, rules: Sequence[Rule[Candidate]]) -> bool:
        """Whether a track passes some of its rules."""
        return self.log.keeps(face.track.track_id, "track", face, rules, TRACK_RULES)

    def keep_solo_faces(self, eligible: list[Candidate]) -> None:
        """Without a sync network: a face that is alone in view is taken as speaking whenever there is speech."""
        for face in eligible:
            face.num_other_faces = len(_others_in_view(face, eligible))
            face.speaks = face.voiced if self.keeps(face, SOLO_RULES) else None

    def score(self, eligible: list[Candidate], tubes: TubeFile, audio: AudioEmbedding, network: SyncNetwork) -> None:
        """Compare each track with the window's audio. A track where nothing could be compared gets no sync result."""
        for face in eligible:
            track = face.track
            face.similarities = similarity(
                network.embed_face(tubes, track.name),
                audio.vectors,
                audio.start_frame - track.start_frame,
                audio.speech,
                network.similarity,
            )
            result = with_lse(network, score_sync(face.similarities, network.calibration))
            if result is not None:
                self._adopt(face, result)
                face.segments = segment_lags(face.similarities, result.lag_frames, track.start_frame)

    def may_match(self, face: Candidate) -> bool:
        """Whether the audio may be the face's own; a face that could not be compared is dropped by the last rule."""
        return self.keeps(face, SYNC_RULES if face.sync is not None else (*SYNC_RULES, *CONFIDENCE_RULES))

    def assign(self, matching: list[Candidate], network: SyncNetwork) -> None:
        """Assign the audio of each frame to faces in view or to no speaker; drop faces that are still not certain."""
        faces = [_face_similarities(face) for face in matching]
        # A network with a calibration compares by cosine: vectors that have nothing in common have similarity 0.
        unrelated = None if network.calibration is None else 0.0
        for index, (face, speaks) in enumerate(zip(matching, assign_speakers(faces, unrelated), strict=True)):
            if network.calibration is not None and _others_in_view(face, matching):
                result = score_assigned_frames(faces, index, unrelated, network.calibration)
                if result is not None and _is_more_probable(result, face.sync):
                    self._adopt(face, result)
            face.assigned = speaks & face.voiced
            if self.keeps(face, CONFIDENCE_RULES):
                face.speaks = face.assigned

    def turns(self, face: Candidate, candidates: list[Candidate]) -> Iterator[SpeakingTurn]:
        """Turns of a speaking face that are long enough and in which no other face speaks or may speak."""
        if face.speaks is None:
            return
        others = [
            (other.assigned, other.track.start_frame)
            for other in _others_in_view(face, candidates)
            if other.assigned is not None
        ]
        face.spans = speaking_spans(
            face.speaks,
            contested(face.speaks, face.track.start_frame, others),
            self._faces.window.video.speech,
            face.track.start_frame,
            face.shift_samples,
            round(self._config.turn_margin_s * FRAME_RATE),
        )
        self.keeps(face, SPEAKING_RULES)
        for span in face.spans:
            turn_id = f"{face.track.track_id}-s{span.start_frame:07d}"
            if self.log.keeps(turn_id, "turn", span, TURN_RULES):
                yield face.turn(span, turn_id)

    def _adopt(self, face: Candidate, result: SyncResult) -> None:
        face.adopt(result, self._faces, self._config.min_shift_frames)


def _is_more_probable(result: SyncResult, other: SyncResult | None) -> bool:
    return other is None or (result.probability or 0.0) > (other.probability or 0.0)


def _face_similarities(face: Candidate) -> FaceSimilarities:
    assert face.similarities is not None  # every face with a sync result was compared
    return FaceSimilarities(start_frame=face.track.start_frame, similarities=face.similarities)


def _others_in_view(face: Candidate, candidates: list[Candidate]) -> list[Candidate]:
    """The other candidates that are in view at the same time."""
    return [other for other in candidates if other is not face and face.overlaps(other)]
