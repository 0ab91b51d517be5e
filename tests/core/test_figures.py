import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core import figures
from core.errors import InputError
from core.figures import figure_html, histogram_figure
from core.map.charts import map_figure
from core.map.coloring import color_spec
from core.palette import BACKGROUND, COLORS, GREY, category_style
from core.text import chart_label, clean_line, hover_texts

EVIL = "<script>alert(1)</script><b>&amp;"


def drawn(count, dims=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dims)).astype(np.float32), np.arange(count) * 3


def spec_of(figure):
    return json.loads(figure.to_json())


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])


def linear(color):
    part = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.0
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("vision", VISIONS)
def test_colors_differ_for_any_color_vision(vision):
    seen = [lab(np.array(VISIONS[vision]) @ linear(color)) for color in COLORS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 10


@pytest.mark.parametrize("ground", BACKGROUND.values())
def test_colors_stand_out_from_both_grounds(ground):
    weights = [0.2126, 0.7152, 0.0722]
    for color in (*COLORS, GREY):
        low, high = sorted([linear(color) @ weights, linear(ground) @ weights])
        assert (high + 0.05) / (low + 0.05) >= 2


def test_twenty_categories_have_twenty_looks():
    assert len({category_style(i) for i in range(20)}) == 20


def test_the_largest_categories_are_colored_and_the_rest_grey():
    names = np.repeat([f"c{i}" for i in range(25)], np.arange(25, 0, -1))
    spec = color_spec(pd.Series([*names, None]), "area")
    assert spec.kind == "category"
    assert [(c.label, c.count) for c in spec.categories[:2]] == [("c0", 25), ("c1", 24)]
    assert [(c.label, c.count, c.color) for c in spec.categories[20:]] == [
        ("other (5 categories)", 15, GREY),
        ("missing", 1, GREY),
    ]
    assert "20 largest of 25" in spec.note
    assert spec.values[0] == 0
    assert spec.values[-1] == 21
    assert (spec.values[-16:-1] == 20).all()
    assert len({(c.color, c.symbol) for c in spec.categories[:20]}) == 20


def test_how_columns_are_colored():
    assert color_spec(pd.Series([1, 2, 3]), "rating").kind == "category"
    assert color_spec(pd.Series([True, False]), "new").kind == "category"
    number = color_spec(pd.Series(np.arange(100.0)), "n")
    assert (number.kind, number.low, number.high, number.note) == ("number", 0, 99, "")
    days = color_spec(pd.Series(pd.to_datetime(["2026-01-01", "2026-03-02", None])), "day")
    assert days.kind == "time"
    assert days.values[:2].tolist() == [0, 60]
    assert np.isnan(days.values[2])
    assert [text for _, text in days.ticks] == ["2026-01-01", "2026-01-16", "2026-01-31", "2026-02-15", "2026-03-02"]
    assert color_spec(None, "", rows=4).values.tolist() == [0, 0, 0, 0]
    assert color_spec(pd.Series([pd.NaT, pd.NaT]), "day", "time").ticks == ()
    assert color_spec(pd.Series([np.nan, np.inf]), "n", "number").high == 1


def test_a_few_far_values_do_not_flatten_the_colors():
    spec = color_spec(pd.Series([*np.linspace(0, 1, 1_000), 1e6]), "price")
    assert spec.high < 2
    assert "middle 98%" in spec.note


def test_every_drawn_row_is_in_one_trace_with_its_id():
    points, rows = drawn(200)
    spec = color_spec(pd.Series(np.resize(["a", "b", None], 600)), "area")
    figure = map_figure(points, rows, spec.take(rows), [f"text {i}" for i in rows])
    ids = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(ids.tolist()) == rows.tolist()
    for trace in figure.data:
        place = trace.customdata // 3
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y]), points[place])
        assert list(trace.hovertext) == [f"text {i}" for i in trace.customdata]
        assert trace.type == "scattergl"
    assert {trace.name for trace in figure.data} == {"a (200)", "b (200)", "missing (200)"}


