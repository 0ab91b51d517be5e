"""What the parts of the Disagreement page choose alike: how many neighbors, and which contenders."""

from dataclasses import replace

import streamlit as st

from core.disagreement import service as answers
from core.disagreement.service import Asked
from core.disagreement.stored import pairs_of
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.text import cut, plain

ALL = "all"
USUAL = 10


def depth(asked: Asked) -> int:
    """How many nearest texts are compared."""
    offered, usual = depths(asked), usual_depth(asked)
    if len(offered) < 2:
        return usual
    chosen = st.select_slider(
        "Nearest texts compared (k)",
        list(offered),
        usual,
        key="depth",
        bind="query-params",
        width=320,
        help="Of each text, so many nearest other texts under each contender. Copies of a text count as one text, and "
        "are no neighbors of each other.",
    )
    return int(chosen)


def usual_depth(asked: Asked) -> int:
    """Ten, or as many as there are."""
    offered = depths(asked)
    return USUAL if USUAL in offered else offered[-1]


def depths(asked: Asked) -> tuple[int, ...]:
    """How many neighbors can be compared."""
    return session.ask_once(answers.depths, asked)


def pair(asked: Asked, every: bool = True) -> Asked:
    """Two of the contenders, or with `every` also all of them; of two contenders there is nothing to choose."""
    pairs = {pair_key(one, other): (one, other) for one, other in pairs_of(asked.contenders)}
    if len(pairs) == 1:
        return asked
    options = [*([ALL] if every else []), *pairs]
    key = "pair" if every else "two"
    session.select_from_link(key, options)
    chosen = st.selectbox(
        "Between",
        options,
        key=key,
        format_func=lambda each: words(pairs[each]) if each in pairs else f"all {len(asked.contenders)} contenders",
        width=460,
        help="Which contenders are compared. Among all, a row's disagreement is the mean over all pairs."
        if every
        else "From which contender to which neighbors are followed.",
    )
    session.write_to_link(key)
    return asked if chosen == ALL else replace(asked, contenders=pairs[str(chosen)])


def label_name(info: CorpusInfo) -> str:
    """What the column with a row's label is called in tables."""
    return cut(next(iter(info.roles.labels), "Label"), 30)


def pair_key(one: Contender, other: Contender) -> str:
    return f"{one.key}~{other.key}"


def words(pair: tuple[Contender, Contender]) -> str:
    return f"{pair[0].label} and {pair[1].label}"


def who(asked: Asked) -> str:
    """The contenders compared, as Markdown."""
    if len(asked.contenders) == 2:
        return plain(words((asked.contenders[0], asked.contenders[1])))
    return f"the {len(asked.contenders)} contenders"
