"""The scoreboard: what is left to score, the verdict, table, figures and details, and times measured here."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isfinite, nan
from typing import Any

import numpy as np
import streamlit as st

from core.errors import PlanisphereError
from core.jobs.types import JobSpec
from core.scoreboard import service
from core.scoreboard.charts import interval_figure, pareto_figure
from core.scoreboard.cost import Cost, measure_speed, on_frontier
from core.scoreboard.held_out import HELD_OUT
from core.scoreboard.results import ScoringFailure, score_or_record_failure
from core.scoreboard.service import Board, ScoreboardQuery, ScoringState
from core.scoreboard.verdict import describe_recipe, describe_training, join_names, verdict
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.messages import show_error
from pages.shared.scoreboard import details, table
from pages.shared.text import count, plain

DETAILS = {"Pairwise": details.show_pairwise_differences, "Per query": details.show_query_differences}


def show_scoreboard(info: CorpusInfo, query: ScoreboardQuery) -> bool:
    """All of it, or what is left to score, or why nothing could be scored; whether a contender is scored."""
    state = _score_pending(info, query)
    if state is None:
        return False
    if not state.scored:
        _show_failures(query, state.failures)
        _retry_button(query, state)
        return False
    scored = replace(query, contenders=tuple(query.contenders[index] for index in state.scored))
    board = session.ask_once(service.board, scored)
    board = replace(board, order=tuple(state.scored[index] for index in board.order))
    models = [contender.model for contender in query.contenders]
    costs = session.ask_stored(service.costs, query.corpus, query.contenders, models=models)
    _show_verdict(query, board, costs, state.failures)
    table.show_score_table(query.contenders, board, costs)
    _show_failures(query, state.failures)
    with st.container(horizontal=True):
        table.score_table_button(info, query.contenders, board, costs)
        st.button(
            "Measure speeds again", icon=":material/speed:", key="score_measure", on_click=_measure_all, args=(query,),
            help="Takes a few seconds per contender; times depend on other load. Paid services are not called.",
        )  # fmt: skip
        _retry_button(query, state)
    _show_figures(query, board, costs)
    section = st.segmented_control(
        "Details", list(DETAILS), key="score_part", bind="query-params", default="Pairwise", required=True,
        help="Pairwise: tests of all pairs of contenders. Per query: single queries on which two of them differ.",
    )  # fmt: skip
    _show_details(str(section), query, board)
    _measure_missing(query, costs)
    return True


def _score_pending(info: CorpusInfo, query: ScoreboardQuery) -> ScoringState | None:
    """The state; what is pending is scored at once, or offered as a job. None where there is nothing to show yet."""
    models = [contender.model for contender in query.contenders]
    state = session.ask_stored(service.scoring_state, query, models=models)
    pending = count(len(state.pending), "contender")
    if not state.pending:
        return state
    if result_view.compute_inline(state.seconds, f"Scoring {pending}", partial(_score, query, state.pending)):
        return session.ask(service.scoring_state, query)
    contenders = [query.contenders[index] for index in state.pending]
    params = {"contenders": [contender.to_dict() for contender in contenders], "task": query.task.to_dict()}
    result_view.offer_jobs(
        JobSpec("scores", query.corpus.folder, query.corpus.digest, params, title=f"Scores of {info.name}"),
        headline=f"{pending} to score",
        description=f"{', '.join(plain(contender.label) for contender in contenders)}: {count(info.rows, 'row')}.",
        button="Score",
        seconds=state.seconds,
    )
    return state if state.scored else None


def _score(query: ScoreboardQuery, indices: tuple[int, ...]) -> None:
    """Score now; a failure is stored with its reason. Each server only gets its own key."""
    for contender in (query.contenders[index] for index in indices):
        secret = session.api_key(contender.model)
        session.ask(score_or_record_failure, query.scores_query(contender), secret, timeout=600)


def _retry_button(query: ScoreboardQuery, state: ScoringState) -> None:
    """Scores again what failed, with the current keys; none where nothing would change."""
    failed = tuple(index for index, failure in state.failures.items() if failure.can_retry)
    if failed:
        help_text = "Scores these contenders again, for example after entering a key on the Embed page."
        st.button("Retry", icon=":material/refresh:", key="score_retry", on_click=_score, args=(query, failed),
                  help=help_text)  # fmt: skip


def _show_verdict(
    query: ScoreboardQuery, board: Board, costs: tuple[Cost, ...], failures: dict[int, ScoringFailure]
) -> None:
    sentences = verdict(
        board.comparison,
        {contender.key: contender.label for contender in query.contenders},
        {contender.key: cost for contender, cost in zip(query.contenders, costs, strict=True)},
        [query.contenders[index].label for index in failures],
    )
    with st.container(key="score_verdict", border=True):
        st.markdown(f"**{plain(sentences)}**")
        sample = f"{plain(board.label)} over {table.sample_size(board)}, seed {board.comparison.seed}."
        st.caption(f"{sample} {_sample_notes(board)}")
        if caution := describe_training(query.contenders, str(query.task.get(HELD_OUT, ""))):
            st.warning(plain(caution), icon=":material/model_training:")


def _sample_notes(board: Board) -> str:
    """What the sample consists of, and what was left out."""
    facts, notes = board.facts, [plain(note) for note in board.facts.get("notes", ())]
    if board.task.kind == "known_item":
        notes.insert(0, "Known-item retrieval is weaker evidence than labels or human judgments.")
    if board.task.kind != "labels":
        return " ".join(notes)
    sizes = [f"{facts['rows']:,} rows with {facts['labels']:,} labels."]
    sizes += [f"{count(facts['missing'], 'row')} without a label left out."] if facts["missing"] else []
    sizes += [f"{count(facts['single'], 'row')} not used as queries (label has one text)."] if facts["single"] else []
    recipe = plain(describe_recipe(board.comparison.metric, facts, board.task.get("split")))
    return " ".join([*sizes, *notes, recipe])


def _show_failures(query: ScoreboardQuery, failures: dict[int, ScoringFailure]) -> None:
    """Why contenders are not scored; a shared reason is shown once."""
    reasons: dict[str, list[str]] = {}
    for index, failure in failures.items():
        reason = f"{plain(failure.message)} {plain(failure.remedy)}"
        reasons.setdefault(reason, []).append(plain(query.contenders[index].label))
    for reason, names in reasons.items():
        text = f"**{join_names(names)}** not scored: {reason}"
        if len(names) == len(query.contenders):
            alternative = " Or use known-item retrieval." if query.task.kind == "labels" else ""
            text = f"**No contender** can be scored: {reason}{alternative}"
        st.warning(text, icon=":material/block:")


@st.fragment
def _show_figures(query: ScoreboardQuery, board: Board, costs: tuple[Cost, ...]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        show_score_intervals(query.contenders, board)
    with right:
        show_pareto_chart(query.contenders, board, costs)


@st.fragment
def _show_details(section: str, query: ScoreboardQuery, board: Board) -> None:
    """One section; a fragment, so that its widgets redraw nothing else."""
    try:
        DETAILS[section](query, board)
    except PlanisphereError as error:
        show_error(error)


def _measure_missing(query: ScoreboardQuery, costs: tuple[Cost, ...]) -> None:
    """Measure times that are missing, after all else is drawn, then draw the page again with them.

    Not while a job runs, which would slow them; the page is drawn again when it ends.
    """
    if any(job.open for job in session.manager().list(session.folder())):
        return
    failed, pairs = session.remembered(_failed_measurements(query), []), zip(query.contenders, costs, strict=True)
    unmeasured = [one.key not in failed and cost.speed.basis == "missing" for one, cost in pairs]
    missing = [index for index, is_missing in enumerate(unmeasured) if is_missing]
    for index in missing:
        with st.spinner(f"Measuring the speed of {plain(query.contenders[index].label)}"):
            _measure(query, index, again=False)
    if missing:
        st.rerun()


def _measure_all(query: ScoreboardQuery) -> None:
    session.remember(_failed_measurements(query), [])
    for index in range(len(query.contenders)):
        _measure(query, index, again=True)


def _measure(query: ScoreboardQuery, index: int, again: bool) -> None:
    """One contender; after a failure it is not tried again in this session."""
    contender, name = query.contenders[index], _failed_measurements(query)
    try:
        session.ask(measure_speed, query.corpus, contender, session.api_key(contender.model), again)
    except PlanisphereError as error:
        session.remember(name, [*session.remembered(name, []), contender.key])
        show_error(error)


def _failed_measurements(query: ScoreboardQuery) -> str:
    return f"unmeasured {query.corpus.digest}"


COST_AXES: dict[str, tuple[str, str, Callable[[Cost], float | None]]] = {
    "price": ("Price", "US dollars per 1M texts", lambda cost: cost.usd_per_million),
    "seconds": ("Embedding time", "seconds per 1,000 texts", lambda cost: cost.speed.seconds_per_1000),
    "latency": ("Query time", "p95 in milliseconds", lambda cost: cost.speed.p95_ms),
    "bytes": ("Size", "bytes per vector", lambda cost: float(cost.bytes_per_vector)),
}
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def show_score_intervals(contenders: tuple[Contender, ...], board: Board) -> None:
    """Dots and whiskers, the best first."""
    comparison = board.comparison
    mean, low, high = np.array([(line.mean, line.low, line.high) for line in comparison.lines]).T
    names = [contenders[index].label for index in board.order]
    st.markdown(f"**{plain(board.label)} with 95% intervals**")
    figure = interval_figure(names, mean, low, high, board.order, board.label, comparison.chance, session.theme())
    alt = f"{board.label} of {count(len(comparison.lines), 'contender')} with intervals"
    st.plotly_chart(figure, key="score_intervals", config=CHART_CONFIG, alt=alt)
    st.caption(
        "Overlapping intervals do not imply equality: the pairwise tests below use the same "
        f"{plain(comparison.unit)}. {comparison.chance_description()}"
    )


def show_pareto_chart(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    """Quality against one kind of cost, selected here."""
    values = {axis: _axis_values(board, costs, axis) for axis in COST_AXES}
    st.markdown("**Quality against cost**")
    prices = values["price"]  # embedding time is measured a moment later where it is unknown
    default = "price" if len(np.unique(prices[np.isfinite(prices)])) > 1 else "seconds"
    axis: Any = st.segmented_control(
        "Cost", list(COST_AXES), key="score_cost", bind="query-params", format_func=lambda axis: COST_AXES[axis][0],
        default=default, required=True, label_visibility="collapsed",
        help="Lower is better. Contenders with unknown cost are left out.",
    )  # fmt: skip
    title, unit, _ = COST_AXES[axis]
    quality, low, high = np.array([(line.mean, line.low, line.high) for line in board.comparison.lines]).T
    frontier = on_frontier(values[axis], quality)
    names = [contenders[index].label for index in board.order]
    if not frontier.any():
        st.info(f"{title} is not known for any contender yet.", icon=":material/info:")
        return
    figure = pareto_figure(
        names, values[axis], quality, low, high, frontier, board.order, f"{title}: {unit}, lower is better",
        board.label, session.theme(),
    )  # fmt: skip
    st.plotly_chart(figure, key=f"score_pareto_{axis}", config=CHART_CONFIG, alt=f"{board.label} against {unit}")
    st.markdown(describe_frontier([plain(name) for name in names], values[axis], frontier))
    st.caption(
        "Dotted: Pareto frontier. Grey: dominated, another is at least as good on both. Whiskers: 95% intervals."
    )


def describe_frontier(names: list[str], cost: np.ndarray, frontier: np.ndarray) -> str:
    """Which contenders are on the frontier, which are dominated, and which are left out."""
    best = [names[i] for i in np.flatnonzero(frontier)[np.argsort(-cost[frontier], kind="stable")]]
    dominated = [names[i] for i in np.flatnonzero(~frontier & np.isfinite(cost))]
    unknown = [names[i] for i in np.flatnonzero(~np.isfinite(cost))]
    sentences = [f"On the Pareto frontier: {join_names(best)}." if len(best) > 1 else f"{best[0]} is best on both."]
    sentences += [f"Dominated: {join_names(dominated)}."] if dominated else []
    return " ".join([*sentences, f"Cost unknown: {join_names(unknown)}."] if unknown else sentences)


def _axis_values(board: Board, costs: tuple[Cost, ...], axis: str) -> np.ndarray:
    values = [COST_AXES[axis][2](costs[index]) for index in board.order]
    return np.array([nan if value is None or not isfinite(value) else value for value in values])
