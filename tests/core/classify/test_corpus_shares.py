"""Corrected shares of a stored corpus equal the same sums by hand, and audit samples are never trained on."""

import numpy as np
import pandas as pd
import pytest

from core.classify.corpus_shares import SharesQuery, audit_facts, corrected_shares, group_shares
from core.classify.predictions import ALL, ClassifierSource, predict_rows
from core.classify.results import TRAINED, Settings, SplitPlan, TrainingQuery
from core.corpus.added_columns import current_ref
from core.corpus.annotations import Annotation, append
from core.corpus.build import build_corpus
from core.corpus.codebook import Codebook, LabelDefinition, create_column
from core.corpus.filters import Filter
from core.corpus.reading.values import RawTable
from core.store import Workspace
from core.types import Roles, Vectors
from core.vectors.contenders import Contender
from tests.core.classify.conftest import SPEC, make_vectors

ROWS = 600


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """600 rows of which 200 random ones have a label, with vectors that classify most of them right."""
    home = tmp_path_factory.mktemp("home")
    vectors, labels = make_vectors(ROWS, noise=1.2, seed=3)
    some = np.random.default_rng(4).permutation(ROWS)[:200]
    table = pd.DataFrame({"text": [f"text {i}" for i in range(ROWS)], "half": ["first"] * 300 + ["second"] * 300})
    table["label"] = labels.where(np.isin(np.arange(ROWS), some))
    table["complete"] = labels
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("label",)), name="Some").corpus
    info = Workspace(home).save_corpus(built)
    Workspace(home).save_vectors(Vectors(vectors.rows, SPEC, info.digest))
    return current_ref(str(home), info.digest)


def trained(corpus, column="label", plan=None):
    query = TrainingQuery(corpus, Contender(SPEC), Settings(column, "classes", "logistic", plan or SplitPlan()))
    return ClassifierSource(corpus, SPEC, query), TRAINED.get_or_compute(query).split


def test_known_labels_and_the_estimate_of_the_other_rows_add_up(corpus):
    source, split = trained(corpus)
    truth, guess = make_vectors(ROWS, noise=1.2, seed=3)[1].to_numpy(), predict_rows(source, ALL)[1]
    fitted = np.concatenate([split.train, split.validation])
    rest = np.setdiff1d(np.arange(ROWS), fitted)
    result = corrected_shares(SharesQuery(source))
    for name in result.share.index:
        error = np.mean((truth[split.test] == name).astype(float) - (guess[split.test] == name))
        estimate = (guess[rest] == name).mean() + error
        expected = ((truth[fitted] == name).sum() + len(rest) * estimate) / ROWS
        assert result.share[name] == pytest.approx(expected)
        assert result.naive[name] == pytest.approx((guess == name).mean())
    assert ((result.low <= result.share) & (result.share <= result.high)).all()
    facts = audit_facts(SharesQuery(source))
    assert (facts.audited, facts.fitted, facts.labeled, facts.rows) == (len(split.test), len(fitted), 200, ROWS)


def test_the_audit_sample_alone_has_an_interval_although_other_labels_are_known(corpus):
    source, split = trained(corpus, "complete")
    result = corrected_shares(SharesQuery(source))
    audited = make_vectors(ROWS, noise=1.2, seed=3)[1].iloc[split.test]
    for name in result.audit.index:
        assert result.audit[name] == pytest.approx((audited == name).mean())
        assert result.audit_high[name] - result.audit_low[name] > 0.05


def test_groups_are_the_same_as_filters(corpus):
    source, _ = trained(corpus)
    halves = np.repeat([0, 1], 300)
    groups = group_shares(SharesQuery(source), halves, 2, 3)
    for at, half in enumerate(("first", "second")):
        part = corrected_shares(SharesQuery(source, (Filter("half", "values", values=(half,)),)))
        for name in ("naive", "share", "low", "high"):
            np.testing.assert_allclose(getattr(groups, name)[:, at], getattr(part, name)[list(groups.names)])
        assert groups.audited[at] == part.audited
        assert groups.rows[at] == part.rows == 300
    empty = group_shares(SharesQuery(source), np.where(halves == 0, -1, 1), 2, 3)
    assert np.isnan(empty.share[:, 0]).all()


def test_rows_whose_labels_are_all_known_have_no_error(corpus):
    source, split = trained(corpus)
    index = np.full(ROWS, -1)
    index[split.train] = 0
    groups = group_shares(SharesQuery(source), index, 1, 4)
    np.testing.assert_array_equal(groups.low, groups.high)
    assert groups.share.sum() == pytest.approx(1)


def test_an_audit_sample_is_the_test_and_training_rows_are_predicted_out_of_fold(corpus):
    labels = make_vectors(ROWS, noise=1.2, seed=3)[1]
    create_column(corpus, Codebook("by hand", tuple(LabelDefinition(name) for name in sorted(set(labels)))))
    audit = np.random.default_rng(5).permutation(ROWS)[:80]
    others = np.setdiff1d(np.arange(ROWS), audit)[:150]
    append(corpus, "by hand", [Annotation(int(row), labels[row], "a", audit=True) for row in audit])
    append(corpus, "by hand", [Annotation(int(row), labels[row], "a") for row in others])
    current = current_ref(corpus.folder, corpus.digest)
    source, split = trained(current, "by hand", SplitPlan("audit"))
    assert sorted(split.test) == sorted(audit)
    assert not set(split.train) & set(audit)
    result = corrected_shares(SharesQuery(source))
    whole = labels.value_counts(normalize=True)
    assert result.audited == 80
    assert audit_facts(SharesQuery(source)).method == "audit"
    assert ((result.low <= whole[result.low.index]) & (whole[result.high.index] <= result.high)).mean() >= 0.75
    fitted = predict_rows(source, ALL)[1]
    assert (result.naive != pd.Series(fitted).value_counts(normalize=True)[result.naive.index].to_numpy()).any()
