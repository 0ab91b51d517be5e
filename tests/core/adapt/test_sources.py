"""What an adapter learns from: labels, tables of pairs and clicks, and judgments, with what can't be used."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from core.adapt.fitting import Settings
from core.adapt.results import ADAPTER, ADAPTER_CHECK, AdapterQuery, CheckQuery
from core.adapt.service import adapter_file, judged_queries, key_choices, label_choices, use_as_model
from core.adapt.sources import TEXTS, Source, load_material, plan_texts
from core.adapt.supervision import from_judgments
from core.adapt.text_sources import load_text_material
from core.adapt.verdict import verdict
from core.corpus.judgments import Judgment, add_judgments, judgments_version
from core.corpus.loaders import load_corpus
from core.corpus.qrels import FROM_ONE
from core.corpus.staging import ImportSource, stage
from core.errors import InputError, StorageError
from core.models.registry import load_embedder
from core.types import CorpusRef, ModelSpec, Vectors
from core.vectors.loaders import load_vectors
from tests.drinks import TOPICS, build_drinks

QUICK = Settings(epochs=2)


@pytest.fixture(scope="module")
def drinks(tmp_path_factory) -> tuple[CorpusRef, ModelSpec]:
    return build_drinks(tmp_path_factory.mktemp("drinks"))


def table(corpus: CorpusRef, frame: pd.DataFrame) -> ImportSource:
    return ImportSource((stage(corpus.folder, "pairs.csv", frame.to_csv(index=False).encode()),))


def pair_frame(pairs: int = 150) -> pd.DataFrame:
    """Row numbers from 1; 1 for rows of one topic."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 120, pairs), rng.integers(0, 120, pairs)
    frame = pd.DataFrame({"a": first + 1, "b": second + 1, "score": (first % 4 == second % 4) + rng.random(pairs) / 9})
    return frame[frame["a"] != frame["b"]]


def pair_source(corpus: CorpusRef, frame: pd.DataFrame) -> Source:
    keys = {"first_key": FROM_ONE, "second_key": FROM_ONE}
    return Source("pairs", upload=table(corpus, frame), first="a", second="b", weight="score", **keys)


def test_choices_name_columns_and_judgments(drinks):
    choices = label_choices(drinks[0])
    assert (choices.columns, choices.split) == (("topic",), "")
    assert judged_queries(drinks[0]) == (0, "")


def test_pairs_by_row_and_by_text_are_the_same(drinks):
    corpus, model = drinks
    frame, texts = pair_frame(), load_corpus(corpus).texts
    rows = load_material(corpus, model, pair_source(corpus, frame))
    named = frame.assign(a=[texts[row - 1] for row in frame["a"]])
    source = replace(pair_source(corpus, named), first_key=TEXTS)
    assert key_choices(corpus, source.upload, "a")[0] == TEXTS
    assert key_choices(corpus, source.upload, "b")[0] in (FROM_ONE, "id")
    assert plan_texts(corpus, model, source).missing == 0
    by_text = load_material(corpus, model, source)
    for side in (0, 1):
        np.testing.assert_array_equal(
            rows.vectors.rows[rows.pairs[:, side].astype(int)], by_text.vectors.rows[by_text.pairs[:, side].astype(int)]
        )
    adapter = ADAPTER.get_or_compute(AdapterQuery(corpus, model, source, QUICK))
    assert adapter.report.seen.metric == "Spearman"
    assert verdict(adapter.report).answer in ("helps", "does not help", "can't tell")


def test_texts_outside_of_the_corpus_are_embedded_once(drinks):
    corpus, model = drinks
    frame = pair_frame().assign(a=lambda of: [f"a new text about {TOPICS[row % 4]} {row % 9}" for row in of["a"]])
    source = replace(pair_source(corpus, frame), first_key=TEXTS)
    assert plan_texts(corpus, model, source).missing == frame["a"].nunique()
    material = load_material(corpus, model, source)
    assert plan_texts(corpus, model, source).missing == 0
    expected = load_embedder(model).embed([frame["a"].iloc[0]])[0]
    np.testing.assert_allclose(material.vectors.rows[int(material.pairs[0, 0])], expected, atol=1e-6)


def test_unknown_ids_are_counted_and_all_unknown_is_an_error(drinks):
    corpus, model = drinks
    frame = pair_frame()
    frame.loc[frame.index[:7], "a"] = 9_999
    material = load_material(corpus, model, pair_source(corpus, frame))
    assert len(material.pairs) == len(frame) - 7
    assert "7 of" in material.notes[0]
    assert "9999" in material.notes[0]
    with pytest.raises(InputError) as error:
        load_material(corpus, model, pair_source(corpus, frame.assign(b=frame["b"] + 500)))
    assert error.value.remedy


