"""The files of an evaluation: evaluation.json, clips.parquet and report.html, beside its folder of videos."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import StorageError
from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.evaluate_clips import Evaluation
from speech2vid.evaluation.examples import choose_examples
from speech2vid.evaluation.page import evaluation_page
from speech2vid.training.publish import write_whole

VIDEOS = "videos"
"""Folder of the clips' videos beside the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorRecord:
    """A generator that was compared with."""

    name: str
    sha256: str
    recipe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """What was evaluated, and how: the first keys of evaluation.json."""

    generator: str  # file name
    generator_sha256: str  # with that of the deblurring network after +, if there is one
    recipe: str
    gain: float
    compared: list[GeneratorRecord]
    dataset: str
    split: str
    where: str | None
    num_clips: int
    num_speakers: int
    num_wrong_audio: int  # different audios of the control
    sync_network: str | None
    sync_network_sha256: str | None
    second_judge: str | None
    second_judge_sha256: str | None
    max_candidates: int
    seed: int
    skipped_clips: list[str]  # a line for each


def write_results(folder: Path, record: EvaluationRecord, evaluation: Evaluation) -> None:
    """Write clips.parquet, report.html and, last, evaluation.json, each by one rename; StorageError."""
    content = {
        **dataclasses.asdict(record),
        "calibration": evaluation.calibration and dataclasses.asdict(evaluation.calibration),
        "measures": [dataclasses.asdict(measure) for measure in evaluation.measures],
    }
    examples = choose_examples(evaluation.scores, evaluation.strips)
    files = {
        "clips.parquet": _parquet(evaluation.scores),
        "report.html": evaluation_page(content, evaluation.measures, evaluation.scores, examples, VIDEOS).encode(),
        "evaluation.json": json.dumps(content, indent=1).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_whole(folder / name, data)
    except OSError as error:
        raise StorageError(f"cannot write into {folder}: {error.strerror}; choose another --output") from error


def _parquet(scores: Sequence[ClipScore]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([dataclasses.asdict(score) for score in scores], _SCHEMA), sink)
    return sink.getvalue().to_pybytes()


_ARROW: dict[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    int | None: pa.int64(),
    float | None: pa.float64(),
}
_SCHEMA = pa.schema([(field.name, _ARROW[field.type]) for field in dataclasses.fields(ClipScore)])
