"""An evaluation's record and a clip's scores with made values, for what shows them."""

import dataclasses

from speech2vid.evaluation.clip_scores import ClipScore
from speech2vid.evaluation.conditions import REAL
from speech2vid.evaluation.results import EvaluationRecord, GeneratorRecord

_MADE = {str: "made", int: 1, float: 1.0, list[GeneratorRecord]: [], list[str]: []}


def evaluation_record(**given) -> dict:
    """The content of evaluation.json without measures; fields that are not given are made up."""
    return dataclasses.asdict(EvaluationRecord(**_fields(EvaluationRecord, given))) | {"calibration": None}


def clip_score(**given) -> ClipScore:
    """Scores of one real clip; fields that are not given are made up."""
    return ClipScore(**_fields(ClipScore, {"condition": REAL, **given}))


def _fields(record: type, given: dict) -> dict:
    return {field.name: given.get(field.name, _MADE.get(field.type)) for field in dataclasses.fields(record)}
