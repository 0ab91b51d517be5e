"""What the Trends page asks: the sample's two planted increases, rows behind events, sentiment from columns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus, read_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import selection_rows
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.trends.events import anomalous_increases, bursts, drifts
from core.trends.increases import ALPHA
from core.trends.periods import time_columns, time_summary
from core.trends.rows import RowFilter, matching_rows, row_details, rows_file, save_rows
from core.trends.sentiment_source import SentimentSource, default_source, row_sentiments, sentiment_columns
from core.trends.service import (
    TrendQuery,
    compare_periods,
    group_columns,
    has_several_groups,
    query_groups,
    shares_over_time,
)
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery

SAMPLE = Path(__file__).parents[3] / "samples" / "shop_feedback.csv"
STARS = SentimentSource("column", "rating")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample as it is imported, without vectors: a tuple with its CorpusRef."""
    folder = tmp_path_factory.mktemp("home")
    labels = ["area", "language", "rating"]
    corpus = read_corpus(SAMPLE, name="Sample", text="{text}", label=labels, time="date", id="id")
    Workspace(folder).save_corpus(corpus)
    return (CorpusRef(str(folder), corpus.digest),)


def trend_query(sample, **changes):
    return TrendQuery(*sample, None, "date", **{"group": "column", "column": "area", "source": STARS} | changes)


def test_both_planted_increases_are_found_with_their_first_days_and_nothing_else(sample):
    events = anomalous_increases(trend_query(sample), "day", False, ALPHA)
    assert [(event.name, event.sentiment, event.first[:10]) for event in events.items] == [
        ("delivery", "negative", "2025-12-16"),  # the first late parcel of the week; none is written about on the 15th
        ("app and website", "negative", "2026-03-11"),
    ]
    late, outage = events.items
    assert late.last[:10] <= "2025-12-21"
    assert outage.last[:10] == "2026-03-12"
    assert late.rows >= 20
    assert outage.rows >= 12
    assert max(late.corrected, outage.corrected) < 1e-3
    assert "parcel" in late.terms
    assert "app" in outage.terms


def test_grouping_by_sentiment_finds_both_increases(sample):
    events = anomalous_increases(trend_query(sample, group="sentiment"), "day", False, ALPHA)
    assert {event.first[:10] for event in events.items} == {"2025-12-16", "2026-03-11"}


def test_increases_relative_to_all_rows_are_found(sample):
    events = anomalous_increases(trend_query(sample), "day", True, ALPHA)
    assert {"delivery", "app and website"} == {event.name for event in events.items}


def test_rows_of_an_increase_are_explained_saved_and_exported(sample):
    event = anomalous_increases(trend_query(sample), "day", False, ALPHA).items[1]
    rows = np.flatnonzero(matching_rows(trend_query(sample), event.row_filter))
    details = row_details(trend_query(sample), event.row_filter)
    assert details.rows == event.rows == len(rows)
    assert set(details.texts["row"]) <= set(rows)
    assert set(details.texts["sentiment"]) == {"negative"}
    saved = save_rows(trend_query(sample), event.row_filter, "Outage")
    assert selection_rows(Workspace(sample[0].folder), sample[0].digest, saved.key).tolist() == rows.tolist()
    lines = rows_file(trend_query(sample), event.row_filter).decode("utf-8-sig")
    assert lines.count("LL-0") == len(rows)
    with pytest.raises(InputError, match="no rows"):
        rows_file(trend_query(sample), RowFilter(start="2030-01-01"))


def test_bursts_name_december_deliveries_first(sample):
    events = bursts(trend_query(sample), "month", 2.0, 1.0, 2)
    assert (events.items[0].name, events.items[0].first[:7]) == ("delivery", "2025-12")
    assert [event.weight for event in events.items] == sorted((event.weight for event in events.items), reverse=True)


