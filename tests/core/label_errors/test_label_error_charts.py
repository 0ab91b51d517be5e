"""Figures of label errors and diversity: positions, and that names are escaped."""

import numpy as np
import pytest

from core.diversity.charts import coverage_figure, group_figure, hub_figure
from core.label_errors.service import label_confusion_figure


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_heat_map_has_current_labels_down_and_suggested_across(theme):
    counts = np.array([[0, 3], [1, 0]])
    figure = label_confusion_figure(["<b>a</b>", "b"], counts, theme)
    cells = figure.data[0]
    assert cells.z[0][1] == 3
    assert np.isnan(cells.z[0][0])
    assert cells.text[0][1] == "3 labeled &lt;b&gt;a&lt;/b&gt;,<br>b suggested"
    assert figure.layout.yaxis.title.text == "current label"
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first label on top
    assert sorted((note.x, note.y, note.text) for note in figure.layout.annotations) == [(0, 1, "1"), (1, 0, "3")]


def test_an_empty_heat_map_is_a_figure():
    assert len(label_confusion_figure([], np.zeros((0, 0), int)).data) == 1


def test_groups_are_dots_with_error_bars_the_first_on_top():
    figure = group_figure(["a & b", "c"], [9.0, 4.0], [0.5, 0.1], ["one", "<i>two</i>"])
    dots = figure.data[0]
    assert list(dots.x) == [9.0, 4.0]
    assert list(dots.error_x.array) == [0.5, 0.1]
    assert figure.layout.yaxis.ticktext == ("a &amp; b", "c")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert dots.hovertext[1] == "&lt;i&gt;two&lt;/i&gt;"


def test_coverage_is_a_line_a_method_and_marks_the_selected_number():
    figure = coverage_figure([("k-center", [0.1, 0.5]), ("random", [0.1, 0.3])], 2)
    assert [line.name for line in figure.data] == ["k-center", "random"]
    assert list(figure.data[0].x) == [1, 2]
    assert len(figure.layout.shapes) == 1
    assert not coverage_figure([("k-center", [0.1, 0.5])], 3).layout.shapes


def test_hubs_are_on_a_log_axis_and_the_mean_is_highlighted():
    figure = hub_figure(["0", "1", "2-3", "1,024-2,047"], [5, 0, 7, 1], 3)
    bars = figure.data[0]
    assert figure.layout.yaxis.type == "log"
    assert list(bars.y) == [5, None, 7, 1]
    colors = list(bars.marker.color)
    assert colors[2] != colors[0] == colors[1] == colors[3]