def test_trust_is_a_scale_with_unmeasured_rows_grey():
    points, rows = drawn(10)
    shares = np.array([0.1] * 5 + [np.nan] * 5, dtype=np.float32)
    figure = map_figure(points, rows, color_spec(shares, "Neighbors kept", "trust"), ["t"] * 10)
    grey, scaled = figure.data
    assert grey.name == "not in the measured sample (5)"
    assert grey.marker.color == GREY
    assert (scaled.marker.cmin, scaled.marker.cmax, scaled.marker.colorbar.tickformat) == (0, 1, ".0%")
    assert scaled.customdata.tolist() == rows[:5].tolist()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_three_dimensions_and_equal_figures(theme):
    points, rows = drawn(30, dims=3)

    def figure():
        return map_figure(points, rows, color_spec(np.arange(30.0), "s", "similarity"), ["t"] * 30, theme)

    made = figure()
    assert [trace.type for trace in made.data] == ["scatter3d"]
    assert made.data[0].customdata.tolist() == rows.tolist()
    assert made.layout.scene.aspectmode == "data"
    assert made.to_json() == figure().to_json()


def test_two_dimensions_are_to_scale_clear_and_keep_the_view():
    points, rows = drawn(5)
    layout = map_figure(points, rows, color_spec(None, "", rows=5), ["t"] * 5).layout
    assert (layout.yaxis.scaleanchor, layout.xaxis.visible, layout.uirevision) == ("x", False, "kept")
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_maps_are_drawn(count):
    points, rows = drawn(count)
    for spec in (color_spec(pd.Series(["a"] * count, dtype=object), "a"), color_spec(np.ones(count), "b", "number")):
        map_figure(points, rows, spec, ["t"] * count).to_json()


def test_unequal_counts_are_refused():
    points, rows = drawn(5)
    with pytest.raises(InputError, match="equal counts"):
        map_figure(points, rows, color_spec(None, "", rows=4), ["t"] * 5)


def test_user_text_is_escaped_wherever_it_shows():
    points, rows = drawn(2)
    spec = color_spec(pd.Series([EVIL, "b"]), EVIL)
    written = map_figure(points, rows, spec, [EVIL] * 2).to_json()
    written += histogram_figure(np.array([1]), np.array([0, 1]), [(0.5, EVIL)], EVIL).to_json()
    written += map_figure(points, rows, color_spec(np.arange(2.0), EVIL, "number"), ["t"] * 2).to_json()
    plain = written.encode().decode("unicode_escape")
    assert "<script" not in plain
    assert "<b>" not in plain
    assert "&amp;amp;" in plain


def test_hover_texts_are_short_clean_and_wrapped():
    long = "word " * 50
    (hover,) = hover_texts([long])
    assert hover.count("<br>") == 1
    assert len(hover) <= 84
    assert hover.endswith("…")
    assert hover_texts(["a\x00b\u202ec\nd\te"]) == ["abc d e"]
    assert clean_line("\ud800x\u2066") == "x"
    assert hover_texts(["a" * 60])[0].count("<br>") == 1
    assert hover_texts([""]) == [""]
    assert chart_label("x" * 200, 10) == "x" * 9 + "…"
    assert "👩‍👩‍👧" in hover_texts(["👩‍👩‍👧 family"])[0]  # the joiner between them stays


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["a rather long text of an unhappy customer about tea & cups " * 3, "茶叶很香但是快递太慢了" * 20]
)
def test_fifty_thousand_points_with_texts_stay_under_six_megabytes(text):
    points, rows = drawn(50_000)
    spec = color_spec(pd.Series(np.resize(list("abcdefgh"), 150_000)), "area")
    written = map_figure(points, rows, spec.take(rows), [text] * 50_000).to_json()
    assert len(written.encode()) < 6_000_000
    first = json.loads(written)["data"][0]
    assert (first["x"]["dtype"], first["customdata"]["dtype"]) == ("f4", "i4")
    assert unpacked(first["customdata"])[0] % 3 == 0


