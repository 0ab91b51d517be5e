"""Class shares of a corpus, of filtered rows, and of groups of rows such as periods, corrected by an audit sample.

The audit sample of a classifier that was trained here are its test rows. After a random split these are a random sample
of the rows that it was not fitted to, if the labeled rows are one of the corpus: the shares among the others are
estimated, and the labels of the rows it was fitted to are known. An audit sample that was drawn while labeling is a
random sample of all rows; predictions of the rows that the classifier was fitted to are then made out of fold
(cross-prediction; Zrnic and Candès, 2024), so that their errors are like those of other rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.classify.labels import Target, read_target
from core.classify.predictions import ALL, ClassifierSource, predict_rows, source_classifier
from core.classify.results import TRAINED, SplitMethod, Trained, TrainingQuery, settings_labels, training_vectors
from core.classify.shares import (
    MIN_AUDITED,
    Prevalence,
    audit_shares,
    estimate_shares,
    prediction_powered,
    rogan_gladen,
    with_known_rows,
)
from core.classify.training import train
from core.corpus.filters import Filter, apply_filters
from core.corpus.label_columns import FOLDS
from core.corpus.loaders import load_corpus, load_selection, load_text_codes
from core.errors import InputError
from core.types import CorpusRef
from core.vectors.linear_probe import text_folds

FEW_AUDITED = 20  # with fewer audited rows, the interval of a group is wide and marked


@dataclass(frozen=True)
class SharesQuery:
    """audit_column: of a classifier from a file, the column whose labels are the audit sample; "" of one that was
    trained here. filters: the rows whose shares are estimated."""

    source: ClassifierSource
    filters: tuple[Filter, ...] = ()
    audit_column: str = ""


@dataclass(frozen=True)
class AuditFacts:
    """method: how the audited rows were drawn: as the split of a classifier trained here, or "labeled" rows of a
    column. audited: rows; fitted: those the classifier was trained or its parameter selected on; labeled: with a label,
    of `rows` in the corpus."""

    method: SplitMethod | str
    audited: int
    fitted: int
    labeled: int
    rows: int


@dataclass(frozen=True, eq=False)
class GroupShares:
    """Shares by class and group of rows, (c, g) float64, NaN where a group has fewer than two audited rows (for
    Rogan-Gladen: no rows). share, low, high: prediction-powered, with the audited rows of the group. rogan_gladen and
    its ends: with the error rates of all audited rows. naive: of the predictions. rows, audited: (g,) in each group."""

    names: tuple[str, ...]
    naive: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rogan_gladen: np.ndarray
    rogan_gladen_low: np.ndarray
    rogan_gladen_high: np.ndarray
    rows: np.ndarray
    audited: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Which row has which class: (p,) each."""

    rows: np.ndarray
    codes: np.ndarray

    def counts(self, group: np.ndarray, groups: int, classes: int) -> np.ndarray:
        """(groups, classes) rows. group: (n,) codes, -1 for none."""
        of_pair = group[self.rows]
        flat = of_pair[of_pair >= 0] * classes + self.codes[of_pair >= 0]
        return np.bincount(flat, minlength=groups * classes).reshape(groups, classes)

    def matrix(self, rows: np.ndarray, total: int, classes: int) -> np.ndarray:
        """(m, classes) bool of the given rows."""
        position = np.full(total, -1)
        position[rows] = np.arange(len(rows))
        inside = position[self.rows] >= 0
        result = np.zeros((len(rows), classes), bool)
        result[position[self.rows[inside]], self.codes[inside]] = True
        return result


@dataclass(frozen=True, eq=False)
class _Evidence:
    """names: c classes. predicted: of all rows. audit: (a,) ids, with labels and guesses (a, c) bool and codes of
    identical texts. known: (n,) bool, rows with a known label that are left out of the estimate; truth: their labels.
    """

    names: tuple[str, ...]
    predicted: _Pairs
    audit: np.ndarray
    labels: np.ndarray
    guesses: np.ndarray
    texts: np.ndarray
    known: np.ndarray
    truth: _Pairs
    facts: AuditFacts


def audit_facts(query: SharesQuery) -> AuditFacts:
    """Where the audit sample comes from. Raises InputError for a classifier of numbers."""
    return _evidence(query.source, query.audit_column).facts


