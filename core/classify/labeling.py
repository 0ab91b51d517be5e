"""Labeling with active learning: the row that is labeled next, with suggestions of a classifier trained so far."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.classify.estimators import ESTIMATORS
from core.classify.label_state import LabeledRows, audit_order, held_out, labeled_rows
from core.classify.results import training_vectors
from core.classify.suggestions import Strategy, suggest
from core.classify.training import Classifier, train
from core.classify.zero_shot_rows import ZeroShotQuery, zero_shot_result
from core.classify.zeroshot import TEMPERATURE
from core.clusters.service import clustering, default_params
from core.corpus.annotations import AnnotationLog, column_version
from core.corpus.export import PREVIEW_LENGTH
from core.corpus.loaders import load_corpus, load_selection, load_text_codes
from core.errors import InputError, ModelError, StorageError
from core.models.registry import capabilities
from core.secret import Secret
from core.types import CorpusRef, Vectors
from core.vectors.contenders import Contender

MAX_SCORED = 20_000  # candidates; of more rows a random sample
MAX_TRAINED = 3_000  # labeled rows that a classifier is trained on while labeling
STEPS = ((300, 1), (1_000, 5), (3_000, 25))  # up to so many labels, retrained after so many events
LAST_STEP = 100
SEED = 0


@dataclass(frozen=True)
class LabelTask:
    """A label column and the vectors that it is labeled with. corpus: without added columns, so that it stays loaded
    while labels are added."""

    corpus: CorpusRef
    contender: Contender
    column: str


@dataclass(frozen=True)
class Request:
    """Which rows an annotator wants. like: the class of the strategy "class". selection: key of the saved selection
    whose rows are candidates, "" for all. count: 1 for one row, more for similar ones. rows: show these instead.
    context: columns to show."""

    annotator: str
    strategy: Strategy = "margin"
    like: str = ""
    selection: str = ""
    count: int = 1
    rows: tuple[int, ...] = ()
    is_audit: bool = False
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowToLabel:
    """ranking: (label, probability), the likeliest first, empty without suggestions. copies: other rows with this text.
    context: (column, value)."""

    row: int
    text: str
    ranking: tuple[tuple[str, float], ...]
    copies: int
    context: tuple[tuple[str, str], ...]

    @property
    def suggestion(self) -> str:
        return self.ranking[0][0] if self.ranking else ""


@dataclass(frozen=True)
class Batch:
    """What is labeled next. rows: empty where nothing is left. source: of the suggestions. trained_on: rows. scored,
    candidates: rows among which the strategy chose, and that could be labeled. note: a sentence, or ""."""

    rows: tuple[RowToLabel, ...]
    is_audit: bool
    source: str
    trained_on: int
    scored: int
    candidates: int
    note: str


@lru_cache(maxsize=64)
def classifier_at(task: LabelTask, version: str) -> Classifier | None:
    """Logistic regression with the default parameter, on at most 3,000 rows; None with too few labels."""
    try:
        return _train(task, labeled_rows(task.corpus, task.column, version), ESTIMATORS["logistic"].default)
    except InputError:
        return None


@lru_cache(maxsize=4)
def tuned_classifier_at(task: LabelTask, version: str) -> Classifier | None:
    """The same with the parameter and the temperature selected by cross-validation."""
    try:
        return _train(task, labeled_rows(task.corpus, task.column, version), None)
    except InputError:
        return None


def _train(task: LabelTask, state: LabeledRows, value: float | None) -> Classifier:
    rows, labels, vectors = state.train, state.train_labels, training_vectors(task.corpus, task.contender)
    if len(rows) > MAX_TRAINED:
        sample = np.sort(np.random.default_rng(SEED).choice(len(rows), MAX_TRAINED, replace=False))
        rows, labels = rows[sample], labels[sample]
    return train(Vectors(vectors.rows[rows], vectors.model, vectors.corpus), labels, task="classes", value=value)


def training_version(log: AnnotationLog) -> str:
    """The version that the classifier is trained at: the last event, of a long log a multiple of some events."""
    events = len(log.events)
    step = next((step for limit, step in STEPS if events <= limit), LAST_STEP)
    return log.version_at(events - events % step)


@dataclass(frozen=True, eq=False)
class Suggester:
    """Label probabilities of rows. source: "classifier", "zero-shot", or "" without any. note: why there are none."""

    task: LabelTask
    source: str
    names: tuple[str, ...] = ()
    classifier: Classifier | None = None
    zero_shot: np.ndarray | None = None
    note: str = ""

    def probabilities(self, rows: np.ndarray) -> np.ndarray | None:
        """(m, labels) float32, None without suggestions."""
        if self.classifier is not None:
            points = training_vectors(self.task.corpus, self.task.contender).rows[rows]
            return self.classifier.probabilities(self.classifier.scores(points))
        return None if self.zero_shot is None else self.zero_shot[rows]


def suggester(task: LabelTask, state: LabeledRows, secret: Secret | None = None) -> Suggester:
    """The classifier of the labels so far; until there is one, zero-shot labels where the column has them."""
    classifier = classifier_at(task, training_version(state.log))
    if classifier is not None:
        return Suggester(task, "classifier", classifier.classes, classifier)
    model = task.contender.model
    if not (state.codebook.zero_shot and task.contender.is_model and capabilities(model).can_embed):
        return Suggester(task, "")
    labels = tuple((label.name, label.definition or label.name) for label in state.codebook.labels)
    try:
        guess = zero_shot_result(ZeroShotQuery(task.corpus, model, labels, TEMPERATURE), secret)
    except ModelError as error:  # such as a server that does not answer: labeling goes on
        return Suggester(task, "", note=f"No zero-shot suggestions: {error}")
    return Suggester(task, "zero-shot", guess.classes, zero_shot=guess.probabilities)


def next_batch(task: LabelTask, request: Request, secret: Secret | None = None) -> Batch:
    """The next rows, or those of the request, with suggestions; none for a row of the audit sample. Raises InputError
    where a strategy can't be used, StorageError where column or vectors are gone."""
    state = labeled_rows(task.corpus, task.column, column_version(task.corpus, task.column))
    source, note = suggester(task, state, secret), ""
    candidates, is_audit = _candidates(task, state, request), request.is_audit
    rows = np.array(request.rows, np.int64)
    if not len(rows):
        rows = _next_audit_row(task, state, request)
        is_audit = bool(len(rows))
    if not len(rows) and len(candidates):
        rows, note = _strategy_rows(task, state, request, source, candidates)
    if not len(rows):
        rows = _next_audit_row(task, state, request, is_due=True)
        is_audit = bool(len(rows))
    described = _described(task, rows, Suggester(task, "") if is_audit else source, request.context)
    trained_on = 0 if source.classifier is None else int(source.classifier.facts["rows"])
    scored = min(len(candidates), MAX_SCORED)
    return Batch(
        described, is_audit, source.source, trained_on, scored, len(candidates), f"{source.note} {note}".strip()
    )


