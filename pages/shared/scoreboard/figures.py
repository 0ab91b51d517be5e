"""The scoreboard's figures: scores with intervals, and quality against cost, each with a sentence on what it says."""

from collections.abc import Callable
from math import isfinite, nan

import numpy as np
import streamlit as st

from core.scoreboard.charts import interval_figure, pareto_figure
from core.scoreboard.cost import Cost, on_frontier
from core.scoreboard.service import Board
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.text import count, plain

AXES: dict[str, tuple[str, str, Callable[[Cost], float | None]]] = {
    "price": ("Price", "US dollars a million texts", lambda cost: cost.usd_per_million),
    "seconds": ("Embedding time", "seconds for 1,000 texts", lambda cost: cost.speed.seconds_per_1000),
    "latency": ("Query time", "milliseconds, 95% of queries are quicker", lambda cost: cost.speed.p95_ms),
    "bytes": ("Size", "bytes a vector", lambda cost: float(cost.bytes_per_vector)),
}


def intervals(contenders: tuple[Contender, ...], board: Board) -> None:
    """Dots and whiskers, the best first."""
    found = board.comparison
    st.markdown(f"**{plain(board.label)} with 95% intervals**")
    st.plotly_chart(
        interval_figure(
            [contenders[place].label for place in board.places],
            np.array([line.mean for line in found.lines]),
            np.array([line.low for line in found.lines]),
            np.array([line.high for line in found.lines]),
            board.places,
            board.label,
            found.chance,
            session.theme(),
        ),
        key="score_intervals",
        config={"displayModeBar": False, "scrollZoom": False},
        alt=f"{board.label} of {count(len(found.lines), 'contender')} with intervals",
    )
    st.markdown(leading_words(contenders, board))
    st.caption("Overlapping intervals do not say that two are alike: the difference below is tested on the same "
               f"{plain(found.unit)}. " + found.chance_description())  # fmt: skip


def leading_words(contenders: tuple[Contender, ...], board: Board) -> str:
    """Who leads, and who can't be told from it."""
    found = board.comparison
    names = {line.name: plain(contenders[place].label) for line, place in zip(found.lines, board.places, strict=True)}
    first = found.lines[0]
    tied = [names[line.name] for line in found.lines[1:] if line.best]
    if len(found.lines) == 1:
        return f"{names[first.name]} reaches {first.mean:.3f}; there is no other to set it against."
    if not tied:
        return f"{names[first.name]} leads, and is told apart from all others."
    return f"{names[first.name]} has the highest score, but can't be told apart from {listed(tied)}."


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def pareto(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    """Quality against one kind of cost, chosen here."""
    known = {name: _values(board, costs, name) for name in AXES}
    st.markdown("**Quality against cost**")
    axis = st.segmented_control(
        "Cost",
        list(AXES),
        key="score_cost",
        bind="query-params",
        format_func=lambda name: AXES[name][0],
        default=_default(known),
        required=True,
        label_visibility="collapsed",
        help="What quality is set against: lower is better. Contenders whose cost is not known are left out.",
    )
    cost = known[str(axis)]
    quality = np.array([line.mean for line in board.comparison.lines])
    best = on_frontier(cost, quality)
    names = [contenders[place].label for place in board.places]
    if not best.any():
        st.info(f"{AXES[str(axis)][0]} is not known for any contender yet.", icon=":material/info:")
        return
    st.plotly_chart(
        pareto_figure(
            names,
            cost,
            quality,
            np.array([line.low for line in board.comparison.lines]),
            np.array([line.high for line in board.comparison.lines]),
            best,
            board.places,
            f"{AXES[str(axis)][0]}: {AXES[str(axis)][1]}, lower is better",
            board.label,
            session.theme(),
        ),
        key=f"score_pareto_{axis}",
        config={"displayModeBar": False, "scrollZoom": False},
        alt=f"{board.label} against {AXES[str(axis)][1]}",
    )
    st.markdown(pareto_words([plain(name) for name in names], cost, best))
    st.caption("Grey: another contender is no worse in both and better in one, by the point estimates; whiskers are "
               "the 95% intervals of quality. Dotted: the frontier, whom none dominates.")  # fmt: skip


def pareto_words(names: list[str], cost: np.ndarray, best: np.ndarray) -> str:
    """Which contenders are worth their cost."""
    front = [names[i] for i in np.flatnonzero(best)[np.argsort(-cost[best], kind="stable")]]
    beaten = [names[i] for i in np.flatnonzero(~best & np.isfinite(cost))]
    left = [names[i] for i in np.flatnonzero(~np.isfinite(cost))]
    said = f"Worth their cost: {listed(front)}." if len(front) > 1 else f"{front[0]} is best in both."
    said += f" Dominated: {listed(beaten)}." if beaten else ""
    return said + (f" Left out, cost not known: {listed(left)}." if left else "")


def _default(known: dict[str, np.ndarray]) -> str:
    """Price where prices differ, else embedding time, which is measured a moment later where it is not known."""
    return "price" if len(np.unique(known["price"][np.isfinite(known["price"])])) > 1 else "seconds"


def _values(board: Board, costs: tuple[Cost, ...], axis: str) -> np.ndarray:
    found = [AXES[axis][2](costs[place]) for place in board.places]
    return np.array([nan if value is None or not isfinite(value) else value for value in found])
