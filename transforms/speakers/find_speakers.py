"""Who speaks in one window, and by how much the sound is late: the plain twin of FindSpeakers."""
from dataclasses import dataclass, replace

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME, seconds_from_frames
from schemas.decisions import Rule, judge
from schemas.records import FaceTrack, SpeakingTurn, WindowFaces, WindowTurns
from schemas.tables import DecisionRow, TrackRow
from transforms.media.speech_mask import speech_mask
from transforms.media.tubes import TubeFile
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.evidence import Evidence, weigh
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_scores import SyncMeasure, activity, similarity
from transforms.speakers.syncnet import lse
from transforms.speakers.turns import allot_voice, speaking_spans

STAGE = "FindSpeakers"
SOUND_MARGIN_FRAMES = FRAME_RATE  # a second of real sound beyond each edge of the window


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A track on its way through the rules."""

    track: FaceTrack
    voiced: np.ndarray  # bool (T,): speech at the measured lag
    evidence: Evidence | None = None  # None: not judged, or nothing to compare
    lse_d: float | None = None  # of the published SyncNet alone
    lse_c: float | None = None
    activity: np.ndarray | None = None  # float32 (T,)
    speaks: np.ndarray | None = None  # bool (T,)
    contested: np.ndarray | None = None  # bool (T,): another face speaks at the same time

    @property
    def measured(self) -> SyncMeasure | None:
        """What the track's curve says."""
        return self.evidence and self.evidence.measured

    @property
    def row(self) -> TrackRow:
        """The track's row, completed."""
        found, curve = self.measured, () if self.evidence is None else self.evidence.curve
        return replace(
            self.track.row, sync_curve=tuple(float(value) for value in curve),
            audio_lag_frames=found and found.lag_frames, sync_margin=found and found.margin,
            sync_confidence=found and found.confidence, lse_d=self.lse_d, lse_c=self.lse_c,
            voiced_share=float(self.voiced.mean()), active_share=0.0 if self.speaks is None else float(self.speaks.mean()))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardSound:
    """A window's sound as a network hears it, with a margin on both sides: embedded once for all its faces."""

    start_frame: int  # timeline frame of the first vector; negative at the source's beginning
    vectors: np.ndarray  # float32 (S, D)
    speech: np.ndarray  # bool (S,): frames of the source with speech


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJudgement:
    """What came out of one window."""

    turns: WindowTurns
    rows: tuple[TrackRow, ...]
    decisions: tuple[DecisionRow, ...]


def find_speakers(faces: WindowFaces, tubes: TubeFile | None, sound: np.ndarray, network: SyncNetwork | None,
                  config: SpeakersConfig, *, min_box_px: float, min_track_s: float, min_turn_s: float) -> WindowJudgement:
    """Judge every face of a window.

    sound: int16, from SOUND_MARGIN_FRAMES before the window's first frame to as much after its last; network: None
    judges no sync and keeps the voiced stretches of a face that is alone.
    """
    decisions, candidates, heard = _window_decision(faces), [], None
    for track in faces.tracks:
        candidate = Candidate(track=track, voiced=_voiced(faces, track, 0))
        candidates.append(candidate)
        kept = _judge(candidate, decisions, _rules_of_picture(track, min_box_px, min_track_s))
        kept = kept and _judge(candidate, decisions, _rules_of_speech(candidate, config), 3)
        if kept and network is not None:
            heard = _hear(faces, sound, network) if heard is None else heard
            _listen(candidate, faces, tubes, heard, network)
            kept = _judge(candidate, decisions, _rules_of_sync(candidate, config), 4)
        if not kept:
            candidate.activity = None
        elif network is None:
            candidate.activity = np.where(candidate.voiced, 1.0, 0.0)
    if network is None:
        _drop_company(candidates, decisions)
    else:
        _drop_rivals(candidates, decisions, config.rival_ratio)
    allot_voice([candidate for candidate in candidates if candidate.activity is not None], config)
    turns = tuple(turn for candidate in candidates if candidate.speaks is not None
                  for turn in _turns(candidate, faces, decisions, min_turn_s))
    spoken = WindowTurns(faces=faces, turns=turns, sync_network=network.name if network else "none",
                         sync_network_sha256=network.sha256 if network else "")
    return WindowJudgement(turns=spoken, rows=tuple(candidate.row for candidate in candidates),
                           decisions=tuple(decisions))


def _window_decision(faces: WindowFaces) -> list[DecisionRow]:
    _, rows = judge(faces.window.window_id, "window", faces.window.video.source.source_id, STAGE,
                    (Rule("has_face", "exists", bool(faces.tracks)),))
    return rows


def _judge(candidate: Candidate, decisions: list[DecisionRow], rules: tuple[Rule, ...], first_order: int = 0) -> bool:
    track = candidate.track
    kept, rows = judge(track.track_id, "track", track.row.source_id, STAGE, rules, first_order)
    decisions.extend(rows)
    return kept


def _rules_of_picture(track: FaceTrack, min_box_px: float, min_track_s: float) -> tuple[Rule, ...]:
    length_s = seconds_from_frames(track.end_frame - track.start_frame)
    return (Rule("min_track_s", ">=", length_s, min_track_s, "s"),
            Rule("min_box_px", ">=", track.row.face_source_px, min_box_px, "px"),
            Rule("has_mesh", "exists", track.has_mesh))


def _rules_of_speech(candidate: Candidate, config: SpeakersConfig) -> tuple[Rule, ...]:
    return (Rule("min_voiced_share", ">=", float(candidate.voiced.mean()), config.min_voiced_share, "of the track"),)


