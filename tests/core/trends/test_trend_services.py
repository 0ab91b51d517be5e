"""What the Trends page asks: the sample's two planted surges, rows behind findings, sentiment from columns."""

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
from core.trends.events import bursts, drifts, surges
from core.trends.rows import Pick, explain, keep, picked, rows_file
from core.trends.sentiment_service import Reading, default_reading, sentiment_columns, sentiments
from core.trends.service import Subject, compared, group_columns, groups, over_time
from core.trends.surges import ALPHA
from core.trends.time_columns import time_columns, time_facts
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery

SAMPLE = Path(__file__).parents[3] / "samples" / "shop_feedback.csv"
STARS = Reading("column", "rating")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample as it is brought in, without vectors: a tuple with its CorpusRef."""
    folder = tmp_path_factory.mktemp("home")
    labels = ["area", "language", "rating"]
    corpus = read_corpus(SAMPLE, name="Sample", text="{text}", label=labels, time="date", id="id")
    Workspace(folder).save_corpus(corpus)
    return (CorpusRef(str(folder), corpus.digest),)


def subject(sample, **changes):
    return Subject(*sample, None, "date", **{"group": "column", "column": "area", "reading": STARS} | changes)


def test_both_planted_surges_are_flagged_with_their_first_days_and_nothing_else(sample):
    found = surges(subject(sample), "day", False, ALPHA)
    assert [(each.name, each.mood, each.first[:10]) for each in found.found] == [
        ("delivery", "negative", "2025-12-16"),  # the first late parcel of the week; none is written about on the 15th
        ("app and website", "negative", "2026-03-11"),
    ]
    late, outage = found.found
    assert late.last[:10] <= "2025-12-21"
    assert outage.last[:10] == "2026-03-12"
    assert late.rows >= 20
    assert outage.rows >= 12
    assert max(late.corrected, outage.corrected) < 1e-3
    assert "parcel" in late.words
    assert "app" in outage.words


def test_without_groups_the_moods_show_both(sample):
    found = surges(subject(sample, group="sentiment"), "day", False, ALPHA)
    assert {each.first[:10] for each in found.found} == {"2025-12-16", "2026-03-11"}


def test_against_all_rows_the_groups_still_show_them(sample):
    found = surges(subject(sample), "day", True, ALPHA)
    assert {"delivery", "app and website"} == {each.name for each in found.found}


def test_a_surge_rows_can_be_read_kept_and_taken_out(sample):
    each = surges(subject(sample), "day", False, ALPHA).found[1]
    rows = np.flatnonzero(picked(subject(sample), each.pick))
    told = explain(subject(sample), each.pick)
    assert told.rows == each.rows == len(rows)
    assert set(told.texts["row"]) <= set(rows)
    assert set(told.texts["sentiment"]) == {"negative"}
    saved = keep(subject(sample), each.pick, "Outage")
    assert selection_rows(Workspace(sample[0].folder), sample[0].digest, saved.key).tolist() == rows.tolist()
    lines = rows_file(subject(sample), each.pick).decode("utf-8-sig")
    assert lines.count("LL-0") == len(rows)
    with pytest.raises(InputError, match="no rows"):
        rows_file(subject(sample), Pick(start="2030-01-01"))


def test_bursts_name_december_deliveries_first(sample):
    found = bursts(subject(sample), "month", 2.0, 1.0, 2)
    assert (found.found[0].name, found.found[0].first[:7]) == ("delivery", "2025-12")
    assert [each.weight for each in found.found] == sorted((each.weight for each in found.found), reverse=True)


def test_shares_over_time_add_up(sample):
    every = over_time(subject(sample), "month", 4)
    assert every.counts.sum() == every.grouped <= every.rows == 651
    assert np.allclose(every.share.sum(axis=0), 1)
    assert every.names[-1] == "others (6 groups)"
    negative = over_time(subject(sample, mood=-1), "month", 4, within=True)
    known = np.isfinite(negative.share)
    assert ((negative.share[known] >= 0) & (negative.share[known] <= 1)).all()
    assert negative.counts.sum() < every.counts.sum()


def test_two_periods_are_compared_and_empty_ones_refused(sample):
    found = compared(subject(sample), "month", (0, 10), (11, 11))
    assert found.iloc[0]["group"] == "delivery"
    assert found.iloc[0]["kind"] == "grew"
    with pytest.raises(InputError, match="no row in B"):
        compared(subject(sample), "day", (0, 100), (1, 1))


def test_columns_are_offered_for_what_they_hold(sample):
    assert time_columns(*sample) == ("date",)
    assert group_columns(*sample)[0] == "area"
    assert "id" not in group_columns(*sample)
    assert sentiment_columns(*sample)[0].name == "rating"
    assert default_reading(*sample, None) == Reading("column", "rating", 2.0, 4.0)


def test_what_needs_vectors_says_so(sample):
    with pytest.raises(InputError, match="not embedded"):
        drifts(subject(sample), "2025-10-01")
    with pytest.raises(InputError, match="not embedded"):
        groups(subject(sample, group="clusters"))
    with pytest.raises(InputError, match="not embedded"):
        sentiments(*sample, None, Reading("trained", "rating"))


def test_copies_posted_as_one_are_no_drift(tmp_path):
    """Four texts a day, each posted eight times that day: shuffled row by row, every day would be a day of change."""
    words = ["tea", "milk", "bread", "salt", "rice", "oats", "corn", "beans"]
    texts = [f"{words[i % 8]} and {words[(3 * i + 1) % 8]} arrived in box {i}" for i in range(32) for _ in range(8)]
    days = np.repeat(pd.date_range("2026-01-01", periods=8), 32)
    table = pd.DataFrame({"text": texts, "day": days, "kind": ["one"] * 256})
    built = build_corpus(RawTable(table=table), Roles("{text}", ("kind",), "day", None), name="Copies").corpus
    Workspace(tmp_path).save_corpus(built)
    model = embed(built, load_embedder("lexical"), Workspace(tmp_path)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(tmp_path), built.digest), model))
    (told,) = drifts(
        Subject(CorpusRef(str(tmp_path), built.digest), model, "day", "column", "kind"), "2026-01-05"
    ).drifts
    assert (told.before, told.after) == (16, 16)
    assert min(told.q_change, told.q_same) > 0.05


def test_rows_without_a_time_count_nowhere_and_are_named(tmp_path):
    days = ["2026-03-01T10:00+02:00", "soon", None, "2026-03-02", "2026-03-02"]
    table = pd.DataFrame({"text": list("abcde"), "when": days, "kind": ["x", "x", "x", "y", "y"]})
    built = build_corpus(RawTable(table=table), Roles("{text}", ("kind",), None, None), name="Odd").corpus
    Workspace(tmp_path).save_corpus(built)
    place = (CorpusRef(str(tmp_path), built.digest),)
    facts = time_facts(*place, "when")
    assert (facts.known, facts.missing, facts.unread, facts.zoned) == (3, 1, 1, 1)
    assert facts.named == ((1, "soon"),)
    assert facts.first == "2026-03-01 08:00:00"
    shown = over_time(Subject(*place, None, "when", "column", "kind"), "day", 5)
    assert (shown.grouped, shown.rows) == (3, 3)
    assert dict(zip(shown.names, shown.counts.tolist(), strict=True)) == {"x": [1, 0], "y": [0, 2]}
    with pytest.raises(InputError, match="can be read"):
        time_facts(*place, "text")


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


def test_sentiment_points_the_right_way_however_it_is_read(moody):
    meaning = (("positive", 1), ("negative", -1))
    for kind in ("column", "anchors", "trained"):
        reading = Reading(kind, "mood", meaning=meaning, positive=("I love it, great",), negative=("I hate it, awful",))
        found = sentiments(*moody, reading)
        assert found.codes[:60].mean() > 0.6
        assert found.codes[60:].mean() < -0.6
        assert (found.accuracy is None) == (kind == "column")
        if found.accuracy:
            assert found.accuracy.n == 120
            assert found.accuracy.accuracy > 0.8
    fitted = Reading("anchors", "mood", meaning=meaning, positive=("great",), negative=("awful",), fitted=True)
    assert sentiments(*moody, fitted).accuracy.accuracy > 0.8
    with pytest.raises(InputError, match="no anchor sentences"):
        sentiments(*moody, Reading("anchors", negative=()))


def test_a_change_of_words_is_drift_explained_by_them(moody):
    found = drifts(Subject(*moody, "day", "clusters"), "2026-03-02")
    assert found.groups >= 1
    everything = Subject(*moody, "day", "column", "mood", Reading("column", "mood", meaning=(("positive", 1),)))
    told = explain(everything, Pick(start="2026-03-02"), Pick(end="2026-03-02"))
    assert {"hate", "awful"} & {entry.value.split()[0] for entry in told.words.entries}
    assert told.sure
