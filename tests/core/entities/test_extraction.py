"""Entities of a corpus: counts, stored results, summaries, columns; and the measured precision."""

import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.added_columns import current_ref
from core.corpus.build import build_corpus
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.entities.extraction import extract
from core.entities.precision import Precision, measured
from core.entities.results import ENTITIES, EntitiesQuery
from core.entities.service import add_columns, column_name, entity_columns, summaries
from core.entities.types import ENTITY_TYPES, types_of
from core.errors import StorageError
from core.results import no_progress
from core.store import Workspace
from core.types import CorpusRef, Roles
from tests.sample import sample_table

TEXTS = [
    "Paid $5 and again $5, or 5 dollars, write to A@x.com",
    "Nothing here",
    "Write to a@X.com or b@x.com before March 3, 2026 #Sale",
    "¥5，#Sale",
]


@pytest.fixture
def corpus(tmp_path) -> CorpusRef:
    table = pd.DataFrame({"text": TEXTS, "dates": ["a", "b", "c", "d"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Four").corpus
    Workspace(tmp_path).save_corpus(built)
    return CorpusRef(str(tmp_path), built.digest)


def by_name(types):
    return {kind.name: kind for kind in types}


def test_a_value_counts_once_in_a_text_and_the_most_frequent_goes_first():
    progress = []
    types = by_name(extract(TEXTS, "rules", "US", lambda done, total: progress.append((done, total))))
    assert tuple(types) == tuple(kind.name for kind in types_of("rules"))
    emails = types["e-mail addresses"]
    assert emails.values == ("a@x.com", "b@x.com")
    assert emails.counts.tolist() == [2, 1]
    assert (emails.rows.tolist(), emails.codes.tolist()) == ([0, 2, 2], [0, 0, 1])
    assert emails.values_by_row() == {0: ["a@x.com"], 2: ["a@x.com", "b@x.com"]}
    assert types["amounts"].values == ("CNY 5", "USD 5")
    assert types["amounts"].forms == ("¥5", "$5")  # written "$5" twice and "5 dollars" once
    assert types["hashtags"].texts == 2
    assert progress[-1] == (4, 4)


def test_no_texts():
    for group in ("names", "rules"):
        assert all(kind.values == () and kind.texts == 0 for kind in extract([], group, "US", no_progress))


def test_results_are_stored_by_group_country_and_sample(corpus):
    query = EntitiesQuery(corpus, "rules")
    assert ENTITIES.get_or_compute(query).read == 4
    stored = ENTITIES.get(query).of_type("dates")
    assert stored.values == ("2026-03-03",)
    assert stored.rows.tolist() == [2]
    assert not ENTITIES.exists(EntitiesQuery(corpus, "rules", "GB"))
    few = ENTITIES.get_or_compute(EntitiesQuery(corpus, "rules", limit=3))
    rows = np.sort(np.random.default_rng(0).choice(4, 3, replace=False))
    assert few.read == 3
    assert set(few.of_type("amounts").rows.tolist()) <= set(rows.tolist())
    assert ENTITIES.key(EntitiesQuery(corpus, "names")) == ENTITIES.key(EntitiesQuery(corpus, "names", "GB"))


def test_summaries_have_examples(corpus):
    with pytest.raises(StorageError, match="not been extracted"):
        summaries(corpus, ("URLs",), "US", 0)
    ENTITIES.get_or_compute(EntitiesQuery(corpus, "rules"))
    emails, links = summaries(corpus, ("e-mail addresses", "URLs"), "US", 0)
    assert (emails.rows, emails.read, emails.distinct) == (2, 4, 2)
    assert emails.top[0].value == "a@x.com"
    assert emails.top[0].rows == 2
    assert "A@x.com" in emails.top[0].example
    assert (links.rows, links.top) == (0, ())


def test_columns_are_lists_that_every_page_reads(corpus):
    ENTITIES.get_or_compute(EntitiesQuery(corpus, "rules"))
    add_columns(corpus, ("e-mail addresses", "dates", "URLs"), "US")
    ref = current_ref(corpus.folder, corpus.digest)
    assert entity_columns(ref) == {"e-mail addresses", "dates (entities)"}  # no URLs; "dates" is a source column
    assert column_name(ref, "amounts") == "amounts"
    table = load_corpus(ref).table
    assert table["dates"].tolist() == ["a", "b", "c", "d"]
    column = table["e-mail addresses"]
    assert json.loads(column[2]) == ["a@x.com", "b@x.com"]
    assert column.isna().tolist() == [False, True, False, True]
    sets = label_sets(column)
    assert sets is not None
    assert dict(zip(sets.names, sets.counts.tolist(), strict=True)) == {"a@x.com": 2, "b@x.com": 1}


def test_measured_precision_covers_all_types_and_agrees_with_the_rules_today():
    lines = {(each.name, each.language, each.corpus): each for each in measured()}
    assert {name for name, _, corpus in lines if corpus == "sample"} == {kind.name for kind in ENTITY_TYPES}
    table = sample_table()
    types = by_name(extract(table["text"].tolist(), "rules", "US", no_progress))
    for name in ("amounts", "dates", "hashtags", "phone numbers", "URLs", "e-mail addresses"):
        measured_pairs = sum(lines[name, language, "sample"].extracted for language in ("en", "zh"))
        assert len(types[name].rows) == measured_pairs, f"{name}: run python -m benchmarks.entities again"


def test_precision_without_entities_is_undefined():
    none = Precision("URLs", "en", "sample", 0, 0, 0)
    assert np.isnan(none.precision.value)
    some = Precision("people", "en", "sample", 8, 3, 12)
    assert float(some.precision.value) == 3 / 8
    assert float(some.recall.value) == 3 / 12
