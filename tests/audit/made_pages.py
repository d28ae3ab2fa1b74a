"""Pages with everything in them that a page may have, for tests of all of it together."""

import dataclasses
import json
import shutil

import numpy as np

from audit.report import report_page
from speech2vid.evaluation.conditions import GENERATED, REAL, WRONG_AUDIO
from speech2vid.evaluation.examples import Example, Strip, StripRow
from speech2vid.evaluation.measures import Measure
from speech2vid.evaluation.page import evaluation_page
from tests.audit.made_dataset import A, B, page_of, write_dataset
from tests.manifests import made_rows
from tests.speech2vid.evaluation.made_evaluation import clip_score, evaluation_record

SLOW = {"stage": "TrackFaces", "source_id": A, "source_uri": "a.mp4", "window_index": 7, "wall_s": 12.5, "cpu_s": 9.0}
_JPEG = "/9j/4AAQ"  # no whole image: its text is tested, not its look


def judged_track(number, probability, thresholds=(0.1, 0.5)):
    """A track and the decisions of the two rules of probability about it."""
    track_id = f"{A}-w00000-t{number:03d}"
    track = dataclasses.replace(
        made_rows.track(track_id, A),
        sync_curve=tuple(probability if lag == 15 else 0.0 for lag in range(31)),
        sync_probability=probability,
        sync_confidence=0.4,
        sync_margin=0.1,
        audio_lag_frames=0.3,
        audio_lag_se_frames=0.2,
    )
    decisions = [
        dataclasses.replace(
            made_rows.decision(A, probability >= threshold, rule),
            subject_id=track_id,
            stage="FindSpeakers",
            rule_order=order,
            value=probability,
            threshold=threshold,
            unit="probability",
        )
        for order, (rule, threshold) in enumerate(
            zip(("unsure_probability", "min_probability"), thresholds, strict=True), 4
        )
    ]
    return track, decisions[: 1 if probability < thresholds[0] else 2]


def judged_rows(*probabilities):
    """Tracks with these probabilities, and what the rules said of them."""
    found = [judged_track(number, probability) for number, probability in enumerate(probabilities)]
    return [row for track, decisions in found for row in (track, *decisions)]


def duplicate(dropped_key, kept_key, source_id=B):
    """The decision that dropped a clip as a copy of another."""
    return dataclasses.replace(
        made_rows.decision(source_id, rule="duplicate"),
        subject_id=dropped_key,
        subject_kind="clip",
        stage="FindCopies",
        comparison="in",
        value=None,
        value_text=kept_key,
        threshold=None,
        unit="",
    )


def full_report(folder):
    """A report with curves, copies, failures and slow elements."""
    rows = [*judged_rows(0.05, 0.55, 0.93), duplicate("gone", "k0"), made_rows.failure(B, 3, "bug")]
    run = write_dataset(folder, more_rows=rows)
    return page_of(report_page, folder, run | {"slowest": [SLOW]})


def empty_report(folder, make_page):
    """A page about a run that made no clip."""
    run = write_dataset(folder)
    (folder / "dataset.json").unlink()
    shutil.rmtree(folder / "shards")
    for table in ("clips", "shards", "tracks"):
        shutil.rmtree(folder / "manifests" / table)
    run["verdict"] = {"ok": False, "exit_code": 3, "problems": ["no clip came out"], "num_clips": 0}
    (folder / "run.json").write_text(json.dumps(run))
    return page_of(make_page, folder, run)


def evaluation_page_with_examples():
    """An evaluation page with measures and two examples."""
    conditions = (REAL, GENERATED, WRONG_AUDIO)
    measures = [_measure(name, condition) for name in ("SSIM", "sharpness") for condition in conditions]
    openings = {condition: np.linspace(0, 1, 20) for condition in conditions}
    strip = Strip(rows=[StripRow(condition=one, jpeg_base64=_JPEG) for one in conditions], openings=openings)
    scores = [clip_score(key=f"k{number}", condition=REAL) for number in range(2)]
    examples = [Example(place="best", score=score, strip=strip) for score in scores]
    return evaluation_page(evaluation_record(skipped_clips=["k9"]), measures, scores, examples, "videos")


def _measure(name, condition):
    values = {"name": name, "condition": condition, "unit": "", "better": "higher", "value": 0.9}
    given = {field.name: values.get(field.name, 1) for field in dataclasses.fields(Measure)}
    return Measure(**given | {"low": 0.8, "high": 0.95})
