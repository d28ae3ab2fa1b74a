"""The evaluation of a generator on clips of a dataset, beside other generators, baselines and real video."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError
from speech2vid.evaluation.clips import EvaluationClip, read_evaluation_clips
from speech2vid.evaluation.evaluate_clips import Evaluation, Networks, evaluate_clips
from speech2vid.evaluation.generators import load_compared, load_evaluated
from speech2vid.evaluation.judges import load_second_judge
from speech2vid.evaluation.measures import Measure
from speech2vid.evaluation.results import VIDEOS, EvaluationRecord, GeneratorRecord, write_results
from speech2vid.evaluation.talking_face import TalkingFace
from speech2vid.evaluation.timings import Timings
from speech2vid.motion import file as motion_file
from speech2vid.rendering import painter_file
from transforms.faces.mesh import MediaPipeMesh
from transforms.people.face_networks import load_face_network
from transforms.speakers.sync_network import load_sync_network


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """Which generators are evaluated, on which clips, by which networks."""

    dataset: str  # folder or URL
    motion: Path = motion_file.DEFAULT_PATH
    checkpoint: Path = painter_file.DEFAULT_PATH  # a painter, or a generator of pixels
    gain: float = 1.0  # factor on the motion
    deblurring: Path | None = None  # for a generator of pixels
    compare: tuple[str, ...] = ()  # see load_compared
    split: str = "val"
    where: str | None = None  # DuckDB condition on the clips table
    max_clips: int = 200
    face_network: str = "dlib"  # see load_face_network
    sync: str = "default"  # see load_sync_network, or none
    second_judge: str = "default"  # see load_second_judge
    timings: Path | None = None  # folder of .align files
    max_candidates: int = 50  # clips among whose audio the right one is searched
    seed: int = 0  # of the bootstrap intervals


def evaluate(
    settings: EvaluationSettings, output: Path, report_progress: Callable[[str], None] = lambda line: None
) -> tuple[EvaluationRecord, list[Measure]]:
    """Evaluate and write the results into the folder `output`; report_progress is called with a line now and then."""
    generators = _generators(settings)
    networks = _networks(settings)
    clips, skipped = read_evaluation_clips(
        settings.dataset, settings.split, settings.where, settings.max_clips, generators
    )
    if networks.timings:
        networks.timings.require_any_of(clips)
    evaluation = evaluate_clips(clips, generators, networks, output / VIDEOS, settings.seed, report_progress)
    record = _record(settings, generators, networks, clips, skipped, evaluation)
    write_results(output, record, evaluation)
    return record, evaluation.measures


def _generators(settings: EvaluationSettings) -> list[TalkingFace]:
    """The evaluated generator and those that it is compared with; UsageError where two have one name."""
    evaluated = load_evaluated(settings.checkpoint, settings.motion, settings.gain, settings.deblurring)
    compared = [load_compared(spec, evaluated, settings.motion) for spec in settings.compare]
    names = [generator.name for generator in compared]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"--compare has two generators named {twice[0]}: the tables need different names, copy one")
    return [evaluated, *compared]


def _networks(settings: EvaluationSettings) -> Networks:
    return Networks(
        mesh=MediaPipeMesh(),
        face_network=load_face_network(settings.face_network),
        sync_network=None if settings.sync == "none" else load_sync_network(settings.sync),
        second_judge=load_second_judge(settings.second_judge),
        timings=Timings(settings.timings) if settings.timings else None,
        max_candidates=settings.max_candidates,
    )


def _record(
    settings: EvaluationSettings,
    generators: Sequence[TalkingFace],
    networks: Networks,
    clips: list[EvaluationClip],
    skipped: list[str],
    evaluation: Evaluation,
) -> EvaluationRecord:
    first, sync, second = generators[0], networks.sync_network, networks.second_judge
    return EvaluationRecord(
        generator=first.name,
        generator_sha256=first.sha256,
        recipe=first.recipe,
        gain=settings.gain,
        compared=[GeneratorRecord(name=one.name, sha256=one.sha256, recipe=one.recipe) for one in generators[1:]],
        dataset=settings.dataset,
        split=settings.split,
        where=settings.where,
        num_clips=len(clips),
        num_speakers=len({clip.speaker for clip in clips}),
        num_wrong_audio=evaluation.num_wrong_audio,
        sync_network=sync.name if sync else None,
        sync_network_sha256=sync.sha256 if sync else None,
        second_judge=second.name if second else None,
        second_judge_sha256=second.sha256 if second else None,
        max_candidates=settings.max_candidates,
        seed=settings.seed,
        skipped_clips=skipped,
    )
