"""The scoreboard's figures: scores with intervals, and quality against cost."""

from collections.abc import Callable
from math import isfinite, nan
from typing import Any

import numpy as np
import streamlit as st

from core.scoreboard.charts import interval_figure, pareto_figure
from core.scoreboard.cost import Cost, on_frontier
from core.scoreboard.service import Board
from core.scoreboard.verdict import join_names
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.text import count, plain

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