def corrected_shares(query: SharesQuery) -> Prevalence:
    """The shares among the filtered rows. Raises InputError where no row passes, or fewer than two are audited."""
    found = _evidence(query.source, query.audit_column)
    inside = _filter_mask(query)
    classes, rows = len(found.names), int(inside.sum())
    if not rows:
        raise InputError("No row passes the filters.", "Remove or change a filter.")
    group, audited = np.where(inside, 0, -1), inside[found.audit]
    rest = np.where(inside & ~found.known, 0, -1)
    if audited.sum() < MIN_AUDITED:
        message = f"{int(audited.sum()):,} of these rows are audited; a correction needs at least {MIN_AUDITED}."
        raise InputError(message, "Choose a wider filter, or label more rows drawn at random.")
    left = int((rest >= 0).sum())
    estimate = estimate_shares(
        found.names, found.predicted.counts(rest, 1, classes)[0] / left, found.guesses[audited],
        found.labels[audited], left, texts=len(np.unique(found.texts[audited])),
    )  # fmt: skip
    naive = found.predicted.counts(group, 1, classes)[0] / rows
    combined = with_known_rows(estimate, found.truth.counts(group, 1, classes)[0], rows - left, naive)
    # of all filtered rows, as if no other label were known
    alone = audit_shares(found.labels[audited], rows, len(np.unique(found.texts[audited])))
    value, low, high = (pd.Series(np.asarray(part), combined.share.index) for part in alone)
    return replace(combined, audit=value, audit_low=low, audit_high=high)


def group_shares(query: SharesQuery, index: np.ndarray, groups: int, max_classes: int) -> GroupShares:
    """The shares of the most frequent predicted classes in groups of the filtered rows. index: (n,) the group of each
    row, -1 for none."""
    found = _evidence(query.source, query.audit_column)
    classes, group = len(found.names), np.where(_filter_mask(query), index, -1)
    rest = np.where(found.known, -1, group)
    counts = found.predicted.counts(group, groups, classes)
    top = np.argsort(-counts.sum(axis=0), kind="stable")[:max_classes]
    rows, left = (np.bincount(codes[codes >= 0], minlength=groups) for codes in (group, rest))
    with np.errstate(invalid="ignore", divide="ignore"):
        naive, of_rest = counts[:, top] / rows[:, None], found.predicted.counts(rest, groups, classes)[:, top]
        of_rest = of_rest / left[:, None]
        weight = (left / rows)[:, None]
        fixed = found.truth.counts(group, groups, classes)[:, top] / rows[:, None]
    of_audit = group[found.audit]
    powered = np.full((3, groups, len(top)), np.nan)
    for number in range(groups):
        at = np.flatnonzero(of_audit == number)
        if len(at) >= MIN_AUDITED:
            texts = len(np.unique(found.texts[at]))
            guesses, labels = found.guesses[np.ix_(at, top)], found.labels[np.ix_(at, top)]
            powered[:, number] = prediction_powered(of_rest[number], guesses, labels, int(left[number]), texts)[0]
        elif rows[number] and not left[number]:
            powered[:, number] = 0.0  # all labels are known
    powered = np.stack([fixed + np.where(left[:, None] > 0, weight * part, 0.0) for part in powered])
    used = of_audit >= 0
    gladen = np.full((3, groups, len(top)), np.nan)
    if used.sum() >= MIN_AUDITED:
        guesses, labels, texts = found.guesses[used][:, top], found.labels[used][:, top], found.texts[used]
        gladen = np.stack(rogan_gladen(of_rest, guesses, labels, len(np.unique(texts))))
        gladen = fixed + np.where(left[:, None] > 0, weight * gladen, 0.0)
    audited = np.bincount(of_audit[used], minlength=groups)
    names = tuple(found.names[code] for code in top)
    share, low, high = (part.T for part in powered)
    corrected, corrected_low, corrected_high = (part.T for part in gladen)
    return GroupShares(
        names, naive.T, share, low, high, corrected, corrected_low, corrected_high, rows, audited
    )  # fmt: skip


def _filter_mask(query: SharesQuery) -> np.ndarray:
    corpus = query.source.corpus
    return apply_filters(load_corpus(corpus).table, query.filters, lambda key: load_selection(corpus, key))


