"""The sample corpus is what its README says, and its planted truth matches the file."""

import json
import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

SAMPLES = Path(__file__).parents[1] / "samples"
COLUMNS = ["id", "date", "customer", "area", "language", "rating", "text"]
AREAS = {
    "delivery",
    "app and website",
    "kitchen",
    "garden",
    "stationery",
    "furniture",
    "stores and staff",
    "gift cards and payments",
    "workshops",
    "returns",
}
# A Chinese character counts as a word, since Chinese is written without spaces.
WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def trigrams(text: str) -> set[tuple[str, ...]]:
    tokens = words(text)
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False))


def close_pairs(texts: pd.Series, at_least: float) -> set[frozenset[str]]:
    """Pairs of ids whose word 3-gram Jaccard reaches `at_least`, through an inverted index instead of all pairs."""
    grams = {row: found for row, text in texts.items() if (found := trigrams(text))}
    rows_with = defaultdict(list)
    for row, found in grams.items():
        for gram in found:
            rows_with[gram].append(row)
    shared = Counter(pair for rows in rows_with.values() for pair in combinations(sorted(rows), 2))
    return {
        frozenset((a, b))
        for (a, b), both in shared.items()
        if both / (len(grams[a]) + len(grams[b]) - both) >= at_least
    }


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(SAMPLES / "shop_feedback.csv", keep_default_na=False, encoding="utf-8")


@pytest.fixture(scope="module")
def texts(table) -> pd.Series:
    return table.set_index("id")["text"]


@pytest.fixture(scope="module")
def planted() -> dict:
    return json.loads((SAMPLES / "planted.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def copies(planted) -> list[list[str]]:
    return [group["ids"] for key in ("near_duplicates", "exact_duplicates") for group in planted[key]]


def test_columns_ids_and_values(table):
    assert list(table.columns) == COLUMNS
    assert table["id"].tolist() == [f"LL-{n:04d}" for n in range(1, len(table) + 1)]
    assert set(table["area"]) == AREAS
    assert table["area"].value_counts().min() >= 40
    assert table["rating"].between(1, 5).all()
    assert set(table["rating"]) == {1, 2, 3, 4, 5}


def test_size_and_language_share(table, texts):
    assert len(table) == 654
    assert table["language"].value_counts().to_dict() == {"en": 551, "zh": 103}
    has_chinese = table["text"].str.contains(r"[\u4e00-\u9fff]")
    assert (has_chinese == (table["language"] == "zh")).all()
    lengths = texts[table.set_index("id")["language"] == "en"].str.split().str.len()
    assert lengths[lengths > 0].min() <= 3
    assert 90 <= lengths.max() <= 140


def test_customers_repeat(table):
    counts = table["customer"].value_counts()
    assert table["customer"].str.fullmatch(r"c-\d{4}").all()
    assert 150 <= len(counts) <= 200
    assert counts.max() >= 10


def test_dates_parse_and_surge(table):
    dates = pd.to_datetime(table["date"], format="%Y-%m-%d")
    assert dates.is_monotonic_increasing
    assert dates.min() >= pd.Timestamp("2025-01-01")
    assert dates.max() <= pd.Timestamp("2026-06-30")
    december = (table["area"] == "delivery") & dates.between("2025-12-15", "2025-12-21")
    outage = (table["area"] == "app and website") & dates.between("2026-03-11", "2026-03-12")
    assert december.sum() >= 20
    assert outage.sum() >= 12


def test_counts_of_plants(planted):
    counts = {key: len(rows) for key, rows in planted.items()}
    assert counts == {
        "off_topic": 12,
        "near_duplicates": 15,
        "wrong_labels": 25,
        "exact_duplicates": 2,
        "empty": 3,
    }


def test_every_planted_id_exists_and_has_one_role(planted, copies, texts):
    single = [row["id"] for key in ("off_topic", "wrong_labels", "empty") for row in planted[key]]
    ids = single + [row for group in copies for row in group]
    assert set(ids) <= set(texts.index)
    assert len(ids) == len(set(ids))


def test_wrong_labels_match_the_file(planted, table):
    area = table.set_index("id")["area"]
    for row in planted["wrong_labels"]:
        assert area[row["id"]] == row["given"]
        assert row["true"] in AREAS - {row["given"]}


def test_off_topic_rows_say_why_and_are_filed_somewhere(planted, table):
    area = table.set_index("id")["area"]
    assert all(row["why"] for row in planted["off_topic"])
    assert len({area[row["id"]] for row in planted["off_topic"]}) >= 8


def test_empty_rows_are_the_listed_ones(planted, texts):
    assert set(texts[texts.str.strip() == ""].index) == {row["id"] for row in planted["empty"]}


def test_exact_duplicates_are_the_listed_ones(planted, texts):
    written = texts[texts != ""]
    groups = {frozenset(rows.index) for _, rows in written.groupby(written) if len(rows) > 1}
    assert groups == {frozenset(group["ids"]) for group in planted["exact_duplicates"]}


def test_near_duplicates_are_near_but_not_equal(planted, texts):
    for group in planted["near_duplicates"]:
        assert 2 <= len(group["ids"]) <= 4
        for a, b in combinations(group["ids"], 2):
            assert texts[a] != texts[b]
            assert SequenceMatcher(None, texts[a], texts[b]).ratio() > 0.8


def test_no_other_two_texts_are_near(copies, texts):
    allowed = {frozenset(pair) for group in copies for pair in combinations(group, 2)}
    assert close_pairs(texts, at_least=0.5) <= allowed


def test_close_pairs_finds_a_planted_copy(planted, texts):
    exact = {frozenset(group["ids"]) for group in planted["exact_duplicates"]}
    assert exact <= close_pairs(texts, at_least=0.99)


def test_texts_begin_in_many_ways(texts):
    starts = [tuple(words(text)[:3]) for text in texts if text]
    assert len(set(starts)) / len(starts) > 0.8


def test_csv_needs_real_quoting(texts):
    assert texts.str.contains("\n").any()
    assert texts.str.contains('"').any()
    assert texts.str.contains(",").mean() > 0.2
