"""The active speakers of one window, and by how much the audio is late: the plain function of FindSpeakers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from schemas.clock import FRAME_RATE
from schemas.decisions import DecisionLog, Rule
from schemas.records import FaceTrack, SpeakingTurn, WindowFaces, WindowTurns
from schemas.settings import setting_values
from schemas.sync_result import SyncResult
from schemas.tables import DecisionRow, TrackRow
from transforms.media.tubes import TubeFile
from transforms.speakers.assign_speakers import FaceSimilarities, assign_speakers
from transforms.speakers.audio_embedding import AudioEmbedding, embed_window_audio
from transforms.speakers.audio_rate import MIN_GAIN_TO_DROP, at_audio_rate, find_rate, is_certain, may_drift
from transforms.speakers.candidate import Candidate, voiced
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.drift import segment_lags
from transforms.speakers.rules import (
    CONFIDENCE_RULES,
    CROWD_RULES,
    ELIGIBILITY_RULES,
    SAME_FACE_RULES,
    SOLO_RULES,
    SPEAKING_RULES,
    SYNC_RULES,
    TRACK_RULES,
    TURN_RULES,
    WINDOW_RULES,
)
from transforms.speakers.same_face import MIN_SHARED_FRAMES, highest_correlation, lip_series, shared_frames
from transforms.speakers.score_sync import score_sync
from transforms.speakers.shared_audio import with_shared_audio
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
    max_faces: int | None = None,
) -> WindowJudgement:
    """Judge every face of a window.

    audio: int16, from AUDIO_MARGIN_FRAMES before the window's first frame to as much after its last. network: None does
    not judge sync; then a face that is alone in view is taken as speaking whenever there is speech. max_faces: in view
    at once that are judged; None: all.
    """
    settings = setting_values("speakers", config) | {
        "faces.min_box_px": min_box_px,
        "faces.min_track_s": min_track_s,
        "clips.min_s": min_turn_s,
        "speakers.min_confidence": config.confidence_threshold,
        "faces.max_faces": max_faces or len(faces.tracks),
    }
    judge = _WindowJudge(faces, network, config, settings)
    judge.log.keeps(faces.window.window_id, "window", faces, WINDOW_RULES)
    candidates = [judge.candidate(track) for track in faces.tracks]
    eligible = judge.eligible(candidates, tubes, max_faces)
    if network is None:
        judge.keep_solo_faces(eligible, candidates)
    elif eligible:
        assert tubes is not None  # eligible faces have a mesh, and so a tube
        judge.score(eligible, tubes, audio, network)
        judge.share_results(eligible, network)
        judge.assign([face for face in eligible if judge.may_match(face)], network)
    return judge.judgement(candidates, network)


class _WindowJudge:
    """The steps from the tracks of one window to its turns; each step adds its decisions to `log`."""

    def __init__(
        self, faces: WindowFaces, network: SyncNetwork | None, config: SpeakersConfig, settings: dict[str, float]
    ) -> None:
        """`settings`: full name of a setting -> its value, for every setting that a rule names."""
        self.log = DecisionLog(stage=STAGE, source_id=faces.window.video.source.source_id, settings=settings)
        self.faces, self.audio_rate, self._config = faces, Fraction(1), config
        self._is_calibrated = network is not None and network.calibration is not None

    def eligible(self, candidates: list[Candidate], tubes: TubeFile | None, max_faces: int | None) -> list[Candidate]:
        """The faces to judge: those with enough face and speech, at most max_faces at once, each person once."""
        faces = [face for face in candidates if self.is_eligible(face)]
        if max_faces is not None and len(faces) > max_faces:
            faces = self.largest(faces)
        return faces if tubes is None else self.without_copies(faces, tubes)

    def judgement(self, candidates: list[Candidate], network: SyncNetwork | None) -> WindowJudgement:
        """Turns, rows and decisions, once every face is judged."""
        return WindowJudgement(
            turns=WindowTurns(
                turns=tuple(turn for face in candidates for turn in self.turns(face, candidates)),
                faces=self.faces,
                audio_rate=self.audio_rate,
                sync_network=network.name if network else "none",
                sync_network_sha256=network.sha256 if network else "",
            ),
            rows=tuple(face.row for face in candidates),
            decisions=tuple(self.log.rows),
        )

    def candidate(self, track: FaceTrack) -> Candidate:
        """A track before it is judged: only its speech is known."""
        return Candidate(
            track=track,
            voiced=voiced(self.faces, track),
            uses_probability=self._is_calibrated,
            uses_confidence=not self._is_calibrated or self._config.min_confidence is not None,
            size_rank=track.size_rank,
        )

    def keeps(self, face: Candidate, rules: Sequence[Rule[Candidate]]) -> bool:
        """Whether a track passes some of its rules."""
        return self.log.keeps(face.track.track_id, "track", face, rules, TRACK_RULES)

    def largest(self, eligible: list[Candidate]) -> list[Candidate]:
        """The faces that are among the largest of those in view at every moment."""
        window = self.faces.window
        in_view, kept = np.zeros(window.end_frame - window.start_frame, int), list[Candidate]()
        for face in sorted(eligible, key=lambda face: (-face.track.row.face_source_px, face.track.track_id)):
            span = slice(face.track.start_frame - window.start_frame, face.track.end_frame - window.start_frame)
            face.size_rank = 1 + int(in_view[span].max())
            if self.keeps(face, CROWD_RULES):
                in_view[span] += 1
                kept.append(face)
        return [face for face in eligible if face in kept]

    def without_copies(self, eligible: list[Candidate], tubes: TubeFile) -> list[Candidate]:
        """Faces without those whose lips move as a better face's do: one person seen twice. Best faces come first."""
        kept: list[tuple[Candidate, np.ndarray]] = []
        for face in sorted(eligible, key=lambda face: (-face.clarity, face.track.track_id)):
            if not any(shared_frames(face, other) >= MIN_SHARED_FRAMES for other in eligible if other is not face):
                continue
            series = lip_series(tubes.mesh(face.track.name))
            face.lip_correlation = highest_correlation(face, series, kept)
            face.is_copy = not self.keeps(face, SAME_FACE_RULES)
            kept += [] if face.is_copy else [(face, series)]
        return [face for face in eligible if not face.is_copy]

    def is_eligible(self, face: Candidate) -> bool:
        """Whether there is enough of a face to be judged. One of a crowd, without a mesh, is dropped for its size."""
        rules = ELIGIBILITY_RULES if face.size_rank is None else CROWD_RULES
        return self.keeps(face, rules)

    def keep_solo_faces(self, eligible: list[Candidate], candidates: list[Candidate]) -> None:
        """Without a sync network: a face that is alone in view is taken as speaking whenever there is speech.

        Every face in view counts, whether or not it can be used: the voice may be its own. A copy of a face does not.
        """
        for face in eligible:
            face.num_other_faces = sum(not other.is_copy for other in _others_in_view(face, candidates))
            face.speaks = face.voiced if self.keeps(face, SOLO_RULES) else None

    def score(self, eligible: list[Candidate], tubes: TubeFile, audio: np.ndarray, network: SyncNetwork) -> None:
        """Compare each track with the window's audio. A track where nothing could be compared gets no sync result."""
        vectors = [network.embed_face(tubes, face.track.name) for face in eligible]
        tracks = [face.track for face in eligible]
        embedded = embed_window_audio(self.faces, tracks, audio, network)
        self._compare(eligible, vectors, embedded, network)
        if network.calibration is not None:
            self._correct_rate(eligible, vectors, audio, embedded, network)

    def _compare(
        self, eligible: list[Candidate], vectors: list[np.ndarray], audio: AudioEmbedding, network: SyncNetwork
    ) -> None:
        for face, of_face in zip(eligible, vectors, strict=True):
            face.similarities = _similarities(of_face, face.track, audio, network)
            face.sync, face.segments, face.audio_rate = None, (), self.audio_rate
            result = with_lse(network, score_sync(face.similarities, network.calibration))
            if result is not None:
                self._adopt(face, result)
                face.segments = segment_lags(face.similarities, result.lag_frames, face.track.start_frame)

    def _correct_rate(
        self,
        eligible: list[Candidate],
        vectors: list[np.ndarray],
        audio: np.ndarray,
        embedded: AudioEmbedding,
        network: SyncNetwork,
    ) -> None:
        """Compare all faces with audio at the rate that fits one of them best, where it certainly is that face's.

        Where it is not certain, the drift of each face is kept for the rule.
        """
        found = [
            (find_rate(of_face, embedded, face.track.start_frame), face, of_face)
            for face, of_face in zip(eligible, vectors, strict=True)
            if face.sync is not None and may_drift(face.sync, len(of_face))
        ]
        drifting = [one for one in found if one[0].may_be_corrected]
        if drifting:
            rate, face, of_face = max(drifting, key=lambda one: one[0].gain)
            faces, at_rate = at_audio_rate(self.faces, audio, rate.rate)
            corrected = embed_window_audio(faces, [one.track for one in eligible], at_rate, network)
            result = score_sync(_similarities(of_face, face.track, corrected, network), network.calibration)
            if is_certain(result, face.sync):
                self.faces, self.audio_rate = faces, rate.rate
                self._compare(eligible, vectors, corrected, network)
                return
        for rate, face, _ in found:
            face.drift_frames = rate.drift_frames if rate.gain >= MIN_GAIN_TO_DROP else None

    def share_results(self, eligible: list[Candidate], network: SyncNetwork) -> None:
        """Adopt what the faces of the window tell of each other, before any is dropped."""
        compared = [face for face in eligible if face.sync is not None]
        if network.calibration is None:
            return
        faces, results = [_face_similarities(face) for face in compared], [face.sync for face in compared if face.sync]
        shared = with_shared_audio(faces, results, network.calibration, _unrelated(network))
        for face, result in zip(compared, shared, strict=True):
            if face.sync is not None and result.num_frames < face.sync.num_frames:
                face.drift_frames = None  # it was measured along the whole track, most of which has another's audio
            self._adopt(face, result)

    def may_match(self, face: Candidate) -> bool:
        """Whether the audio may be the face's own; a face that could not be compared is dropped by the last rule."""
        return self.keeps(face, SYNC_RULES if face.sync is not None else (*SYNC_RULES, *CONFIDENCE_RULES))

    def assign(self, matching: list[Candidate], network: SyncNetwork) -> None:
        """Assign the audio of each frame to faces in view or to no speaker; drop faces that are still not certain."""
        faces = [_face_similarities(face) for face in matching]
        for face, speaks in zip(matching, assign_speakers(faces, _unrelated(network)), strict=True):
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
            self.faces.window.video.speech,
            face.track.start_frame,
            face.shift_samples,
            round(self._config.turn_margin_s * FRAME_RATE),
            max(1, math.ceil(round(self._config.min_active_s * FRAME_RATE, 6))),
        )
        self.keeps(face, SPEAKING_RULES)
        for span in face.spans:
            turn_id = f"{face.track.track_id}-s{span.start_frame:07d}"
            if self.log.keeps(turn_id, "turn", span, TURN_RULES):
                yield face.turn(span, turn_id)

    def _adopt(self, face: Candidate, result: SyncResult) -> None:
        face.adopt(result, self.faces, self._config.min_shift_frames)


def _unrelated(network: SyncNetwork) -> float | None:
    """Similarity of what does not belong together: 0 of a network with a calibration, which compares by cosine."""
    return None if network.calibration is None else 0.0


def _similarities(vectors: np.ndarray, track: FaceTrack, audio: AudioEmbedding, network: SyncNetwork) -> np.ndarray:
    """Similarity (T, 31) of a track's vectors with the window's audio."""
    audio_start = audio.start_frame - track.start_frame
    return similarity(vectors, audio.vectors, audio_start, audio.speech, network.similarity)


def _face_similarities(face: Candidate) -> FaceSimilarities:
    assert face.similarities is not None  # every face with a sync result was compared
    return FaceSimilarities(start_frame=face.track.start_frame, similarities=face.similarities)


def _others_in_view(face: Candidate, candidates: list[Candidate]) -> list[Candidate]:
    """The other candidates that are in view at the same time."""
    return [other for other in candidates if other is not face and face.overlaps(other)]
