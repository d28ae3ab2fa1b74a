"""The evaluation of a generator on clips of a dataset, against baselines that need no generator and real video."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speech2vid.evaluation.clips import EvaluationClip, read_evaluation_clips
from speech2vid.evaluation.conditions import FaceGenerator
from speech2vid.evaluation.evaluate_clips import evaluate_clips
from speech2vid.evaluation.face_networks import load_face_network
from speech2vid.evaluation.measures import Measure
from speech2vid.evaluation.results import EvaluationRecord, write_results
from speech2vid.generator.file import DEFAULT_PATH, DeblurringFile, GeneratorFile
from transforms.faces.mesh import MediaPipeMesh
from transforms.speakers.sync_network import SyncNetwork, load_sync_network


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """Which generator is evaluated, on which clips, by which networks."""

    dataset: str  # folder or URL
    checkpoint: Path = DEFAULT_PATH
    gain: float = 1.0
    deblurring: Path | None = None
    split: str = "val"
    where: str | None = None  # DuckDB condition on the clips table
    max_clips: int = 200
    face_network: str = "dlib"  # see load_face_network
    sync: str = "default"  # see load_sync_network, or none
    max_candidates: int = 50  # clips among whose audio the right one is searched
    seed: int = 0  # of the bootstrap intervals


def evaluate(
    settings: EvaluationSettings, output: Path, report_progress: Callable[[str], None] = lambda line: None
) -> tuple[EvaluationRecord, list[Measure]]:
    """Evaluate and write the results into the folder `output`; report_progress is called with a line now and then."""
    network = GeneratorFile(settings.checkpoint)
    deblurring = DeblurringFile(settings.deblurring) if settings.deblurring else None
    face_network = load_face_network(settings.face_network)
    sync_network = None if settings.sync == "none" else load_sync_network(settings.sync)
    clips, skipped = read_evaluation_clips(
        settings.dataset, settings.split, settings.where, settings.max_clips, network.shape
    )
    evaluation = evaluate_clips(
        clips,
        FaceGenerator(network=network, gain=settings.gain, deblurring=deblurring),
        MediaPipeMesh(),
        face_network,
        sync_network,
        settings.max_candidates,
        settings.seed,
        report_progress,
    )
    record = _record(settings, network, deblurring, sync_network, clips, skipped)
    write_results(output, record, evaluation)
    return record, evaluation.measures


def _record(
    settings: EvaluationSettings,
    network: GeneratorFile,
    deblurring: DeblurringFile | None,
    sync_network: SyncNetwork | None,
    clips: list[EvaluationClip],
    skipped: list[str],
) -> EvaluationRecord:
    return EvaluationRecord(
        generator=network.name,
        generator_sha256=network.sha256,
        recipe=network.shape.recipe,
        gain=settings.gain,
        deblurring_sha256=deblurring.sha256 if deblurring else None,
        dataset=settings.dataset,
        split=settings.split,
        where=settings.where,
        num_clips=len(clips),
        num_speakers=len({clip.speaker for clip in clips}),
        sync_network=sync_network.name if sync_network else None,
        sync_network_sha256=sync_network.sha256 if sync_network else None,
        max_candidates=settings.max_candidates,
        seed=settings.seed,
        skipped_clips=skipped,
    )
