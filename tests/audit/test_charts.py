"""Histograms as bars, ticks and marks."""

import numpy as np
import pytest

from audit.charts import histogram


def test_a_range_of_a_hair_less_than_four_steps_has_ticks():
    chart = histogram("length", np.array([1.92, 1.96, 2.04, 2.2, 2.32]), unit="s", note="")
    assert 3 <= len(chart.ticks) <= 9


def test_a_histogram_holds_every_value_once():
    values = np.random.default_rng(0).normal(size=500)
    chart = histogram("x", values)
    assert sum(int(bar.title.rsplit(" ", 1)[1]) for bar in chart.bars) == 500
    assert all(0 <= bar.left <= bar.left + bar.width <= 1 + 1e-9 and 0 < bar.height <= 1 for bar in chart.bars)


def test_whole_values_have_a_bin_each():
    chart = histogram("lag", np.array([-2, 0, 0, 1]), unit="frame", whole=True)
    assert [bar.title for bar in chart.bars] == ["-2 frame: 1", "0 frame: 2", "1 frame: 1"]


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [1e6, 1e6 + 1]])
def test_any_values_have_a_histogram(values):
    chart = histogram("x", np.array(values), thresholds={"at": 2.0})
    assert chart.num_values == len(values) and len(chart.ticks) >= 2
