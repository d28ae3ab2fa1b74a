"""The whole evaluation: clips to measures, with one clip's faces in memory at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speech2vid.evaluation.clip_scores import ClipScore, Scorers, score_clip
from speech2vid.evaluation.clips import EvaluationClip
from speech2vid.evaluation.conditions import FaceGenerator, faces_by_condition, mean_stills
from speech2vid.evaluation.examples import Strip, strip_of
from speech2vid.evaluation.face_networks import FaceNetwork
from speech2vid.evaluation.identity import IdentityCalibration, calibrate, reference_faces
from speech2vid.evaluation.measures import Measure, all_measures
from speech2vid.evaluation.retrieval import candidate_groups, embed_audio
from transforms.faces.mesh import FaceMesh
from transforms.speakers.sync_network import SyncNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of an evaluation."""

    scores: list[ClipScore]
    measures: list[Measure]
    calibration: IdentityCalibration | None
    strips: dict[str, Strip]  # by key of the clip


def evaluate_clips(
    clips: Sequence[EvaluationClip],
    generator: FaceGenerator,
    mesh: FaceMesh,
    face_network: FaceNetwork | None,
    sync_network: SyncNetwork | None,
    max_candidates: int,
    seed: int,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Score all clips in all conditions.

    max_candidates: clips among whose audio the right one is searched. seed: of the intervals. report_progress: is
    called with a line now and then.
    """
    scorers = _scorers(clips, mesh, face_network, sync_network, max_candidates, report_progress)
    means = mean_stills(clips)
    scores: list[ClipScore] = []
    strips: dict[str, Strip] = {}
    for number, clip in enumerate(clips, 1):
        faces = faces_by_condition(generator, clip, clips, means)
        scored = score_clip(clip, faces, scorers)
        scores += [one.score for one in scored]
        strips[clip.key] = strip_of(faces, {one.score.condition: one.opening for one in scored if len(one.opening)})
        report_progress(f"{number} of {len(clips)} clips")
    calibration = None if face_network is None else calibrate(face_network, list(scorers.references.values()))
    measures = all_measures(scores, calibration, seed)
    return Evaluation(scores=scores, measures=measures, calibration=calibration, strips=strips)


def _scorers(
    clips: Sequence[EvaluationClip],
    mesh: FaceMesh,
    face_network: FaceNetwork | None,
    sync_network: SyncNetwork | None,
    max_candidates: int,
    report_progress: Callable[[str], None],
) -> Scorers:
    references = {} if face_network is None else {clip.key: reference_faces(face_network, clip) for clip in clips}
    report_progress("true faces are embedded")
    audio = [] if sync_network is None else [embed_audio(sync_network, clip) for clip in clips]
    report_progress("audio is embedded")
    return Scorers(
        mesh=mesh,
        face_network=face_network,
        references=references,
        sync_network=sync_network,
        candidates=candidate_groups([found for found in audio if found is not None], max_candidates),
    )
