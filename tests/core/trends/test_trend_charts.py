"""Figures of the Trends page: gaps stay gaps, names are escaped, events are at their time."""

import numpy as np

from core.trends.charts import area_figure, change_figure, event_figure, line_figure, timeline_figure

STARTS = np.arange("2026-01", "2026-06", dtype="datetime64[M]").astype("datetime64[ns]")
VALUES = np.array([[0.1, 0.2, np.nan, 0.3, 0.4], [0.5, 0.4, np.nan, 0.3, 0.2]])


def test_lines_break_where_nothing_is_known_and_few_rows_are_hollow():
    few = np.array([False, True, True, False, False])
    figure = line_figure(["<b>a</b>", "others (3 groups)"], STARTS, VALUES, VALUES - 0.05, VALUES + 0.05, few)
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    lines = [trace for trace in figure.data if trace.fill is None]
    assert [len(band.x) for band in bands] == [4, 4, 4, 4]
    assert lines[0].name == "&lt;b&gt;a&lt;/b&gt;"
    assert list(lines[0].marker.symbol) == ["circle", "circle-open", "circle-open", "circle", "circle"]
    assert not lines[0].connectgaps
    assert "20.0% (15.0% to 25.0%), few rows" in lines[0].hovertext[1]


def test_areas_are_stacked_in_order():
    figure = area_figure(["a", "negative"], STARTS, VALUES, True)
    assert [trace.name for trace in figure.data] == ["a", "negative"]
    assert {trace.stackgroup for trace in figure.data} == {"all"}
    assert figure.data[0].y[2] == 0


def test_an_event_is_highlighted():
    figure = event_figure(STARTS, np.array([1, 0, 7, 8, 2]), "2026-03-01", "2026-04-01", 1.5)
    assert [list(trace.y) for trace in figure.data] == [[1, 2], [7, 8]]
    assert figure.layout.shapes[0].y0 == 1.5


def test_bursts_of_one_group_share_a_line():
    figure = timeline_figure(
        ["a", "b", "a"], ["2026-01-01", "2026-02-01", "2026-04-01"], ["2026-02-01", "2026-03-01", "2026-05-01"],
        [3.0, 2.0, 1.0], ("2026-01-01", "2026-06-01"),
    )  # fmt: skip
    assert [trace.y[0] for trace in figure.data] == [0, 1, 0]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"]


def test_sure_changes_are_colored_by_their_way():
    one = np.array([0.1, -0.1, 0.0])
    figure = change_figure(["up", "down", "unclear"], one, one - 0.05, one + 0.05)
    colors = list(figure.data[0].marker.color)
    assert len(set(colors)) == 3
    assert np.allclose(figure.data[0].error_x.array, 0.05)
