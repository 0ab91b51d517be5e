"""The Trends page: every view on a small corpus, and what it says when there is nothing to follow."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections
from core.models.registry import load_embedder
from core.stats.proportions import wilson
from core.store import Workspace
from core.trends.service import Shares
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared.trends.shares import incomplete_periods, peak_verdict
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/trends.py"
VIEWS = ("shares", "increases", "bursts", "drift", "periods", "sentiment")


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def make(home, days, subjects, texts, stars, embedded=True, time="day"):
    """A corpus in the workspace, embedded with the lexical model."""
    table = pd.DataFrame({"text": texts, "subject": subjects, "stars": stars, "day": days})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}", ("subject",), time, None), name="Made").corpus
    workspace = Workspace(home)
    workspace.save_corpus(built)
    if embedded:
        spec = embed(built, load_embedder("lexical"), workspace).model
        NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    return workspace.info(built.digest)


@pytest.fixture
def increasing(home):
    """A year of two subjects, a few a week, and twelve angry lamp rows on 10 and 11 June."""
    generator = np.random.default_rng(3)
    days = [
        str(day.date())
        for day in pd.date_range("2026-01-01", periods=360, freq="D")
        for _ in range(generator.poisson(0.5))
    ]
    subjects = [("lamp", "teapot")[i % 2] for i in range(len(days))]
    texts = [
        f"The {subject} is {('fine', 'good', 'nice', 'plain')[i % 4]}, number {i}" for i, subject in enumerate(subjects)
    ]
    stars = [3 + i % 3 for i in range(len(days))]
    days += ["2026-06-10"] * 7 + ["2026-06-11"] * 5
    texts += [
        f"The lamp exploded today, {word}"
        for word in ("why", "what", "when", "who", "where", "how", "no", "never", "help", "stop", "out", "bad")
    ]
    return make(home, days, subjects + ["lamp"] * 12, texts, stars + [1] * 12)


def test_without_a_corpus_it_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "Add data" in visible_text(at)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("group", ["column:subject", "clusters", "sentiment"])
def test_every_view_is_drawn(corpus, app, view, group):
    at = open_page(app, t_view=view, t_group=group)
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    assert "60 of 60 rows have a time" in visible_text(at)
    if view in ("shares", "sentiment"):
        assert "median" in visible_text(at)


def test_an_increase_is_found_with_its_first_day_and_can_be_saved(increasing, home, app):
    at = open_page(app, t_view="increases")
    assert not at.exception, at.exception
    text = visible_text(at)
    assert "1 anomalous increase" in text
    assert "lamp · negative from 2026-06-10" in text.replace("**", "")
    assert "12 rows" in text
    assert "exploded" in text
    at.text_input(key="t_increase_name").set_value("Lamps")
    at.button(key="t_increase_save_button").click().run()
    assert not at.exception
    saved = saved_selections(Workspace(home), increasing.digest)
    assert [(selection.name, selection.rows) for selection in saved] == [("Lamps", 12)]


def test_two_periods_are_compared(increasing, app):
    at = open_page(app, t_view="periods", t_period="month")
    assert not at.exception, at.exception
    assert "A to B" in visible_text(at)
    assert at.dataframe[0].value["Rows in A"].sum() > 0


def test_without_vectors_columns_can_be_followed(home, app):
    make(
        home,
        ["2026-01-01", "2026-01-02", "2026-02-05"] * 4,
        ["a", "b", "a"] * 4,
        ["x y"] * 12,
        [1, 2, 5] * 4,
        embedded=False,
    )
    for view in VIEWS:
        at = open_page(app, t_view=view)
        assert not at.exception, at.exception
        assert "Not embedded yet" in visible_text(at)


def test_without_a_time_column_it_says_what_is_missing(home, app):
    make(home, ["soon", "later", "never"] * 4, ["a", "b", "a"] * 4, ["x", "y", "z"] * 4, [1, 2, 5] * 4, time=None)
    at = open_page(app)
    assert not at.exception
    assert "no time column" in visible_text(at)


def test_any_column_of_times_will_do_and_cells_that_are_none_are_named(home, app):
    days = ["2026-01-01", "2026-01-02", "whenever", "2026-02-05 10:00+02:00"] * 5
    make(home, days, ["a", "b"] * 10, [f"text {i}" for i in range(20)], [1, 5] * 10, time=None)
    at = open_page(app)
    assert not at.exception, at.exception
    text = visible_text(at).replace("\\", "")
    assert "15 of 20 rows have a time" in text
    assert "5 times with a UTC offset" in text
    assert "row 3: whenever" in text


@pytest.mark.parametrize(
    "days",
    [["2026-01-01"] * 12, ["2026-01-01", "2026-01-02", "2026-01-03"], ["1970-01-01", "2025-06-01"] * 6],
    ids=["all at one time", "three rows", "far apart"],
)
def test_odd_times_break_no_view(home, app, days):
    n = len(days)
    make(home, days, (["a", "b", "c"] * n)[:n], [f"a text of {i}" for i in range(n)], ([1, 3, 5] * n)[:n])
    for view in VIEWS:
        at = open_page(app, t_view=view, t_group="clusters" if view in ("shares", "drift") else "column:subject")
        assert not at.exception, (view, at.exception)


def test_anchors_are_evaluated_against_the_column(increasing, app):
    at = open_page(app, t_view="sentiment")
    at.selectbox(key=f"sentiment_kind_{increasing.digest}").set_value("anchors").run()
    assert not at.exception, at.exception
    text = visible_text(at)
    assert "macro-F1" in text
    assert "majority class" in text


def test_thresholds_that_cross_are_refused(increasing, app):
    at = open_page(app, t_view="sentiment")
    at.number_input(key=f"sentiment_low_stars_{increasing.digest}").set_value(4.5).run()
    assert not at.exception
    assert at.error
    assert "threshold" in str(at.error[0].value)


def test_markup_in_groups_and_texts_is_shown_as_it_stands(home, app):
    texts = [f"**bold** <b>{i}</b> [link](http://x.y)" for i in range(24)]
    days = [f"2026-01-{1 + i:02d}" for i in range(24)]
    make(home, days, ["**a** <i>", ":red[b]"] * 12, texts, [1, 5] * 12)
    for view in VIEWS:
        at = open_page(app, t_view=view)
        assert not at.exception, at.exception
        assert "<b>" not in visible_text(at)


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        ("week", "2026-03-02", "2026-03-15 12:00", []),  # Monday to Sunday
        ("week", "2026-03-03", "2026-03-15", ["The first week is incomplete."]),
        ("month", "2026-03-02", "2026-04-29", ["The first and last month are incomplete."]),
        ("year", "2026-01-01", "2026-06-30", ["The last year is incomplete."]),
        ("day", "2026-03-02", "2026-03-15", []),
    ],
)
def test_incomplete_periods_are_named(period, first, last, expected):
    form = SimpleNamespace(period=period, times=SimpleNamespace(first=first, last=last))
    assert incomplete_periods(form) == expected


def test_one_row_of_a_small_group_is_no_peak():
    counts, totals = np.array([[0, 1, 0, 0, 1], [40, 41, 40, 40, 80]]), np.full(5, 100)
    share, low, high = wilson(counts, np.broadcast_to(totals, counts.shape))
    starts = np.array(["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"], "datetime64[ns]")
    few = np.zeros(5, dtype=bool)
    shares = Shares(("rare", "often"), counts, totals, share, low, high, starts, few, 2, int(counts.sum()), 500)
    verdict = peak_verdict(SimpleNamespace(period="week"), shares, "share")
    assert verdict == "**often** peaks at **80.0%** in the week of 2026-03-30 (median week: 40.0%)."
    quiet = replace(shares, few=~few)
    assert "No group" in peak_verdict(SimpleNamespace(period="week"), quiet, "share")
