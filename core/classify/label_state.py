"""A label column at one version: labels, training rows, and the audit sample.

Each label column has an audit sample: rows in a random order (seeded by corpus and column), that strategies never
suggest and that train no classifier while labeling. Every few rows the next of them is presented, without a suggestion.
So the audited rows are a simple random sample of the corpus, on which accuracy and class shares can be estimated.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.annotations import AnnotationLog, read_log
from core.corpus.codebook import Codebook, load_codebook
from core.corpus.loaders import load_corpus, load_text_codes
from core.digest import digest_json
from core.types import CorpusRef

MAX_AUDIT = 1_000  # rows that are held out


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """A label column at one version. labels: by row, those of the majority. train: (t,) int64 rows that are not set
    aside, with their labels. audit: (a,) audited rows in the order they were drawn, with their labels."""

    log: AnnotationLog
    codebook: Codebook
    labels: dict[int, str]
    train: np.ndarray
    train_labels: np.ndarray
    audit: np.ndarray
    audit_labels: np.ndarray


def audit_order(corpus: CorpusRef, codebook: Codebook, total: int) -> np.ndarray:
    """(m,) int64 rows held out for the audit, in the order they are presented: a random sample of all rows."""
    if not codebook.audit_every:
        return np.zeros(0, np.int64)
    seed = int(digest_json({"corpus": corpus.digest, "column": codebook.column, "token": codebook.token}), 16)
    size = min(-(-total // codebook.audit_every), MAX_AUDIT)
    return np.random.default_rng(seed).permutation(total)[:size]


@lru_cache(maxsize=4)
def labeled_rows(corpus: CorpusRef, column: str, version: str) -> LabeledRows:
    codebook, log = load_codebook(corpus, column), read_log(corpus.folder, corpus.digest, column, version)
    total, labels, audited = len(load_corpus(corpus)), log.labels(), log.labels(audit_only=True)
    labels = {row: label for row, label in labels.items() if row < total}
    is_held_out = held_out(corpus, codebook)
    train_rows = np.array(sorted(row for row in labels if not is_held_out[row]), np.int64)
    order = [row for row in audit_order(corpus, codebook, total).tolist() if row in audited]
    return LabeledRows(
        log, codebook, labels, train_rows, np.array([labels[row] for row in train_rows.tolist()], object),
        np.array(order, np.int64), np.array([audited[row] for row in order], object),
    )  # fmt: skip


@lru_cache(maxsize=4)
def held_out(corpus: CorpusRef, codebook: Codebook) -> np.ndarray:
    """(n,) bool: rows of the audit sample, and copies of their texts."""
    codes = load_text_codes(corpus, None)
    return np.isin(codes, codes[audit_order(corpus, codebook, len(codes))])
