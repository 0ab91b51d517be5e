"""Figures of the scoreboard: the best first, chance told, the frontier joined, names escaped."""

import numpy as np
import pytest

from core.palette import GREY
from core.scoreboard.charts import contender_color, interval_figure, pareto_figure, spans_decades
from core.scoreboard.cost import on_frontier

NAMES = ["<b>best</b>", "second", "third"]
VALUES = np.array([0.8, 0.75, 0.6])
LOW, HIGH = VALUES - np.array([0.02, 0.03, 0.01]), VALUES + np.array([0.01, 0.03, 0.04])


def test_whiskers_reach_from_low_to_high_in_the_order_given():
    figure = interval_figure(NAMES, VALUES, LOW, HIGH, [2, 0, 1], "MAP@R", 0.5)
    dots = figure.data[:3]
    assert [trace.x[0] for trace in dots] == [0.8, 0.75, 0.6]
    assert [trace.y[0] for trace in dots] == [0, 1, 2]
    first, last = figure.layout.yaxis.range
    assert first > last  # the first is at the top
    whisker = figure.data[0].error_x
    assert np.allclose([whisker.array[0], whisker.arrayminus[0]], [0.01, 0.02])
    assert [trace.marker.color for trace in dots] == [contender_color(place) for place in (2, 0, 1)]
    assert figure.layout.annotations[0].text == "&lt;b&gt;best&lt;/b&gt; · 0.800"


@pytest.mark.parametrize(("chance", "lines", "words"), [(0.5, 1, "chance 0.500"), (0.01, 0, "← chance 0.010")])
def test_the_chance_level_is_a_line_where_it_is_near(chance, lines, words):
    figure = interval_figure(NAMES, VALUES, LOW, HIGH, [0, 1, 2], "MAP@R", chance)
    assert [set(trace.x) for trace in figure.data[3:]] == [{chance}] * lines
    assert figure.layout.annotations[-1].text == words
    start, end = figure.layout.xaxis.range
    assert start <= min(LOW)
    assert end >= max(HIGH)
    assert (start <= chance) == bool(lines)


def test_no_chance_level_and_no_spread_can_be_drawn():
    same = np.array([1.0])
    figure = interval_figure(["a"], same, same, same, [0], "P@1")
    assert len(figure.data) == 1
    assert figure.layout.xaxis.range[0] < 1 < figure.layout.xaxis.range[1]


def test_dominated_contenders_are_grey_and_the_frontier_is_joined_by_cost():
    cost = np.array([50.0, 2.0, 9.0])
    best = on_frontier(cost, VALUES)
    assert best.tolist() == [True, True, False]
    figure = pareto_figure(NAMES, cost, VALUES, LOW, HIGH, best, [0, 1, 2], "seconds", "MAP@R")
    line, *points = figure.data
    assert list(line.x) == [2, 50]
    assert list(line.y) == [0.75, 0.8]
    points.sort(key=lambda point: point.legendrank)
    assert [point.marker.color for point in points] == [contender_color(0), contender_color(1), GREY]
    assert [point.name for point in points] == ["1 &lt;b&gt;best&lt;/b&gt;", "2 second", "3 third"]
    assert figure.layout.xaxis.type == "log"


def test_contenders_of_unknown_cost_are_left_out():
    cost = np.array([np.nan, 2.0, 3.0])
    best = on_frontier(cost, VALUES)
    assert best.tolist() == [False, True, False]
    figure = pareto_figure(NAMES, cost, VALUES, LOW, HIGH, best, [0, 1, 2], "US dollars", "MAP@R")
    assert len(figure.data) == 3
    assert figure.layout.xaxis.type == "linear"
    assert figure.layout.xaxis.range[0] < 0


def test_the_frontier_is_what_brute_force_finds():
    rng = np.random.default_rng(3)
    cost, quality = rng.integers(0, 6, 60).astype(float), rng.integers(0, 6, 60).astype(float)
    expected = [
        not any(
            cost[j] <= cost[i] and quality[j] >= quality[i] and (cost[j] < cost[i] or quality[j] > quality[i])
            for j in range(60)
        )
        for i in range(60)
    ]
    assert on_frontier(cost, quality).tolist() == expected


def test_twins_are_both_on_the_frontier():
    assert on_frontier(np.array([1.0, 1.0]), np.array([0.5, 0.5])).all()


@pytest.mark.parametrize(
    ("cost", "logarithmic"),
    [([1, 9], False), ([1, 10], True), ([0, 100], False), ([np.nan, 5], False), ([np.nan], False)],
)
def test_a_logarithmic_axis_only_over_decades_above_zero(cost, logarithmic):
    assert spans_decades(np.array(cost, float)) is logarithmic


def test_a_dominated_contender_hides_none_of_the_frontier():
    one = np.array([0.2, 0.2])
    figure = pareto_figure(["best", "worse"], one, one, one, one, np.array([True, False]), [0, 1], "cost", "MAP@R")
    points = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert [trace.name for trace in points] == ["2 worse", "1 best"]
    assert [trace.legendrank for trace in points] == [2, 1]


def test_scores_of_a_single_query_are_drawn_without_intervals():
    unknown = np.full(2, np.nan)
    figure = interval_figure(["a", "b"], np.array([0.6, 0.2]), unknown, unknown, [0, 1], "nDCG@10")
    assert figure.layout.xaxis.range[0] < 0.2
    assert figure.layout.xaxis.range[1] > 0.6
