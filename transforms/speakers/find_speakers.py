"""Who speaks in one window, and by how much the audio is late: the plain twin of FindSpeakers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from schemas.clock import FRAME_RATE, SAMPLES_PER_FRAME, seconds_from_frames
from schemas.decisions import Rule, judge
from schemas.records import SpeakingTurn, WindowFaces, WindowTurns
from schemas.tables import DecisionRow, TrackRow
from transforms.media.speech_mask import speech_mask
from transforms.media.tubes import TubeFile
from transforms.speakers.assign_speakers import ScoredFace, assign_speakers
from transforms.speakers.candidate import Candidate, voiced
from transforms.speakers.config import SpeakersConfig
from transforms.speakers.drift import segment_lags
from transforms.speakers.rules import (
    AFTER_BELIEF,
    AFTER_FIT,
    AFTER_USE,
    rules_of_belief,
    rules_of_company,
    rules_of_fit,
    rules_of_speaking,
    rules_of_use,
)
from transforms.speakers.sync_network import SyncNetwork
from transforms.speakers.sync_result import Calibration, Evidence, weigh
from transforms.speakers.sync_scores import similarity
from transforms.speakers.syncnet import lse
from transforms.speakers.turns import contested, speaking_spans

STAGE = "FindSpeakers"
AUDIO_MARGIN_FRAMES = FRAME_RATE  # a second of real audio beyond each edge of the window
_BLOCK_FRAMES = FRAME_RATE  # longer than neighbouring frames are alike
_MIN_OWN_FRAMES = FRAME_RATE  # of speech


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardAudio:
    """A window's audio as a network hears it, with a margin on both sides: embedded once for all its faces."""

    start_frame: int  # timeline frame of the first vector; negative at the source's beginning
    vectors: np.ndarray  # float32 (S, D)
    speech: np.ndarray  # bool (S,): frames of the source with speech


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJudgement:
    """What came out of one window."""

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

    audio: int16, from SOUND_MARGIN_FRAMES before the window's first frame to as much after its last; network: None
    judges no sync and keeps the voiced stretches of a face that is alone.
    """
    decisions = _window_decision(faces)
    candidates = [Candidate(track=track, voiced=voiced(faces, track)) for track in faces.tracks]
    usable = [
        candidate
        for candidate in candidates
        if _judge(candidate, decisions, rules_of_use(candidate, config, min_box_px, min_track_s))
    ]
    if network is None:
        _trust_the_lonely(usable, decisions)
    elif usable:
        _listen(usable, faces, tubes, _hear(faces, audio, network), network, config)
        fitting = [
            candidate
            for candidate in usable
            if _judge(candidate, decisions, rules_of_fit(candidate, network.calibration, config), AFTER_USE)
        ]
        _allot(fitting, faces, network, config, decisions)
    turns = tuple(
        turn
        for candidate in candidates
        if candidate.speaks is not None
        for turn in _turns(candidate, candidates, faces, config, decisions, min_turn_s)
    )
    spoken = WindowTurns(
        faces=faces,
        turns=turns,
        sync_network=network.name if network else "none",
        sync_network_sha256=network.sha256 if network else "",
    )
    return WindowJudgement(
        turns=spoken, rows=tuple(candidate.row for candidate in candidates), decisions=tuple(decisions)
    )


def _window_decision(faces: WindowFaces) -> list[DecisionRow]:
    _, rows = judge(
        faces.window.window_id,
        "window",
        faces.window.video.source.source_id,
        STAGE,
        (Rule("has_face", "exists", bool(faces.tracks)),),
    )
    return rows


def _judge(candidate: Candidate, decisions: list[DecisionRow], rules: tuple[Rule, ...], first_order: int = 0) -> bool:
    track = candidate.track
    kept, rows = judge(track.track_id, "track", track.row.source_id, STAGE, rules, first_order)
    decisions.extend(rows)
    return kept


def _trust_the_lonely(usable: list[Candidate], decisions: list[DecisionRow]) -> None:
    """Nobody judges: a face without company speaks whenever there is speech."""
    for candidate in usable:
        rules = rules_of_company(len(_company(candidate, usable)))
        candidate.speaks = candidate.voiced if _judge(candidate, decisions, rules, AFTER_USE) else None


def _hear(faces: WindowFaces, audio: np.ndarray, network: SyncNetwork) -> HeardAudio:
    window, num_frames = faces.window, len(audio) // SAMPLES_PER_FRAME
    first = window.start_frame - AUDIO_MARGIN_FRAMES
    exists = np.arange(first, first + num_frames)
    speech = speech_mask(window.video.speech, first, first + num_frames)
    speech &= (exists >= 0) & (exists < window.video.num_frames)
    vectors = network.embed_audio(audio[: num_frames * SAMPLES_PER_FRAME])
    return HeardAudio(start_frame=first, vectors=vectors, speech=speech)


def _listen(
    usable: list[Candidate],
    faces: WindowFaces,
    tubes: TubeFile,
    heard: HeardAudio,
    network: SyncNetwork,
    config: SpeakersConfig,
) -> None:
    """Measure each track against the window's audio; leaves no evidence where there is nothing to measure with."""
    for candidate in usable:
        track = candidate.track
        candidate.scores = similarity(
            network.embed_face(tubes, track.name),
            heard.vectors,
            heard.start_frame - track.start_frame,
            heard.speech,
            network.likeness,
        )
        evidence = weigh(candidate.scores, network.calibration)
        candidate.lse_d, candidate.lse_c = lse(network, evidence)
        if evidence is not None:
            candidate.believe(evidence, faces, config.min_shift_frames)
            candidate.stretches = segment_lags(candidate.scores, evidence.measured.lag_frames, track.start_frame)


