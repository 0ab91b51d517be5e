"""How far two annotators agree on what both have graded: the relevance of hits, or the faithfulness of answers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.answer_log import load_answers
from core.corpus.judgments import Subject, grade_names, load_judgments
from core.corpus.loaders import load_corpus
from core.stats.agreement import weighted_kappa
from core.stats.interval import Interval
from core.types import CorpusRef


@dataclass(frozen=True, eq=False)
class Agreement:
    """pairs: hits or answers that both graded. kappa: quadratically weighted. table: (3, 3) counts, the first
    annotator's grade by the second's. disagreements: question, row (or number of the answer), text, both grades; the
    largest differences first."""

    pairs: int
    kappa: Interval[float]
    table: np.ndarray
    disagreements: pd.DataFrame


def agreement(corpus: CorpusRef, first: str, second: str, subject: Subject = "rows") -> Agreement:
    """Of two annotators, on all that both have graded."""
    log, names = load_judgments(corpus, subject=subject), grade_names(subject)
    one, other = log.grades(first), log.grades(second)
    pairs = [(query, row) for query, rows in one.items() for row in rows if row in other.get(query, {})]
    codes = np.array([[one[query][row], other[query][row]] for query, row in pairs], np.int64).reshape(-1, 2)
    size = len(names)
    table = np.bincount(codes[:, 0] * size + codes[:, 1], minlength=size**2).reshape(size, size)
    gap = np.abs(codes[:, 0] - codes[:, 1])
    order = [i for i in np.argsort(-gap, kind="stable") if gap[i]]
    texts = load_corpus(corpus).texts if subject == "rows" else [record.text for record in load_answers(corpus)]
    rows = [(pairs[i][0], pairs[i][1] + 1, texts[pairs[i][1]], *(names[int(code)] for code in codes[i])) for i in order]
    disagreements = pd.DataFrame(rows, columns=["question", "row", "text", "first", "second"])
    return Agreement(len(pairs), weighted_kappa(codes[:, 0], codes[:, 1], size), table, disagreements)
