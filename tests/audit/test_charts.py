import numpy as np

from audit.charts import histogram


def test_a_range_of_a_hair_less_than_four_steps_has_ticks():
    chart = histogram("length", np.array([1.92, 1.96, 2.04, 2.2, 2.32]), unit="s", note="")
    assert 3 <= len(chart.ticks) <= 9