def _candidates(task: LabelTask, state: LabeledRows, request: Request) -> np.ndarray:
    """Rows that strategies may suggest: not labeled, not skipped by this annotator, not held out."""
    open_rows = ~held_out(task.corpus, state.codebook)
    done = [row for row, annotator in state.log.current() if row in state.labels or annotator == request.annotator]
    open_rows[[row for row in done if row < len(open_rows)]] = False
    if request.selection:
        open_rows &= load_selection(task.corpus, request.selection)
    return np.flatnonzero(open_rows)


def _next_audit_row(task: LabelTask, state: LabeledRows, request: Request, is_due: bool = False) -> np.ndarray:
    """(1,) the next row of the audit sample that the annotator has not answered, if it is its turn or due; else (0,).
    Every annotator gets the same ones in the same order, so that agreement is measured on a random sample, too."""
    every = state.codebook.audit_every
    if not every or request.count > 1:
        return np.zeros(0, np.int64)
    answered = [event for (_, name), event in state.log.current().items() if name == request.annotator]
    if not is_due and len({event.answer for event in answered}) % every != every - 1:
        return np.zeros(0, np.int64)
    audited = [event.row for event in answered if event.audit]
    order = audit_order(task.corpus, state.codebook, len(load_corpus(task.corpus)))
    return order[~np.isin(order, audited)][:1]


