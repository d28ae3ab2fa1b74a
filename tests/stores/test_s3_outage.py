"""An outage of the store while a guarded child works on an element: the child waits, and no row is lost."""

import time
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to, is_empty

from transforms.beam_support.failure_rows import Place
from transforms.beam_support.guard import Guarded
from transforms.beam_support.storage import read_bytes, write_once
from transforms.beam_support.stores import StoreOptions

CPU_S, OUTAGE_S, PATIENCE_S = 0.5, 9.0, 60.0


class Copy(beam.DoFn):
    """Reads a file in the child, and writes it to another."""

    def process(self, uri) -> Iterator[bytes]:
        data = read_bytes(uri)
        write_once(uri + ".copy", data)
        yield data


def place(uri):
    return Place("id", uri)


def outage_of(seconds):
    """A store that has an outage from the first request on."""
    began = []

    def status_of(method, key):
        began.append(time.monotonic())
        return 503 if began[-1] - began[0] < seconds else 0

    return status_of


def test_an_outage_longer_than_a_childs_time_costs_no_row(store):
    uri = store.put("x", b"content")
    store.status_of = outage_of(OUTAGE_S)
    began = time.monotonic()
    with beam.Pipeline("FnApiRunner") as pipeline:
        options = StoreOptions(s3_endpoint_url=store.url, patience_s=PATIENCE_S)
        guarded = Guarded(work=Copy(), stage="copy", place=place, use_subprocess=True, cpu_s=CPU_S, store=options)
        outputs = pipeline | beam.Create([uri]) | guarded
        assert_that(outputs.results, equal_to([b"content"]), label="results")
        assert_that(outputs.failures, is_empty(), label="failures")
    assert time.monotonic() - began > OUTAGE_S > 10 * CPU_S  # it waited for longer than it could without a store
    store.status_of = lambda method, key: 0
    assert store.objects() == {"x": b"content", "x.copy": b"content"}
