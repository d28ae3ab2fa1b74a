"""Histograms as bars, ticks and marks."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from audit.charts import histogram
from audit.column_values import ColumnValues


def column(values):
    """The values as a column of a database."""
    database = duckdb.connect()
    database.register("made", pa.table({"x": pa.array(values, pa.float32())}))
    return ColumnValues(manifests=database, table="made", expression="x")


@pytest.mark.parametrize("number", [1, 2, 7, 1000])
def test_counts_and_median_are_those_of_numpy(number):
    values = np.random.default_rng(number).normal(size=number).astype(np.float32)
    edges = np.linspace(-1.5, 2.0, 31)
    found = column([*values, None])
    assert len(found) == number and found.limits == (values.min(), values.max())
    assert found.median == pytest.approx(np.median(values.astype(np.float64)), abs=1e-12)
    assert found.counts(edges).tolist() == np.histogram(values, edges)[0].tolist()


def test_a_range_of_a_hair_less_than_four_steps_has_ticks():
    chart = histogram("length", column([1.92, 1.96, 2.04, 2.2, 2.32]), unit="s", note="")
    assert 3 <= len(chart.ticks) <= 9


def test_a_histogram_holds_every_value_once():
    values = np.random.default_rng(0).normal(size=500)
    chart = histogram("x", column(values))
    assert sum(int(bar.title.rsplit(" ", 1)[1]) for bar in chart.bars) == 500
    assert all(0 <= bar.left <= bar.left + bar.width <= 1 + 1e-9 and 0 < bar.height <= 1 for bar in chart.bars)


def test_whole_values_have_a_bin_each():
    chart = histogram("lag", column([-2, 0, 0, 1]), unit="frame", whole=True)
    assert [bar.title for bar in chart.bars] == ["-2 frame: 1", "0 frame: 2", "1 frame: 1"]


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [1e6, 1e6 + 1]])
def test_any_values_have_a_histogram(values):
    chart = histogram("x", column(values), thresholds={"at": 2.0})
    assert chart.num_values == len(values) and len(chart.ticks) >= 2
