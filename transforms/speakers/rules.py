"""The rules of a track, in their order; each threshold is a setting."""

from schemas.clock import FRAME_RATE, seconds_from_frames
from schemas.decisions import Rule
from transforms.speakers.candidate import Candidate
from transforms.speakers.config import UNCALIBRATED_CONFIDENCE, SpeakersConfig
from transforms.speakers.sync_result import Calibration

AFTER_USE, AFTER_FIT, AFTER_BELIEF = 4, 6, 8
"""Order of the first rule of fit, of belief, and of turns."""


def rules_of_use(
    candidate: Candidate, config: SpeakersConfig, min_box_px: float, min_track_s: float
) -> tuple[Rule, ...]:
    """Whether there is enough of a face, and of speech, to be judged."""
    track = candidate.track
    length_s = seconds_from_frames(track.end_frame - track.start_frame)
    return (
        Rule("min_track_s", ">=", length_s, min_track_s, "s"),
        Rule("min_box_px", ">=", track.row.face_source_px, min_box_px, "px"),
        Rule("has_mesh", "exists", track.has_mesh),
        Rule("min_voiced_share", ">=", float(candidate.voiced.mean()), config.min_voiced_share, "of the track"),
    )


def rules_of_fit(candidate: Candidate, calibration: Calibration | None, config: SpeakersConfig) -> tuple[Rule, ...]:
    """Whether the audio may be the face's own.

    A network with a calibration is asked for its probability, and for its confidence only when that was set.
    """
    evidence = candidate.evidence
    if evidence is None:
        return (Rule("min_confidence" if calibration is None else "unsure", "exists", False),)
    rules = ()
    if calibration is not None:
        rules += (Rule("makes_this_sound", ">=", evidence.sync_probability, config.unsure_probability, "probability"),)
    if calibration is None or config.min_confidence != UNCALIBRATED_CONFIDENCE:
        rules += (Rule("min_confidence", ">=", evidence.measured.confidence, config.min_confidence, "likeness"),)
    return rules


def rules_of_belief(candidate: Candidate, config: SpeakersConfig) -> tuple[Rule, ...]:
    """Whether it surely is, by a lag that can be corrected."""
    evidence, rules = candidate.evidence, ()
    if evidence.sync_probability is not None:
        rules += (Rule("unsure", ">=", evidence.sync_probability, config.min_probability, "probability"),)
    lag_frames = abs(evidence.measured.lag_frames)
    return *rules, Rule("max_abs_lag_frames", "<=", lag_frames, config.max_abs_lag_frames, "frame")


def rules_of_company(num_others: int) -> tuple[Rule, ...]:
    """Without a judge only a face that is alone in the image can be taken for the speaker."""
    return (Rule("max_other_faces", "<=", num_others, 0, "face"),)


def rules_of_speaking(active_s: float) -> tuple[Rule, ...]:
    """Whether the face speaks at all."""
    return (Rule("speaks", ">=", active_s, 1 / FRAME_RATE, "s"),)
