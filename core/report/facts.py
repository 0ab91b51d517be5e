"""All that a report of a comparison tells, gathered from what is kept."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from core.corpus.label_columns import label_columns
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.disagreement import service as disagreement_answers
from core.disagreement.service import Overview
from core.errors import InputError, PlanisphereError
from core.report.blocks import Block
from core.report.compression import compressed_blocks
from core.report.not_included import missing_parts
from core.report.spaces import Diagnosed, diagnose
from core.scoreboard import service as scoreboard
from core.scoreboard.comparison import compare
from core.scoreboard.cost import Cost
from core.scoreboard.results import KIND, kept_scores
from core.scoreboard.service import Asked, Board
from core.scoreboard.types import METRICS, Scores, Task, metrics_of
from core.store import CorpusInfo, Workspace
from core.vectors.contenders import Contender

LIBRARIES = (
    "numpy", "pandas", "scipy", "scikit-learn", "faiss-cpu", "onnxruntime", "openvino", "sentence-transformers",
    "torch", "model2vec", "openai", "streamlit",
)  # fmt: skip
DEPTH = 10  # neighbors whose overlap is told


@dataclass(frozen=True)
class Facts:
    """info: the corpus; texts: different ones. contenders: those that are scored; costs: theirs, in the same order.
    failures: (label, why) of the others. boards: the one asked for, then those of other tasks that all of these were
    scored in. metrics: name -> score of each contender, of the first board's task; None where it has none. overlap:
    of neighbor lists, None where it was not worked out. compressed: what was measured of smaller stores. diagnosed:
    what the contenders' spaces are like. missing: what could be added, and how. made: date and time (UTC)."""

    info: CorpusInfo
    texts: int
    contenders: tuple[Contender, ...]
    costs: tuple[Cost, ...]
    failures: tuple[tuple[str, str], ...]
    boards: tuple[Board, ...]
    metrics: Mapping[str, tuple[float | None, ...]]
    overlap: Overview | None
    compressed: tuple[Block, ...]
    diagnosed: tuple[Diagnosed, ...]
    missing: tuple[str, ...]
    made: str
    libraries: Mapping[str, str]
    machine: str


def gather(asked: Asked) -> Facts:
    """A board's facts and what is known beside it; nothing that takes long is worked out.

    Raises InputError where nobody is scored.
    """
    info = Workspace(asked.corpus.folder).info(asked.corpus.digest)
    state = scoreboard.state(asked)
    if info is None or not state.scored:
        raise InputError("No contender is scored yet.", "Score them on the Scoreboard page first.")
    contenders = tuple(asked.contenders[place] for place in state.scored)
    scored = replace(asked, contenders=contenders)
    where, column = (asked.corpus, contenders), _label_column(asked)
    overlap, diagnosed = _overlap(scored), diagnose(*where, info.rows, column)
    failures = tuple(
        (asked.contenders[failure.place].label, f"{failure.message} {failure.remedy}") for failure in state.failures
    )
    return Facts(
        info=info,
        texts=len(distinct_texts(load_corpus(asked.corpus).texts)[1]),
        contenders=contenders,
        costs=scoreboard.costs(asked.corpus, contenders),
        failures=failures,
        boards=(scoreboard.board(scored), *_other_boards(scored)),
        metrics=_metrics(scored),
        overlap=overlap,
        compressed=compressed_blocks(*where, column),
        diagnosed=tuple(diagnosed),
        missing=missing_parts(scored, overlap is not None, diagnosed),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        libraries=library_versions(),
        machine=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count() or 1} processors",
    )


def _label_column(asked: Asked) -> str:
    """By whose labels more than the board is told: the task's, else the first that can be judged."""
    if asked.task.kind == "labels":
        return str(asked.task.get("column", ""))
    return next(iter(label_columns(asked.corpus)), "")


def library_versions() -> dict[str, str]:
    """Those installed of the libraries that results depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _other_boards(scored: Asked) -> list[Board]:
    """Boards by the main metric of every other task all the contenders were scored in."""
    boards, seen = [], [scored.task.to_dict()]
    for record in Workspace(scored.corpus.folder).results(KIND, scored.corpus.digest):
        values = record["inputs"].get("task")
        if values in seen:
            continue
        seen.append(values)
        board = _board_of(scored, values)
        boards += [board] if board else []
    return boards


def _board_of(scored: Asked, values: dict[str, Any]) -> Board | None:
    try:
        task = Task.from_dict(values)
        if any(kept_scores(scored.corpus, contender, task) is None for contender in scored.contenders):
            return None
        return scoreboard.board(replace(scored, task=task, metric=next(iter(metrics_of(task.kind)))))
    except (PlanisphereError, KeyError, TypeError):  # of an earlier version
        return None


def _metrics(scored: Asked) -> dict[str, tuple[float | None, ...]]:
    scores = [scoreboard.kept(scored, contender) for contender in scored.contenders]
    found = {name: tuple(_value(score, name) for score in scores) for name in metrics_of(scored.task.kind)}
    return {name: values for name, values in found.items() if any(value is not None for value in values)}


def _value(scores: Scores, metric: str) -> float | None:
    """The score in a metric, None where there is none."""
    if metric in scores.per_query:
        return float(np.nanmean(scores.per_query[metric]))
    if metric in scores.whole:
        return float(scores.whole[metric])
    if metric in scores.runs:
        return float(np.mean(scores.runs[metric]))
    if scores.pairs is not None and METRICS[metric].data == "pairs":
        return compare({"one": scores}, metric).lines[0].mean
    return None


def _overlap(scored: Asked) -> Overview | None:
    asked = disagreement_answers.Asked(scored.corpus, scored.contenders)
    try:
        if len(scored.contenders) < 2 or not disagreement_answers.state(asked).kept:
            return None
        depth = max(each for each in disagreement_answers.depths(asked) if each <= DEPTH)
        return disagreement_answers.overview(asked, "overlap", depth)
    except (PlanisphereError, ValueError):
        return None