def _strategy_rows(
    task: LabelTask, state: LabeledRows, request: Request, source: Suggester, candidates: np.ndarray
) -> tuple[np.ndarray, str]:
    """The rows, and a note where another strategy had to be used."""
    candidates = _sample(candidates, len(load_corpus(task.corpus)))
    labeled = np.array(sorted(state.labels), np.int64)
    rows = np.concatenate([labeled, candidates])
    vectors = training_vectors(task.corpus, task.contender)
    pool = Vectors(vectors.rows[rows], vectors.model, vectors.corpus)
    strategy, note = _possible_strategy(request, source)
    probabilities = source.probabilities(rows) if strategy in ("margin", "class") else None
    suggested = suggest(
        strategy, pool, np.arange(len(labeled)), 1, probabilities=probabilities,
        clusters=_clusters(task)[rows] if strategy == "clusters" else None,
        like=source.names.index(request.like) if strategy == "class" else None,
        candidates=np.arange(len(labeled), len(rows)), seed=SEED + len(state.log.events),
    )  # fmt: skip
    if request.count > 1 and len(suggested):
        return _similar_rows(vectors, rows[suggested[0]], candidates, source, request.count), note
    return rows[suggested], note


def _possible_strategy(request: Request, source: Suggester) -> tuple[Strategy, str]:
    if request.strategy not in ("margin", "class"):
        return request.strategy, ""
    if not source.source:
        return "diversity", "Rows are chosen by diversity until there are four labeled rows with two labels."
    if request.strategy == "class" and request.like not in source.names:
        return "margin", f'No row is labeled "{request.like}" yet: uncertain rows are shown.'
    return request.strategy, ""


def _sample(candidates: np.ndarray, total: int) -> np.ndarray:
    """At most MAX_SCORED of the rows, the same ones as long as they are candidates."""
    if len(candidates) <= MAX_SCORED:
        return candidates
    rank = np.random.default_rng(SEED).permutation(total)[candidates]
    return np.sort(candidates[np.argpartition(rank, MAX_SCORED)[:MAX_SCORED]])


def _clusters(task: LabelTask) -> np.ndarray:
    """(n,) codes of the default clusters. Raises InputError where there are none."""
    model = task.contender.model
    try:
        return clustering(task.corpus, model, default_params(task.corpus, model)).labels
    except StorageError as error:
        raise InputError(
            "This model has no clusters yet.", "Open the Clusters page, or choose another strategy."
        ) from error


def _similar_rows(vectors: Vectors, row: int, candidates: np.ndarray, source: Suggester, count: int) -> np.ndarray:
    """The row, and those nearest to it among the candidates that have the same suggestion."""
    cosines = vectors.rows[candidates] @ vectors.rows[row]
    cosines[candidates == row] = np.inf
    probabilities = source.probabilities(candidates)
    if probabilities is not None:
        labels = probabilities.argmax(axis=1)
        cosines[labels != labels[int(np.argmax(cosines))]] = -np.inf
    order = np.argsort(-cosines, kind="stable")[:count]
    return candidates[order[np.isfinite(cosines[order]) | (cosines[order] > 0)]]


def _described(
    task: LabelTask, rows: np.ndarray, source: Suggester, context: tuple[str, ...]
) -> tuple[RowToLabel, ...]:
    corpus, codes = load_corpus(task.corpus), load_text_codes(task.corpus, None)
    probabilities = source.probabilities(rows)
    result = []
    for at, row in enumerate(rows.tolist()):
        order = [] if probabilities is None else np.argsort(-probabilities[at], kind="stable").tolist()
        ranking = tuple((source.names[code], float(probabilities[at, code])) for code in order)  # type: ignore[index]
        copies = int((codes == codes[row]).sum()) - 1
        values = tuple(
            (name, str(corpus.table[name].iloc[row])[:PREVIEW_LENGTH]) for name in context if name in corpus.table
        )
        result.append(RowToLabel(row, corpus.texts[row], ranking, copies, values))
    return tuple(result)
