"""An FAQ assistant: replies with the known answer of the nearest questions, or refuses, by a measured threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.ask.calibration import Curve, OperatingPoint, Rule, choose_point, fit_rule, measure_curve, point_at
from core.ask.evidence import RankedAnswers, leave_one_out, rank_answers
from core.ask.retrieval import MAX_QUESTION, check_model
from core.errors import InputError
from core.models.base import Embedder
from core.results import no_progress
from core.stats.interval import Interval
from core.stats.resampling import SEED
from core.types import Corpus, ModelSpec, Progress, Vectors

SUGGESTIONS = 3
MIN_PRECISION = 0.97


@dataclass(frozen=True)
class Suggestion:
    """A known question and its answer. row: of the corpus, -1 for an added entry; cosine: to the text, in [-1, 1]."""

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


@dataclass(frozen=True)
class Questions:
    """The known questions of a corpus, those without question or answer left out. rows: of the corpus. total: rows of
    the corpus."""

    rows: tuple[int, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    total: int


@dataclass(frozen=True, eq=False)
class FaqData:
    """All of an assistant but its embedder, as it is saved.

    rows: (n,) int64 rows of the corpus, -1 for entries that were added; vectors: (n, d) float32 unit rows of their
    questions; codes: (n,) int64 indices into `answers`. min_precision: requested, None where the threshold itself was
    selected; point: the threshold; description: of what it was measured on.
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
    min_precision: float | None
    description: str
    seed: int

    @property
    def method(self) -> str:
        score = "the score of the best answer (mean cosine to its three nearest questions) and its margin"
        measured = f"Measured on {self.description}, seed {self.seed}."
        return f"Logistic regression on {score}. {measured} Threshold: {self._choice}."

    @property
    def _choice(self) -> str:
        if self.min_precision is None:
            return "selected by hand; the intervals hold for a threshold that was not selected by its precision"
        if self.point.is_assured:
            interval = "the lower end of Wilson's 95% interval"
            return f"the highest coverage where {interval} is at least {self.min_precision:g}"
        if self.point.accepted:
            measured = f"the measured precision is at least {self.min_precision:g}"
            return f"the highest coverage where {measured}"
        return f"no threshold reaches a precision of {self.min_precision:g}, so that nothing is replied"


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

    def at_precision(self, min_precision: float) -> "Faq":
        """With the threshold for another precision, from the same calibration."""
        check_precision(min_precision)
        point = choose_point(self.data.curve, self.data.point.total, min_precision)
        return Faq(replace(self.data, point=point, min_precision=min_precision), self.embedder)

    def at_threshold(self, threshold: float) -> "Faq":
        """With another threshold on the confidence; its precision is as measured, and not assured."""
        point = point_at(self.data.curve, self.data.point.total, threshold)
        return Faq(replace(self.data, point=point, min_precision=None), self.embedder)

    def reply(self, text: str) -> FaqReply:
        """The answer to a question, or a refusal with suggestions. Raises InputError for an empty text."""
        return self.replies([text])[0]

    def replies(self, texts: Sequence[str]) -> list[FaqReply]:
        """The same for several texts, embedded together."""
        if any(not text.strip() for text in texts):
            raise InputError("The question is empty.", "Type a question.")
        if not texts:
            return []
        ranked = self.rank(texts)
        accepted, confidence = self.data.rule.accepts(ranked.scores[:, 0], ranked.margins, self.threshold)
        replies = []
        for i, text in enumerate(texts):
            nearest = tuple(self._suggestion(int(row), float(cosine)) for row, cosine in ranked.of(i))
            answer = nearest[0].answer if accepted[i] else None
            values = float(confidence[i]), float(ranked.scores[i, 0]), float(ranked.margins[i])
            replies.append(FaqReply(text, answer, answer is None, *values, nearest))
        return replies

    def rank(self, texts: Sequence[str]) -> RankedAnswers:
        """The best three answers of each text, of which the first 2,000 characters count."""
        vectors = self.embedder.embed_query([text[:MAX_QUESTION] for text in texts])
        return rank_answers(vectors, self.data.vectors, self.data.codes, SUGGESTIONS)

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
    check_precision(min_precision)
    known = read_questions(corpus, question, answer)
    rows = question_vectors(corpus, vectors, embedder, known)
    return Faq(calibrate_faq(known, rows, embedder, seed), embedder).at_precision(min_precision)


def check_precision(min_precision: float) -> None:
    """Raises InputError."""
    if not 0 < min_precision < 1:
        raise InputError(f"The precision {min_precision:g} is not between 0 and 1.", "Choose a value such as 0.97.")


def read_questions(corpus: Corpus, question: str, answer: str) -> Questions:
    """Two columns of a corpus. Raises InputError for missing columns and fewer than two answers."""
    questions, answers = _column(corpus, question), _column(corpus, answer)
    rows = np.flatnonzero((questions != "") & (answers != ""))
    different = len(set(answers[rows]))
    if different < 2:
        count = "a single answer" if different else "no answers"
        raise InputError(f'The column "{answer}" has {count}.', "An FAQ needs at least two: choose another column.")
    return Questions(tuple(rows.tolist()), tuple(questions[rows]), tuple(answers[rows]), len(corpus))


def calibrate_faq(
    known: Questions, vectors: np.ndarray, embedder: Embedder, seed: int = SEED, progress: Progress = no_progress
) -> FaqData:
    """An assistant with the threshold for a precision of MIN_PRECISION. vectors: (n, d) of the known questions.
    progress: counts questions. Raises InputError for too few of them."""
    codes, names = pd.factorize(np.array(known.answers, object))
    evidence = leave_one_out(known.questions, vectors, codes, embedder, seed, progress)
    rule = fit_rule(evidence)
    curve = measure_curve(evidence, rule)
    return FaqData(
        embedder.spec, np.array(known.rows, np.int64), vectors, codes.astype(np.int64), known.questions, tuple(names),
        rule, choose_point(curve, len(evidence), MIN_PRECISION), curve, MIN_PRECISION, evidence.description, seed,
    )  # fmt: skip


def _column(corpus: Corpus, name: str) -> np.ndarray:
    """(n,) str objects without surrounding white space, "" where missing."""
    if name not in corpus.table.columns:
        columns = ", ".join(map(str, corpus.table.columns[:20]))
        raise InputError(f'The corpus has no column "{name}".', f"Choose one of: {columns}.")
    cells = corpus.table[name]
    return np.array(
        ["" if missing else str(cell).strip() for cell, missing in zip(cells, cells.isna(), strict=True)], object
    )


def question_vectors(corpus: Corpus, vectors: Vectors, embedder: Embedder, known: Questions) -> np.ndarray:
    """(m, d) float32 unit rows of questions: the corpus' own where its texts are the questions."""
    rows = np.array(known.rows, np.int64)
    is_own = is_text_of_corpus(corpus, known)
    if is_own.all():
        return np.ascontiguousarray(vectors.rows[rows])
    result = np.empty((len(rows), vectors.rows.shape[1]), np.float32)
    result[is_own] = vectors.rows[rows[is_own]]
    result[~is_own] = embedder.embed([known.questions[i] for i in np.flatnonzero(~is_own)])
    return result


def is_text_of_corpus(corpus: Corpus, known: Questions) -> np.ndarray:
    """(m,) bool: whether a question is the text of its row, white space around it aside."""
    pairs = zip(known.rows, known.questions, strict=True)
    return np.array([row >= 0 and corpus.texts[row].strip() == text for row, text in pairs], bool)