def test_lines_without_a_number_are_counted_and_negative_counts_are_refused(drinks):
    corpus, model = drinks
    frame = pair_frame()
    frame.loc[frame.index[:9], "score"] = np.nan
    assert "9 of" in load_material(corpus, model, pair_source(corpus, frame)).notes[0]
    with pytest.raises(InputError, match="score"):
        load_material(corpus, model, pair_source(corpus, frame.assign(score="high")))
    clicks = replace(pair_source(corpus, frame.assign(score=-1)), kind="clicks")
    for load in (partial(load_material, corpus, model), partial(load_text_material, corpus)):
        with pytest.raises(InputError, match="negative"):
            load(clicks)


@pytest.mark.parametrize("change", [{"score": 1}, {"score": "high"}, {"a": 5, "b": 5}])
def test_pairs_without_different_scores_are_refused(drinks, change):
    corpus, model = drinks
    with pytest.raises(InputError):
        ADAPTER_CHECK.get_or_compute(CheckQuery(corpus, model, pair_source(corpus, pair_frame().assign(**change))))


def test_too_few_pairs_are_refused_with_the_number_needed(drinks):
    corpus, model = drinks
    with pytest.raises(InputError, match="50"):
        ADAPTER_CHECK.get_or_compute(CheckQuery(corpus, model, pair_source(corpus, pair_frame(40))))


@pytest.mark.parametrize("column", ["id", "missing"])
def test_labels_without_similar_rows_are_refused_before_a_job_is_offered(drinks, column):
    corpus, model = drinks
    with pytest.raises(InputError):
        ADAPTER_CHECK.seconds(CheckQuery(corpus, model, Source("labels", column)))


def test_vectors_with_nan_are_refused(drinks):
    corpus, model = drinks
    rows = load_vectors(corpus, model).rows.copy()
    rows[3] = np.nan
    with pytest.raises(InputError, match="Row 4"):
        Vectors(rows, model, corpus.digest)


def test_clicks_are_summed_by_query(drinks):
    corpus, model = drinks
    queries = [f"{TOPICS[i % 4]} please {i % 40}" for i in range(100)]
    rows = [(5 * i) % 30 * 4 + i % 4 + 1 for i in range(100)]
    frame = pd.DataFrame({"query": [*queries, queries[0]], "clicked": [*rows, rows[0]], "n": [1] * 100 + [3]})
    source = Source("clicks", upload=table(corpus, frame), first="query", second="clicked", weight="n")
    material = load_material(corpus, model, source)
    vectors, relevant = material.judgments
    assert len(vectors) == len(relevant) == 40
    assert sum(weight for of in relevant for weight in of.values()) == 103
    check = ADAPTER_CHECK.get_or_compute(CheckQuery(corpus, model, source, QUICK))
    assert check.preview.metric == "nDCG@10"
    assert check.pairs > 50
    by_row = replace(source, first_key=FROM_ONE, first="clicked", second="n")
    assert load_material(corpus, model, by_row).judgments[0].shape == (len(set(rows)), vectors.shape[1])


def test_a_query_that_is_a_row_does_not_rank_itself(drinks):
    corpus, model = drinks
    vectors = load_vectors(corpus, model)
    examples = from_judgments(vectors, vectors.rows[:8], [[row + 8] for row in range(8)]).examples
    own = examples.own_cells(np.arange(8))
    assert own.sum() == 8
    np.testing.assert_allclose((examples.queries @ examples.candidates.T)[own], 1, atol=1e-5)
    assert from_judgments(vectors, vectors.rows[:8], [[row] for row in range(8)]).examples.own is None


def test_judgments_are_those_of_a_version(drinks):
    corpus, model = drinks
    with pytest.raises(InputError):
        load_material(corpus, model, Source("judgments"))
    add_judgments(corpus, [Judgment(f"{TOPICS[i % 4]} {i}", i * 4 % 120 + i % 4, 1 + i % 2, "Ada") for i in range(80)])
    source = Source("judgments", judgments=judgments_version(corpus))
    assert judged_queries(corpus) == (80, source.judgments)
    material = load_material(corpus, model, source)
    assert material.judgments[0].shape[0] == 80
    assert ADAPTER_CHECK.get_or_compute(CheckQuery(corpus, model, source, QUICK)).pairs > 50


def test_an_adapter_is_used_as_a_model_under_a_name(drinks):
    corpus, model = drinks
    query = AdapterQuery(corpus, model, Source("labels", "topic"), QUICK)
    with pytest.raises(StorageError):
        use_as_model(query, "topics")
    adapter = ADAPTER.get_or_compute(query)
    assert verdict(adapter.report).answer == "helps"
    with pytest.raises(InputError):
        use_as_model(query, "  ")
    spec = use_as_model(query, " by  topic ")
    assert (spec.adapter, spec.adapter_name, spec.base) == (adapter.key, "by topic", model)
    assert use_as_model(query, "another name") == spec
    assert adapter_file(query, "by topic")
