"""The whole evaluation: clips to measures, with one clip's faces in memory at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech2vid.evaluation.clip_scores import ClipScore, ClipScorer, Scorers
from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import WRONG_AUDIO, Shown, all_conditions, mean_stills, shown_of, wrong_audio
from speech2vid.evaluation.examples import Strip, conditions_to_see, strip_of
from speech2vid.evaluation.identity import IdentityCalibration, calibrate, reference_faces
from speech2vid.evaluation.judges import make_judge
from speech2vid.evaluation.measures import Measure, all_measures
from speech2vid.evaluation.side_by_side import write_side_by_side
from speech2vid.evaluation.talking_face import TalkingFace
from speech2vid.evaluation.timings import Timings
from transforms.faces.mesh import FaceMesh
from transforms.people.face_networks import FaceNetwork
from transforms.speakers.sync_network import SyncNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What judges the faces, and timings of the words where there are any."""

    mesh: FaceMesh
    face_network: FaceNetwork | None = None
    sync_network: SyncNetwork | None = None
    second_judge: SyncNetwork | None = None
    timings: Timings | None = None
    max_candidates: int = 50  # clips among whose audio the right one is searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of an evaluation."""

    conditions: list[str]  # in the order of the tables
    scores: list[ClipScore]
    measures: list[Measure]
    calibration: IdentityCalibration | None
    strips: dict[str, Strip]  # by key of the clip

    @property
    def num_wrong_audio(self) -> int:
        """Different audios of the control."""
        return len({score.audio for score in self.scores if score.condition == WRONG_AUDIO})


def evaluate_clips(
    clips: Sequence[EvaluationClip],
    generators: Sequence[TalkingFace],
    networks: Networks,
    videos: Path,
    seed: int,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Score all clips in all conditions, and write a video of each clip with conditions side by side.

    generators: the first is evaluated, the others are compared with it. videos: folder. seed: of the intervals.
    report_progress: is called with a line now and then.
    """
    scorers = _scorers(clips, networks, report_progress)
    means, wrong = mean_stills(clips), wrong_audio(clips)
    conditions = all_conditions(generators[1:])
    to_see = conditions_to_see(conditions)
    scores: list[ClipScore] = []
    strips: dict[str, Strip] = {}
    for number, clip in enumerate(clips, 1):
        scorer, openings = ClipScorer(clip, scorers), dict[str, np.ndarray]()
        seen: dict[str, Shown] = {}
        for shown in shown_of(generators, clip, clips, wrong[clip.key], means):
            scored = scorer.score(shown)
            scores.append(scored.score)
            openings.setdefault(shown.condition, scored.opening)
            if shown.condition in to_see:  # the others are let go
                seen[shown.condition] = shown
        in_order = [seen[name] for name in to_see]
        strips[clip.key] = strip_of(in_order, openings)
        write_side_by_side(videos / f"{clip.key}.mp4", clip, in_order)
        report_progress(f"{number} of {len(clips)} clips")
    references = list(scorers.references.values())
    calibration = None if networks.face_network is None else calibrate(networks.face_network, references)
    measures = all_measures(scores, conditions, calibration, seed)
    return Evaluation(conditions=conditions, scores=scores, measures=measures, calibration=calibration, strips=strips)


def _scorers(clips: Sequence[EvaluationClip], networks: Networks, report_progress: Callable[[str], None]) -> Scorers:
    face_network = networks.face_network
    references = {} if face_network is None else {clip.key: reference_faces(face_network, clip) for clip in clips}
    report_progress("true faces are embedded")
    judges = [
        make_judge(network, clips, networks.max_candidates)
        for network in (networks.sync_network, networks.second_judge)
    ]
    report_progress("audio is embedded")
    return Scorers(
        mesh=networks.mesh,
        face_network=face_network,
        references=references,
        judge=judges[0],
        second_judge=judges[1],
        timings=networks.timings,
    )