def test_shares_over_time_add_up(sample):
    every = shares_over_time(trend_query(sample), "month", 4)
    assert every.counts.sum() == every.grouped <= every.rows == 651
    assert np.allclose(every.share.sum(axis=0), 1)
    assert every.names[-1] == "others (6 groups)"
    negative = shares_over_time(trend_query(sample, sentiment=-1), "month", 4, within=True)
    finite = np.isfinite(negative.share)
    assert ((negative.share[finite] >= 0) & (negative.share[finite] <= 1)).all()
    assert negative.counts.sum() < every.counts.sum()


def test_two_periods_are_compared_and_empty_ones_refused(sample):
    result = compare_periods(trend_query(sample), "month", (0, 10), (11, 11))
    assert result.iloc[0]["group"] == "delivery"
    assert result.iloc[0]["kind"] == "grew"
    with pytest.raises(InputError, match="Period B"):
        compare_periods(trend_query(sample), "day", (0, 100), (1, 1))


def test_columns_are_offered_for_what_they_hold(sample):
    assert time_columns(*sample) == ("date",)
    assert group_columns(*sample)[0] == "area"
    assert "id" not in group_columns(*sample)
    assert sentiment_columns(*sample)[0].name == "rating"
    assert default_source(*sample, None) == SentimentSource("column", "rating", 2.0, 4.0)


def test_what_needs_vectors_is_refused(sample):
    with pytest.raises(InputError, match="not embedded"):
        drifts(trend_query(sample), "2025-10-01")
    with pytest.raises(InputError, match="not embedded"):
        query_groups(trend_query(sample, group="clusters"))
    with pytest.raises(InputError, match="not embedded"):
        row_sentiments(*sample, None, SentimentSource("trained", "rating"))


def test_copies_posted_as_one_are_no_drift(tmp_path):
    """Four texts a day, each posted eight times that day: shuffled row by row, every day would be a day of change."""
    vocabulary = ["tea", "milk", "bread", "salt", "rice", "oats", "corn", "beans"]
    texts = [
        f"{vocabulary[i % 8]} and {vocabulary[(3 * i + 1) % 8]} arrived in box {i}" for i in range(32) for _ in range(8)
    ]
    days = np.repeat(pd.date_range("2026-01-01", periods=8), 32)
    table = pd.DataFrame({"text": texts, "day": days, "kind": ["one"] * 256})
    built = build_corpus(RawTable(table=table), Roles("{text}", ("kind",), "day", None), name="Copies").corpus
    Workspace(tmp_path).save_corpus(built)
    model = embed(built, load_embedder("lexical"), Workspace(tmp_path)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(tmp_path), built.digest), model))
    (drift,) = drifts(
        TrendQuery(CorpusRef(str(tmp_path), built.digest), model, "day", "column", "kind"), "2026-01-05"
    ).drifts
    assert (drift.before, drift.after) == (16, 16)
    assert min(drift.q_change, drift.q_same) > 0.05


def test_rows_without_a_time_count_nowhere_and_are_named(tmp_path):
    days = ["2026-03-01T10:00+02:00", "soon", None, "2026-03-02", "2026-03-02"]
    table = pd.DataFrame({"text": list("abcde"), "when": days, "kind": ["x", "x", "x", "y", "y"]})
    built = build_corpus(RawTable(table=table), Roles("{text}", ("kind",), None, None), name="Odd").corpus
    Workspace(tmp_path).save_corpus(built)
    where = (CorpusRef(str(tmp_path), built.digest),)
    summary = time_summary(*where, "when")
    assert (summary.with_time, summary.missing, summary.invalid, summary.zoned) == (3, 1, 1, 1)
    assert summary.examples == ((1, "soon"),)
    assert summary.first == "2026-03-01 08:00:00"
    shares = shares_over_time(TrendQuery(*where, None, "when", "column", "kind"), "day", 5)
    assert (shares.grouped, shares.rows) == (3, 3)
    assert dict(zip(shares.names, shares.counts.tolist(), strict=True)) == {"x": [1, 0], "y": [0, 2]}
    with pytest.raises(InputError, match="parsed as a time"):
        time_summary(*where, "text")