def test_a_histogram_shows_the_counts():
    figure = histogram_figure(np.array([3, 1]), np.array([0.0, 0.5, 1.0]), [(0.75, "best")], "cosine")
    assert figure.data[0].x.tolist() == [0.25, 0.75]
    assert figure.data[0].y.tolist() == [3, 1]
    assert figure.layout.shapes[0].x0 == 0.75
    assert figure.layout.annotations[0].text == "best"


def test_a_saved_page_needs_nothing_else_and_holds_no_markup_of_users():
    points, rows = drawn(3)
    figure = map_figure(points, rows, color_spec(None, "", rows=3), ["</script><img src=x>"] * 3, theme="dark")
    page = figure_html(figure, "</title><script>alert(1)</script>", "dark").decode()
    assert "<title>&lt;/title&gt;&lt;script&gt;" in page
    assert "<img src=x" not in page
    assert page.count("<script>alert(1)") == 0
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert BACKGROUND["dark"] in page
    assert len(page) > 3_000_000
    assert figure.layout.height == 640  # the figure itself is left as it was


@pytest.mark.parametrize(("dims", "compiles"), [(2, True), (3, False)])
def test_a_saved_page_runs_its_own_scripts_only_and_fetches_nothing(dims, compiles):
    points, rows = drawn(3, dims)
    texts = ["\u2028</script><script>alert(1)</script>", "\r\nüñ中", "\ud800"]
    figure = map_figure(points, rows, color_spec(pd.Series(["a", "<b>", "c"]), "n"), texts)
    page = figure_html(figure, "Title", "light", "Model: <i>x</i>").decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page).group(1)
    rules = {name: values for name, *values in (rule.split() for rule in policy.split(";"))}
    assert page.index("Content-Security-Policy") < page.index("<script")
    for name in ("default-src", "base-uri", "form-action"):
        assert rules[name] == ["'none'"]
    assert set(rules) == {"default-src", "base-uri", "form-action", "script-src", "style-src", "img-src"}
    scripts = ScriptReader()
    scripts.feed(page)
    digests = [hashlib.sha256(text.encode()).digest() for text in scripts.texts]
    expected = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert len(expected) >= 2
    assert rules["script-src"] == [*expected, *(["'unsafe-eval'"] if compiles else [])]
    assert "Model: &lt;i&gt;x&lt;/i&gt;" in page
    assert "\r" not in "".join(scripts.texts)  # a browser would hash another line break


class ScriptReader(HTMLParser):
    """The contents of script elements, as a browser separates them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag, attrs):
        self._inside = tag == "script"
        self.texts += [""] if self._inside else []

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.texts[-1] += data


def test_a_figure_of_equal_arguments_is_drawn_once_and_each_caller_has_a_copy(monkeypatch):
    monkeypatch.setattr(figures, "_figures", {})
    calls = []

    @figures.drawn_once
    def draw(values: np.ndarray, names: tuple[str, ...]) -> go.Figure:
        calls.append(names)
        return histogram_figure.__wrapped__(values, np.arange(len(values) + 1), [(1.0, names[0])])

    first, again = draw(np.array([1, 2]), ("a",)), draw(np.array([1, 2]), ("a",))
    assert spec_of(first) == spec_of(again)
    again.add_vline(x=3).update_xaxes(range=[0, 1])
    again.data[0].y = [5, 5]
    assert spec_of(draw(np.array([1, 2]), ("a",))) == spec_of(first)
    assert len(calls) == 1
    for others in ((np.array([1, 3]), ("a",)), (np.array([1, 2]), ("b",)), (np.array([1.0, 2.0]), ("a",))):
        draw(*others)
    assert len(calls) == 4
    draw(np.array([1, 2]), ("a", object()))  # no digest: drawn anew
    draw(np.array([1, 2]), ("a", object()))
    assert len(calls) == 6


def test_only_the_last_figures_are_kept(monkeypatch):
    monkeypatch.setattr(figures, "_figures", {})
    monkeypatch.setattr(figures, "KEPT_FIGURES", 2)
    for count in (1, 2, 1, 3):
        histogram_figure(np.array([count]), np.array([0, 1]))
    assert [parts["data"][0]["y"].tolist() for parts in figures._figures.values()] == [[1], [3]]
