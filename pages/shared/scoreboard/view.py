"""The board once it is scored: verdict, table, figures, and what is behind them."""

from dataclasses import replace

import streamlit as st

from core.errors import PlanisphereError
from core.scoreboard import service as answers
from core.scoreboard.cost import Cost
from core.scoreboard.recipe_text import recipe_words
from core.scoreboard.service import Asked, Board, Failure, State
from core.scoreboard.verdict import verdict
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.scoreboard import differences, queries_view, table, wait
from pages.shared.scoreboard import figures as score_figures
from pages.shared.text import count, plain

PARTS = {"Every two": differences.show, "Query by query": queries_view.show}


def show(info: CorpusInfo, asked: Asked, state: State) -> None:
    """All of it, or why no contender could be scored."""
    if not state.scored:
        failed(asked, state.failures)
        wait.again_failed(asked, state)
        return
    scored = replace(asked, contenders=tuple(asked.contenders[place] for place in state.scored))
    found = session.ask_once(answers.board, scored)
    board = replace(found, places=tuple(state.scored[place] for place in found.places))
    costs = wait.costs(asked)
    told(asked, board, costs, state.failures)
    table.show(asked.contenders, board, costs)
    failed(asked, state.failures)
    with st.container(horizontal=True):
        table.download(info, asked.contenders, board, costs)
        wait.again_button(asked)
        wait.again_failed(asked, state)
    figures(asked, board, costs)
    part = st.segmented_control(
        "What is behind it",
        list(PARTS),
        key="score_part",
        bind="query-params",
        default="Every two",
        required=True,
        help="Every two contenders tested against each other; or the single queries on which two of them differ.",
    )
    section(str(part), asked, board)
    wait.measure_missing(asked, costs)


def told(asked: Asked, board: Board, costs: tuple[Cost, ...], failures: tuple[Failure, ...]) -> None:
    """The verdict, and what it rests on."""
    words = verdict(
        board.comparison,
        {contender.key: contender.label for contender in asked.contenders},
        {contender.key: cost for contender, cost in zip(asked.contenders, costs, strict=True)},
        [asked.contenders[failure.place].label for failure in failures],
    )
    found = board.comparison
    sample = f"{found.queries:,} of {found.total:,}" if found.queries < found.total else f"all {found.queries:,}"
    with st.container(key="score_verdict", border=True):
        st.markdown(f"**{plain(words)}**")
        st.caption(
            f"By {plain(board.label)} over {sample} {plain(found.unit)}, seed {found.seed}. A point is a hundredth of "
            f"the score. {sample_words(board)}"
        )


def sample_words(board: Board) -> str:
    """What the queries were made of, and what was left out."""
    facts = board.facts
    words = [plain(note) for note in facts.get("notes", ())]
    if board.task.kind == "known_item":
        words.insert(0, "Known items are weaker evidence than labels or judgments by people.")
    if board.task.kind != "labels":
        return " ".join(words)
    words.insert(0, f"{facts['rows']:,} rows have one of {facts['labels']:,} labels.")
    if facts["missing"]:
        words.insert(1, f"{count(facts['missing'], 'row')} without a label left out.")
    if facts["single"]:
        words.insert(2, f"{count(facts['single'], 'row')} do not ask, as their label is on no other text.")
    words.append(plain(recipe_words(board.comparison.metric, facts, board.task.get("split"))))
    return " ".join(words)


def failed(asked: Asked, failures: tuple[Failure, ...]) -> None:
    """Why contenders are not scored; a reason they share is told once."""
    reasons: dict[str, list[str]] = {}
    for failure in failures:
        reason = f"{plain(failure.message)} {plain(failure.remedy)}"
        reasons.setdefault(reason, []).append(plain(asked.contenders[failure.place].label))
    for reason, names in reasons.items():
        who = "No contender" if len(names) == len(asked.contenders) else score_figures.listed(names)
        words = "can be scored" if who == "No contender" else "not scored"
        other = " Or judge by known items above." if who == "No contender" and asked.task.kind == "labels" else ""
        st.warning(f"**{who}** {words}: {reason}{other}", icon=":material/block:")


@st.fragment
def figures(asked: Asked, board: Board, costs: tuple[Cost, ...]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        score_figures.intervals(asked.contenders, board)
    with right:
        score_figures.pareto(asked.contenders, board, costs)


@st.fragment
def section(part: str, asked: Asked, board: Board) -> None:
    """One part; a fragment, so that its choices redraw nothing else."""
    try:
        PARTS[part](asked, board)
    except PlanisphereError as error:
        show_error(error)