@pytest.fixture
def moody(tmp_path):
    """Sixty pleased and sixty displeased texts under the lexical model, with a column that says which."""
    pleased = [f"I love this great thing, excellent and lovely, number {i}" for i in range(60)]
    angry = [f"I hate this awful thing, terrible and broken, number {i}" for i in range(60)]
    table = pd.DataFrame({"text": pleased + angry, "mood": ["positive"] * 60 + ["negative"] * 60})
    table["day"] = pd.date_range("2026-01-01", periods=120)
    built = build_corpus(RawTable(table=table), Roles("{text}", ("mood",), "day", None), name="Moody").corpus
    workspace = Workspace(tmp_path)
    workspace.save_corpus(built)
    model = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(tmp_path), built.digest), model))
    return CorpusRef(str(tmp_path), built.digest), model


def test_sentiment_points_the_right_way_by_every_source(moody):
    mapping = (("positive", 1), ("negative", -1))
    for kind in ("column", "anchors", "trained"):
        source = SentimentSource(
            kind, "mood", mapping=mapping, positive=("I love it, great",), negative=("I hate it, awful",)
        )
        result = row_sentiments(*moody, source)
        assert result.codes[:60].mean() > 0.6
        assert result.codes[60:].mean() < -0.6
        assert (result.accuracy is None) == (kind == "column")
        if result.accuracy:
            assert result.accuracy.n == 120
            assert result.accuracy.accuracy > 0.8
    fitted = SentimentSource("anchors", "mood", mapping=mapping, positive=("great",), negative=("awful",), fitted=True)
    assert row_sentiments(*moody, fitted).accuracy.accuracy > 0.8
    with pytest.raises(InputError, match="Anchor sentences"):
        row_sentiments(*moody, SentimentSource("anchors", negative=()))


def test_a_change_of_words_is_drift_explained_by_them(moody):
    result = drifts(TrendQuery(*moody, "day", "clusters"), "2026-03-02")
    assert result.groups >= 1
    everything = TrendQuery(
        *moody, "day", "column", "mood", SentimentSource("column", "mood", mapping=(("positive", 1),))
    )
    details = row_details(everything, RowFilter(start="2026-03-02"), RowFilter(end="2026-03-02"))
    assert {"hate", "awful"} & {entry.value.split()[0] for entry in details.terms.entries}
    assert details.corrected


def test_rows_count_in_each_of_their_values(tmp_path):
    sets = [["late", "app"], ["late"], [], ["app"]] * 10
    table = pd.DataFrame({"text": [f"row {i}" for i in range(40)], "tags": [json.dumps(names) for names in sets]})
    table["day"] = pd.date_range("2026-01-01", periods=40, freq="D").strftime("%Y-%m-%d")
    corpus = build_corpus(RawTable(table.astype("str")), Roles("{text}", ("tags",), "day")).corpus
    Workspace(tmp_path).save_corpus(corpus)
    query = TrendQuery(CorpusRef(str(tmp_path), corpus.digest), None, "day", "column", "tags", SentimentSource("none"))
    assert group_columns(query.corpus) == ("tags",)
    assert has_several_groups(query)
    shares = shares_over_time(query, "month", 5)
    assert (shares.names, shares.counts.sum(axis=1).tolist()) == (("app", "late"), [20, 20])
    assert (shares.grouped, shares.rows, shares.several) == (30, 40, True)
    rows = np.flatnonzero(matching_rows(query, RowFilter(group=0)))
    assert rows.tolist() == [row for row in range(40) if "app" in sets[row]]
    assert "late; app" in rows_file(query, RowFilter(group=1)).decode("utf-8-sig")
    assert anomalous_increases(query, "week", False, ALPHA).groups == 2
    assert bursts(query, "week", 2.0, 1.0, 2).groups == 2