def _allot(
    fitting: list[Candidate],
    faces: WindowFaces,
    network: SyncNetwork,
    config: SpeakersConfig,
    decisions: list[DecisionRow],
) -> None:
    """Give each frame's voice to a face in view, or to nobody, and drop those who cannot be believed even so."""
    scored = [ScoredFace(start_frame=candidate.track.start_frame, scores=candidate.scores) for candidate in fitting]
    # A network that gives probabilities gives cosines too: nothing in common is 0.
    unrelated = None if network.calibration is None else 0.0
    for index, (candidate, speaks) in enumerate(zip(fitting, assign_speakers(scored, unrelated), strict=True)):
        if network.calibration is not None and _company(candidate, fitting):
            own = weigh_own_frames(scored, index, unrelated, network.calibration)
            if own is not None and own.sync_probability > candidate.evidence.sync_probability:
                candidate.believe(own, faces, config.min_shift_frames)
        candidate.allotted = speaks & candidate.voiced
        if _judge(candidate, decisions, rules_of_belief(candidate, config), AFTER_FIT):
            candidate.speaks = candidate.allotted


def weigh_own_frames(
    faces: list[ScoredFace], index: int, unrelated: float | None, calibration: Calibration
) -> Evidence | None:
    """Evidence of the frames that are one face's own among several: it may speak a part of the time only.

    Frames chosen because the face fits there would flatter whoever listens, so whose voice a block is gets decided by
    the face's blocks around it and by the other faces. None for less than a second.
    """
    scores = faces[index].scores
    even = np.arange(len(scores)) // _BLOCK_FRAMES % 2 == 0
    own = np.zeros(len(scores), bool)
    for judged in (even, ~even):
        hidden = replace(faces[index], scores=_only(scores, ~judged))
        own |= judged & assign_speakers([*faces[:index], hidden, *faces[index + 1 :]], unrelated)[index]
    evidence = weigh(_only(scores, own), calibration)
    return evidence if evidence is not None and evidence.num_frames >= _MIN_OWN_FRAMES else None


def _only(scores: np.ndarray, frames: np.ndarray) -> np.ndarray:
    return np.where(frames[:, None], scores, np.float32(np.nan))


def _company(candidate: Candidate, others: list[Candidate]) -> list[Candidate]:
    """Those of the others that are in view at the same time."""
    return [
        other
        for other in others
        if other is not candidate
        and other.track.start_frame < candidate.track.end_frame
        and candidate.track.start_frame < other.track.end_frame
    ]


def _turns(
    candidate: Candidate,
    candidates: list[Candidate],
    faces: WindowFaces,
    config: SpeakersConfig,
    decisions: list[DecisionRow],
    min_turn_s: float,
) -> Iterator[SpeakingTurn]:
    """Turns of a speaking face that are long enough and in which nobody else speaks, surely or perhaps."""
    track = candidate.track
    others = [
        (other.allotted, other.track.start_frame)
        for other in _company(candidate, candidates)
        if other.allotted is not None
    ]
    spans = speaking_spans(
        candidate.speaks,
        contested(candidate.speaks, track.start_frame, others),
        faces.window.video.speech,
        track.start_frame,
        candidate.shift_samples,
        round(config.turn_margin_s * FRAME_RATE),
    )
    active_s = seconds_from_frames(int(candidate.speaks.sum()))
    _judge(candidate, decisions, rules_of_speaking(active_s if spans else 0.0), AFTER_BELIEF)
    for span in spans:
        turn_id = f"{track.track_id}-s{span.start_frame:07d}"
        kept, rows = judge(
            turn_id,
            "turn",
            track.row.source_id,
            STAGE,
            (
                Rule("overlap", "<=", span.overlap_share, 0.0, "of the turn"),
                Rule("min_s", ">=", seconds_from_frames(span.end_frame - span.start_frame), min_turn_s, "s"),
            ),
        )
        decisions.extend(rows)
        if kept:
            yield candidate.turn(span, turn_id)