def _rules_of_sync(candidate: Candidate, config: SpeakersConfig) -> tuple[Rule, ...]:
    found = candidate.measured
    if found is None:
        return (Rule("min_confidence", "exists", False),)
    return (Rule("min_confidence", ">=", found.confidence, config.min_confidence, "likeness"),
            Rule("max_abs_lag_frames", "<=", abs(found.lag_frames), config.max_abs_lag_frames, "frame"))


def _hear(faces: WindowFaces, sound: np.ndarray, network: SyncNetwork) -> HeardSound:
    window, num_frames = faces.window, len(sound) // SAMPLES_PER_FRAME
    first = window.start_frame - SOUND_MARGIN_FRAMES
    exists = np.arange(first, first + num_frames)
    speech = speech_mask(window.video.speech, first, first + num_frames)
    speech &= (exists >= 0) & (exists < window.video.num_frames)
    vectors = network.embed_sound(sound[:num_frames * SAMPLES_PER_FRAME])
    return HeardSound(start_frame=first, vectors=vectors, speech=speech)


def _listen(candidate: Candidate, faces: WindowFaces, tubes: TubeFile, heard: HeardSound,
            network: SyncNetwork) -> None:
    """Measure the track against the window's sound; leaves no evidence when there is nothing to measure with."""
    track = candidate.track
    scores = similarity(network.embed_face(tubes, track.name), heard.vectors, heard.start_frame - track.start_frame,
                        heard.speech, network.likeness)
    candidate.evidence = weigh(scores, network.calibration)
    candidate.lse_d, candidate.lse_c = lse(network, candidate.evidence)
    if candidate.evidence is not None:
        candidate.voiced = _voiced(faces, track, candidate.measured.lag_frames)
        candidate.activity = activity(scores, candidate.measured.lag_frames)


def _voiced(faces: WindowFaces, track: FaceTrack, lag_frames: float) -> np.ndarray:
    return speech_mask(faces.window.video.speech, track.start_frame, track.end_frame,
                       round(lag_frames * SAMPLES_PER_FRAME))


def _drop_company(candidates: list[Candidate], decisions: list[DecisionRow]) -> None:
    """Without a judge only a face that is alone in the picture can be taken for the speaker."""
    judged = [candidate for candidate in candidates if candidate.activity is not None]
    num_others = [len(_company(candidate, judged)) for candidate in judged]
    for candidate, others in zip(judged, num_others, strict=True):
        if not _judge(candidate, decisions, (Rule("max_other_faces", "<=", others, 0, "face"),), 4):
            candidate.activity = None


def _drop_rivals(candidates: list[Candidate], decisions: list[DecisionRow], rival_ratio: float) -> None:
    """One voice, several moving mouths: a face that fits it clearly worse than the best one in view does not speak.

    Faces that take turns do not compete: each is compared in the frames in which both are active.
    """
    judged = [candidate for candidate in candidates if candidate.activity is not None]
    shares = [min((_fit_beside(candidate, other) for other in _company(candidate, judged)), default=1.0)
              for candidate in judged]
    for candidate, share in zip(judged, shares, strict=True):
        rule = Rule("fits_as_well_as_best", ">=", share, rival_ratio, "of the best face's confidence")
        if not _judge(candidate, decisions, (rule,), 6):
            candidate.activity = None


def _company(candidate: Candidate, judged: list[Candidate]) -> list[Candidate]:
    """Other faces in view at the same time."""
    return [other for other in judged if other is not candidate
            and other.track.start_frame < candidate.track.end_frame
            and candidate.track.start_frame < other.track.end_frame]


def _fit_beside(candidate: Candidate, other: Candidate) -> float:
    """Confidence over the other's, 1 at most; 1 too where they are hardly ever active together."""
    low = max(candidate.track.start_frame, other.track.start_frame)
    high = min(candidate.track.end_frame, other.track.end_frame)
    mine, theirs = (each.activity[low - each.track.start_frame:high - each.track.start_frame]
                    for each in (candidate, other))
    level = 0.25 * min(candidate.measured.confidence, other.measured.confidence)
    both, either = (mine > level) & (theirs > level), (mine > level) | (theirs > level)
    if both.sum() < 0.5 * max(1, either.sum()):
        return 1.0
    return min(1.0, candidate.measured.confidence / max(other.measured.confidence, 1e-6))


def _turns(candidate: Candidate, faces: WindowFaces, decisions: list[DecisionRow],
           min_turn_s: float) -> list[SpeakingTurn]:
    """Turns of a speaking face that are long enough and in which nobody else speaks."""
    track, found, turns = candidate.track, candidate.measured, []
    shift = round((found.lag_frames if found else 0.0) * SAMPLES_PER_FRAME)
    spans = speaking_spans(candidate.speaks, candidate.contested, faces.window.video.speech, track.start_frame, shift)
    active_s = seconds_from_frames(int(candidate.speaks.sum()))
    _judge(candidate, decisions, (Rule("speaks", ">=", active_s if spans else 0.0, 1 / FRAME_RATE, "s"),), 7)
    for span in spans:
        turn_id = f"{track.track_id}-s{span.start_frame:07d}"
        kept, rows = judge(turn_id, "turn", track.row.source_id, STAGE, (
            Rule("overlap", "<=", span.overlap_share, 0.0, "of the turn"),
            Rule("min_s", ">=", seconds_from_frames(span.end_frame - span.start_frame), min_turn_s, "s")))
        decisions.extend(rows)
        if kept:
            turns.append(SpeakingTurn(
                turn_id=turn_id, track=track, start_frame=span.start_frame, end_frame=span.end_frame,
                audio_lag_frames=found and found.lag_frames, sync_confidence=found and found.confidence,
                sync_margin=found and found.margin, lse_d=candidate.lse_d, lse_c=candidate.lse_c))
    return turns
