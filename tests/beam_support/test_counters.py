"""Counters have the stage as namespace."""

import apache_beam as beam
from apache_beam.metrics import MetricsFilter

from transforms.beam_support.counters import count, count_msec, record_score


def work(number: int) -> int:
    count("Stage", "in")
    count_msec("Stage", (("decode", 5), ("mesh", number)))
    record_score("Stage", "sync_confidence", 0.1 * number)
    return number


def test_counts_milliseconds_and_scores_are_reported_by_stage():
    pipeline = beam.Pipeline("FnApiRunner")
    pipeline | beam.Create([1, 2, 3]) | beam.Map(work)
    found = pipeline.run().metrics().query(MetricsFilter().with_namespace("Stage"))
    assert {one.key.metric.name: one.committed for one in found["counters"]} == {
        "in": 3,
        "decode_msec": 15,
        "mesh_msec": 6,
    }
    (score,) = found["distributions"]
    assert score.key.metric.name == "sync_confidence_thousandths"
    assert (score.committed.min, score.committed.max, score.committed.mean) == (100, 300, 200)
