"""Figures of the Quality page: names are escaped and separate, every line is drawn, bins add up."""

import numpy as np

from core.palette import COLORS
from core.quality.charts import Line, distribution_figure, dot_figure, group_bars, line_figure, log_ticks, mark, short
from core.quality.similarity import measure_similarity
from core.quality.summaries import describe_similarity, format_number, percent, with_interval
from core.stats.interval import Interval
from core.types import unit_rows
from tests.core.quality.conftest import space_of


def test_lines_have_their_contenders_color_and_band():
    lines = [Line("<b>a</b>", 3, [1, 2], [0.1, 0.2], [0.0, 0.1], [0.2, 0.3]), Line("b", 0, [1, 2], [1, 2], dash=2)]
    figure = mark(line_figure(lines, "x", "y", "dark"), x=1.5, y=0.5)
    drawn = [trace for trace in figure.data if trace.line.width]
    assert [trace.line.color for trace in drawn] == [COLORS[3], COLORS[0]]
    assert drawn[0].name == "&lt;b&gt;a&lt;/b&gt;"
    assert drawn[1].line.dash == "dot"
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(band.y) == [0.2, 0.3, 0.1, 0.0]
    assert len(figure.layout.shapes) == 2


def test_long_names_keep_their_ends():
    names = [f"all-MiniLM-L6-v2 · bfloat16 · first 256d · {bits}" for bits in ("int8", "binary")]
    assert short(names[0]) != short(names[1])
    assert len(short(names[0])) <= 34
    assert short("plain") == "plain"


def test_outlines_hold_all_shares():
    generator = np.random.default_rng(0)
    shares = [np.histogram(generator.normal(0.2, 0.1, 5000), 400, (-1, 1))[0] / 5000 for _ in range(2)]
    figure = distribution_figure(["one", "other"], [("random", shares), ("label", [None, shares[1]])], -1, 1, "cosine")
    assert len(figure.data) == 3
    for trace in figure.data:
        assert np.sum(trace.y) == np.float64(1) or abs(np.sum(trace.y) - 1) < 1e-9
        assert abs(np.average(trace.x, weights=trace.y) - 0.2) < 0.01
        assert len(trace.x) <= 160
    assert [trace.showlegend for trace in figure.data] == [True, False, True]


def test_dots_skip_what_is_unknown():
    figure = dot_figure(["a", "b"], [("one", 0, [(0.5, 0.4, 0.7), None])], "x")
    assert list(figure.data[0].x) == [0.5]
    assert figure.data[0].error_x.array[0] == np.float64(0.7 - 0.5)
    bars = group_bars(["a <i>"], [("one", COLORS[0], [0.25])], "y")
    assert bars.layout.xaxis.ticktext == ("a &lt;i&gt;",)
    long = group_bars(["all-MiniLM-L6-v2 · bfloat16"], [("one", COLORS[0], [0.25])], "y")
    assert long.layout.xaxis.ticktext == ("all-MiniLM-L6-v2<br>· bfloat16",)


def test_numbers_have_the_digits_they_need():
    assert [percent(item) for item in (0, 1, 0.5, 0.034, 0.9997, 0.123)] == [
        "0%",
        "100%",
        "50%",
        "3.4%",
        "99.97%",
        "12%",
    ]
    assert [format_number(item) for item in (0.1234, 12.34, 1234.5)] == ["0.12", "12.3", "1,234"]
    assert with_interval(Interval(0.5, 0.4, 0.6)) == "0.50 (0.40 to 0.60)"
    assert with_interval(Interval(0.89, 0.85, 0.911), percent) == "89.0% (85.0% to 91.1%)"
    assert with_interval(Interval(0.5, 0.0, 1.0), percent) == "50% (0% to 100%)"
    assert with_interval(Interval(1.0, 1.0, 1.0), percent) == "100%"
    assert with_interval(Interval(2.0, float("nan"), float("nan"))) == "2.00"


def test_log_axes_have_whole_numbers_written_out():
    assert log_ticks([30, 900])["ticktext"] == ["20", "50", "100", "200", "500", "1,000"]
    assert log_ticks([1, 40_000])["tickvals"] == [1, 10, 100, 1_000, 10_000]
    assert log_ticks([])["tickvals"] == [1]


def test_a_label_that_does_not_show_is_reported():
    def result(codes):
        rows = unit_rows(np.random.default_rng(1).normal(size=(300, 5)) + 3 * (np.arange(300) % 3 == 0)[:, None])
        return measure_similarity(space_of(rows), codes)

    assert "hardly reflected" in describe_similarity([("one", result(np.random.default_rng(2).integers(3, size=300)))])
    assert "hardly reflected" not in describe_similarity([("one", result((np.arange(300) % 3 == 0).astype(int)))])