@lru_cache(maxsize=4)
def _evidence(source: ClassifierSource, audit_column: str) -> _Evidence:
    model = source_classifier(source)
    if model.task == "number":
        raise InputError("Shares are of classes; this model predicts numbers.", "Choose a classifier of classes.")
    trained = TRAINED.get(source.query) if source.query else None
    corpus = load_corpus(source.corpus)
    column = settings_labels(source.corpus, source.query.settings) if source.query else corpus.table[audit_column]
    target, fitted = read_target(column, model.task), np.empty(0, np.int64)
    audit = np.flatnonzero(target.present)
    method: SplitMethod | str = "labeled"
    if trained:
        audit, method = np.asarray(trained.split.test), trained.settings.plan.method
        audit, fitted = audit[target.present[audit]], np.concatenate([trained.split.train, trained.split.validation])
    names = _names(model.classes, target, np.concatenate([audit, fitted]))
    labels = np.asarray(predict_rows(source, ALL)[1], object).copy()
    known = np.zeros(len(corpus), bool)
    if method == "audit" and source.query and trained:
        _predict_out_of_fold(source.query, trained, target, fitted, labels)
    else:
        known[fitted] = True
    predicted, truth = _prediction_pairs(labels, names), _target_pairs(target, names)
    total, classes = len(corpus), len(names)
    inside = known[truth.rows]
    facts = AuditFacts(method, len(audit), len(fitted), int(target.present.sum()), total)
    return _Evidence(
        names, predicted, audit, truth.matrix(audit, total, classes), predicted.matrix(audit, total, classes),
        load_text_codes(source.corpus, source.model)[audit], known, _Pairs(truth.rows[inside], truth.codes[inside]),
        facts,
    )  # fmt: skip


def _names(classes: Sequence[str], target: Target, rows: np.ndarray) -> tuple[str, ...]:
    """The classes, then other labels of the rows."""
    values = target.values[rows]
    used = np.flatnonzero(values.any(axis=0)) if target.kind == "sets" else np.unique(values[values >= 0])
    return tuple(dict.fromkeys((*classes, *(target.names[code] for code in used))))


def _prediction_pairs(labels: np.ndarray, names: Sequence[str]) -> _Pairs:
    """labels: (n,) names, or tuples of them."""
    position = {name: code for code, name in enumerate(names)}
    pairs = [
        (row, position[name])
        for row, cell in enumerate(labels)
        for name in (cell if isinstance(cell, tuple) else (str(cell),))
    ]
    rows, codes = np.array(pairs, np.int64).reshape(-1, 2).T
    return _Pairs(rows, codes)


def _target_pairs(target: Target, names: Sequence[str]) -> _Pairs:
    """The labels of rows that are among the names."""
    position = {name: code for code, name in enumerate(names)}
    code_of = np.array([position.get(name, -1) for name in target.names], np.int64)
    if target.kind == "sets":
        rows, codes = np.nonzero(target.values)
    else:
        rows = np.flatnonzero(target.present)
        codes = target.values[rows]
    codes = code_of[codes]
    return _Pairs(rows[codes >= 0], codes[codes >= 0])


def _predict_out_of_fold(
    query: TrainingQuery, trained: Trained, target: Target, rows: np.ndarray, labels: np.ndarray
) -> None:
    """Replace the predictions of rows that the classifier was fitted to by those of models that saw neither them nor
    copies of them; where a fold has too few labels they stay."""
    vectors = training_vectors(query.corpus, query.contender)
    column, facts = settings_labels(query.corpus, query.settings), trained.classifier.facts
    texts = load_text_codes(query.corpus, query.contender.model)[rows]
    strata = target.values[rows] if target.kind == "classes" else np.zeros(len(rows), np.int64)
    try:
        fold = text_folds(strata, np.unique(texts, return_inverse=True)[1], query.settings.plan.seed)
    except ValueError:  # no class has enough different texts
        return
    for number in range(FOLDS):
        outside = rows[fold == number]
        try:
            model = train(
                vectors, column, rows[fold != number], query.settings.kind, value=facts["value"],
                balanced=query.settings.balanced, task=query.settings.task, seed=query.settings.plan.seed,
            )  # fmt: skip
        except InputError:
            continue
        if len(outside):
            labels[outside] = model.predict(vectors.rows[outside])[0]


def audit_columns(corpus: CorpusRef, classes: Sequence[str]) -> tuple[str, ...]:
    """Columns that have labels among the classes of a classifier from a file."""
    table = load_corpus(corpus).table
    usable = [str(name) for name in table.columns if table[name].nunique() <= 2 * len(classes) + 20]
    return tuple(name for name in usable if table[name].astype("str").isin(classes).any())
