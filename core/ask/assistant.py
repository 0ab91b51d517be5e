"""An FAQ assistant: replies with the known answer of the nearest questions, or refuses, by a measured threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.calibration import Curve, Evidence, OperatingPoint, Rule, choose_point, fit_rule, measure_curve
from core.ask.evidence import leave_one_out, rank_answers
from core.ask.retrieval import MAX_QUESTION, check_model
from core.errors import InputError
from core.models.base import Embedder
from core.stats.interval import Interval
from core.stats.resampling import SEED
from core.types import Corpus, ModelSpec, Vectors

SUGGESTIONS = 3
MIN_PRECISION = 0.97


@dataclass(frozen=True)
class Suggestion:
    """A known question and its answer. row: of the corpus; cosine: to the text, in [-1, 1]."""

    row: int
    question: str
    answer: str
    cosine: float


@dataclass(frozen=True)
class FaqReply:
    """answer: the known answer, None where refused. confidence: estimated probability that it is right, in [0, 1];
    score: mean cosine to the three nearest questions of the best answer; margin: to the score of the next one. nearest:
    the nearest question of each of the three best answers, best first."""

    text: str
    answer: str | None
    refused: bool
    confidence: float
    score: float
    margin: float
    nearest: tuple[Suggestion, ...]


@dataclass(frozen=True, eq=False)
class FaqData:
    """All of an assistant but its embedder, as it is saved.

    rows: (n,) int64 rows of the corpus; vectors: (n, d) float32 unit rows of their questions; codes: (n,) int64 indices
    into `answers`. min_precision: requested; point: the threshold chosen; facts: how it was measured.
    """

    model: ModelSpec
    rows: np.ndarray
    vectors: np.ndarray
    codes: np.ndarray
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    rule: Rule
    point: OperatingPoint
    curve: Curve
    min_precision: float
    method: str


@dataclass(frozen=True, eq=False)
class Faq:
    """Replies to questions.

    threshold: on the confidence of a reply, in [0, 1], infinite where no threshold reaches the precision. coverage:
    share of the calibration questions that get a reply; precision: share of right replies among these; `intervals` has
    both with Wilson's intervals. is_assured: the lower end of the precision's interval reaches `min_precision`; else
    there are too few questions to tell. curve: coverage and precision at other thresholds.
    """

    data: FaqData
    embedder: Embedder

    @property
    def threshold(self) -> float:
        return self.data.point.threshold

    @property
    def coverage(self) -> float:
        return self.data.point.coverage.value

    @property
    def precision(self) -> float:
        return self.data.point.precision.value

    @property
    def intervals(self) -> dict[str, Interval[float]]:
        return {"coverage": self.data.point.coverage, "precision": self.data.point.precision}

    @property
    def is_assured(self) -> bool:
        return self.data.point.is_assured

    @property
    def curve(self) -> pd.DataFrame:
        """threshold, coverage, precision, low, high: a row per threshold, coverage rising."""
        curve = self.data.curve
        names = ("threshold", "coverage", "precision", "low", "high")
        return pd.DataFrame({name: getattr(curve, name) for name in names})

    @property
    def method(self) -> str:
        return self.data.method

    def reply(self, text: str) -> FaqReply:
        """The answer to a question, or a refusal with suggestions. Raises InputError for an empty text."""
        return self.replies([text])[0]

    def replies(self, texts: Sequence[str]) -> list[FaqReply]:
        """The same for several texts, embedded together."""
        if any(not text.strip() for text in texts):
            raise InputError("The question is empty.", "Type a question.")
        if not texts:
            return []
        data = self.data
        vectors = self.embedder.embed_query([text[:MAX_QUESTION] for text in texts])
        ranked = rank_answers(vectors, data.vectors, data.codes, SUGGESTIONS)
        accepted, confidence = data.rule.accepts(ranked.scores[:, 0], ranked.margins, self.threshold)
        replies = []
        for i, text in enumerate(texts):
            nearest = tuple(self._suggestion(int(row), float(cosine)) for row, cosine in ranked.of(i))
            answer = nearest[0].answer if accepted[i] else None
            values = float(confidence[i]), float(ranked.scores[i, 0]), float(ranked.margins[i])
            replies.append(FaqReply(text, answer, answer is None, *values, nearest))
        return replies

    def _suggestion(self, index: int, cosine: float) -> Suggestion:
        data = self.data
        return Suggestion(int(data.rows[index]), data.questions[index], data.answers[data.codes[index]], cosine)


def faq(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, *, question: str, answer: str,
    min_precision: float = MIN_PRECISION, seed: int = SEED,
) -> Faq:  # fmt: skip
    """An assistant that knows the questions and answers of two columns of a corpus.

    Rows without a question or an answer are left out. Questions that are not the texts of the corpus are embedded
    here. The threshold is the one of the highest coverage with a precision of at least `min_precision`, see
    `choose_point`. Raises InputError for missing columns and too few questions or answers.
    """
    check_model(vectors, embedder)
    if not 0 < min_precision < 1:
        raise InputError(f"The precision {min_precision:g} is not between 0 and 1.", "Choose a value such as 0.97.")
    questions, answers = _column(corpus, question), _column(corpus, answer)
    rows = np.flatnonzero((questions != "") & (answers != ""))
    codes, names = pd.factorize(answers[rows])
    if len(names) < 2:
        raise InputError(f'The column "{answer}" has {len(names)} different answers.', "An FAQ needs at least two.")
    texts = questions[rows].tolist()
    known = _question_vectors(corpus, vectors, embedder, rows, texts)
    evidence = leave_one_out(texts, known, codes, embedder, seed)
    rule = fit_rule(evidence)
    point = choose_point(evidence, rule, min_precision)
    data = FaqData(
        vectors.model, rows, known, codes.astype(np.int64), tuple(texts), tuple(names), rule, point,
        measure_curve(evidence, rule), min_precision, _method(evidence, point, min_precision, seed),
    )  # fmt: skip
    return Faq(data, embedder)


def _method(evidence: Evidence, point: OperatingPoint, min_precision: float, seed: int) -> str:
    choice = f"no threshold reaches a precision of {min_precision:g}, so that nothing is replied"
    if point.is_assured:
        choice = f"the highest coverage where the lower end of Wilson's 95% interval is at least {min_precision:g}"
    elif point.accepted:
        choice = (
            f"the highest coverage where the measured precision is at least {min_precision:g}; no interval assures it"
        )
    score = "the score of the best answer (mean cosine to its three nearest questions) and its margin"
    measured = f"Measured on {evidence.description}, seed {seed}."
    return f"Logistic regression on {score}. {measured} Threshold: {choice}."


def _column(corpus: Corpus, name: str) -> np.ndarray:
    """(n,) str objects without surrounding white space, "" where missing."""
    if name not in corpus.table.columns:
        columns = ", ".join(map(str, corpus.table.columns[:20]))
        raise InputError(f'The corpus has no column "{name}".', f"Choose one of: {columns}.")
    cells = corpus.table[name]
    return np.array(
        ["" if missing else str(cell).strip() for cell, missing in zip(cells, cells.isna(), strict=True)], object
    )


def _question_vectors(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, rows: np.ndarray, texts: list[str]
) -> np.ndarray:
    """(m, d) float32 unit rows of questions: the corpus' own where its texts are the questions."""
    if all(corpus.texts[row].strip() == text for row, text in zip(rows, texts, strict=True)):
        return np.ascontiguousarray(vectors.rows[rows])
    return embedder.embed(texts)
