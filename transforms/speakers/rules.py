"""The rules of FindSpeakers, in order. A rule's order in the decisions table is its place in its tuple.

A new rule takes a setting, an entry here and a test.
"""

from schemas.decisions import Rule
from schemas.records import WindowFaces
from transforms.speakers.candidate import Candidate
from transforms.speakers.turns import SpeakingSpan

WINDOW_RULES: tuple[Rule[WindowFaces], ...] = (
    Rule(name="has_face", comparison="exists", value=lambda faces: bool(faces.tracks)),
)

ELIGIBILITY_RULES: tuple[Rule[Candidate], ...] = (
    Rule(name="min_track_s", comparison=">=", value=lambda face: face.length_s, setting="faces.min_track_s", unit="s"),
    Rule(
        name="min_box_px",
        comparison=">=",
        value=lambda face: face.track.row.face_source_px,
        setting="faces.min_box_px",
        unit="px",
    ),
    Rule(name="has_mesh", comparison="exists", value=lambda face: face.track.has_mesh),
    Rule(
        name="min_voiced_share",
        comparison=">=",
        value=lambda face: float(face.voiced.mean()),
        setting="speakers.min_voiced_share",
        unit="of the track",
    ),
)
"""Whether there is enough of a face, and of speech, to be judged."""

CROWD_RULES: tuple[Rule[Candidate], ...] = (
    Rule(
        name="max_faces",
        comparison="<=",
        value=lambda face: face.size_rank,
        setting="faces.max_faces",
        unit="face",
        applies=lambda face: face.size_rank is not None,
    ),
)
"""Whether the face is among the largest of those in view; asked in windows with more faces than that."""

SAME_FACE_RULES: tuple[Rule[Candidate], ...] = (
    Rule(
        name="max_lip_correlation",
        comparison="<=",
        value=lambda face: face.lip_correlation,
        setting="speakers.max_lip_correlation",
        unit="correlation",
        applies=lambda face: face.lip_correlation is not None,
    ),
)
"""Whether the face is another person than each better face in view with it."""

SOLO_RULES: tuple[Rule[Candidate], ...] = (
    Rule(name="max_other_faces", comparison="<=", value=lambda face: face.num_other_faces, threshold=0.0, unit="face"),
)
"""Without a sync network, only a face that is alone in view can be taken for the speaker."""

SYNC_RULES: tuple[Rule[Candidate], ...] = (
    Rule(
        name="unsure_probability",
        comparison=">=",
        value=lambda face: face.sync and face.sync.probability,
        setting="speakers.unsure_probability",
        unit="probability",
        applies=lambda face: face.uses_probability and face.sync is not None,
    ),
    Rule(
        name="min_confidence",
        comparison=">=",
        value=lambda face: face.sync and face.sync.confidence,
        setting="speakers.min_confidence",
        unit="similarity",
        applies=lambda face: face.uses_confidence and not (face.uses_probability and face.sync is None),
    ),
)
"""Whether the audio may be the face's own."""

CONFIDENCE_RULES: tuple[Rule[Candidate], ...] = (
    Rule(
        name="min_probability",
        comparison=">=",
        value=lambda face: face.sync and face.sync.probability,
        setting="speakers.min_probability",
        unit="probability",
        applies=lambda face: face.uses_probability,
    ),
    Rule(
        name="max_abs_lag_frames",
        comparison="<=",
        value=lambda face: face.sync and abs(face.sync.lag_frames),
        setting="speakers.max_abs_lag_frames",
        unit="frame",
    ),
    Rule(
        name="max_drift_frames",
        comparison="<=",
        value=lambda face: face.drift_frames,
        setting="speakers.max_drift_frames",
        unit="frame",
        applies=lambda face: face.drift_frames is not None,
    ),
)
"""Whether the audio is the face's own with enough certainty, at a lag that can be corrected."""

SPEAKING_RULES: tuple[Rule[Candidate], ...] = (
    Rule(name="speaks", comparison=">=", value=lambda face: face.active_s, setting="speakers.min_active_s", unit="s"),
)
"""Whether the face speaks, for long enough in a row."""

TRACK_RULES = (
    *ELIGIBILITY_RULES,
    *CROWD_RULES,
    *SAME_FACE_RULES,
    *SOLO_RULES,
    *SYNC_RULES,
    *CONFIDENCE_RULES,
    *SPEAKING_RULES,
)
"""All rules of a track, in the order in which they are applied."""

TURN_RULES: tuple[Rule[SpeakingSpan], ...] = (
    Rule(name="overlap", comparison="<=", value=lambda span: span.overlap_share, threshold=0.0, unit="of the turn"),
    Rule(name="min_s", comparison=">=", value=lambda span: span.length_s, setting="clips.min_s", unit="s"),
)
