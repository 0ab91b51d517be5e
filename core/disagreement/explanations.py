"""What explains disagreement: the factors of the corpus, the slices of texts they make, and their odds ratios."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import table_bytes
from core.corpus.label_columns import label_columns
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.disagreement.factors import Factor, cluster_factor, column_factor, text_factors, truncation_factor
from core.disagreement.results import TEXT_FACTS, TRUNCATED_TEXTS, ComparisonQuery, CorpusQuery, fact_rows
from core.disagreement.service import disagreement, distinct_text_count, first_clusters
from core.disagreement.slices import Explanation, Slice, explain, min_slice_texts
from core.errors import InputError
from core.vectors.loaders import ModelQuery

MAX_COLUMNS = 6
MIN_TEXTS = 20


@dataclass(frozen=True)
class DisagreementExplanation:
    """explanation: of rows at or below `threshold` overlap. factors: names of those tested; left_out: of those that
    were not. texts: distinct ones of the corpus. min_texts: of a slice."""

    explanation: Explanation
    factors: tuple[str, ...]
    left_out: tuple[str, ...]
    texts: int
    min_texts: int


def explain_disagreement(query: ComparisonQuery, k: int) -> DisagreementExplanation:
    """What goes with low overlap among the k nearest. Raises InputError where there is nothing to explain."""
    rows, overlaps = _overlaps(query, k)
    factors, left_out = factors_of(query, rows)
    if len(overlaps) < MIN_TEXTS:
        reason = f"{len(overlaps):,} distinct texts are too few to explain disagreement."
        raise InputError(reason, "Add more rows on the Data page.")
    if np.ptp(overlaps) == 0:
        reason = (
            f"All texts have the same overlap ({overlaps[0]:.0%} of their {k} nearest): there is nothing to explain."
        )
        raise InputError(reason, "Choose another number of neighbors, or other contenders.")
    tested = tuple(factor.name for factor in factors if len(factor.values))
    explanation = explain(overlaps, factors)
    texts = distinct_text_count(query.corpus)
    return DisagreementExplanation(explanation, tested, left_out, texts, min_slice_texts(len(overlaps)))


def explanation_file(query: ComparisonQuery, k: int) -> bytes:
    """All slices, as CSV."""
    explanation = explain_disagreement(query, k).explanation
    return table_bytes(slice_table((*explanation.slices, *explanation.pairs)), "csv")


def slice_table(slices: tuple[Slice, ...]) -> pd.DataFrame:
    """One row a slice; shares in [0, 1]."""
    table = pd.DataFrame([vars(slice_) for slice_ in slices], columns=list(Slice.__dataclass_fields__))
    return table.rename(columns={"phrase": "slice", "odds_ratio": "odds"})


def factors_of(query: ComparisonQuery, rows: np.ndarray) -> tuple[list[Factor], tuple[str, ...]]:
    """What may explain disagreement on these rows among `fact_rows`, and the columns that were left out."""
    corpus = load_corpus(query.corpus)
    positions = np.searchsorted(fact_rows(query.corpus), rows)
    factors = text_factors(TEXT_FACTS.get(CorpusQuery(query.corpus)).select(positions))
    names = [name for name in label_columns(query.corpus) if column_field(name) not in corpus.roles.text]
    factors += [column_factor(corpus.table[name].iloc[rows], name) for name in names[:MAX_COLUMNS]]
    clusters = first_clusters(query)
    if clusters is not None:
        factors.append(cluster_factor(np.asarray(clusters.labels)[rows], clusters.names))
    for model in dict.fromkeys(contender.model for contender in query.contenders):
        truncated = TRUNCATED_TEXTS.load(ModelQuery(query.corpus, model))
        if truncated is not None and not truncated.error:
            factors.append(truncation_factor(truncated.rows[positions], model.label))
    return factors, tuple(f"column {name}" for name in names[MAX_COLUMNS:])


def _overlaps(query: ComparisonQuery, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Row ids of the texts analyzed, and the overlap of each; rows without neighbors left out."""
    rows = fact_rows(query.corpus)
    overlaps = 1 - disagreement(query, k)[rows]
    defined = np.isfinite(overlaps)
    return rows[defined], np.round(overlaps[defined], 6)
