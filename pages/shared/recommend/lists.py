"""Lists of recommended items: options, cards with reasons, and download."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.corpus.label_columns import label_columns
from core.corpus.selections import saved_selections
from core.recommend.service import Item, ListOptions, is_scored_by_cosine
from core.search.service import filter_columns
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.classify.rows import show_select_button
from pages.shared.downloads import csv_button
from pages.shared.filters import choose_filters, filter_text
from pages.shared.search.results import highlighted
from pages.shared.text import cut, plain

MAX_SIDE_BY_SIDE = 3
NO_LIMIT = "No limit"
DIVERSITY_HELP = (
    "Weight of the distance to items already in the list against the score (maximal marginal relevance): 0 lists the "
    "highest scores, 1 the most different items."
)


def select_options(info: CorpusInfo) -> ListOptions:
    """What all lists of the page share: length, diversity, limits and filters."""
    corpus = session.corpus_ref(info)
    with st.expander("List length, diversity and filters", icon=":material/tune:"):
        first, second, third, fourth = st.columns([1, 2, 2, 1])
        k = first.number_input("Items", 1, 100, 10, key="recommend_k", persist_state="session", help="Per list.")
        diversity = second.slider(
            "Diversity", 0.0, 1.0, 0.0, 0.05, key="recommend_diversity", persist_state="session", help=DIVERSITY_HELP
        )
        columns = session.ask_once(label_columns, corpus)
        category = third.selectbox(
            "Limit per", [NO_LIMIT, *columns], key="recommend_category", persist_state="session",
            help="At most so many items of each value of a label column.",
        )  # fmt: skip
        cap = fourth.number_input(
            "At most", 1, 50, 2, key="recommend_cap", persist_state="session", disabled=category == NO_LIMIT
        )
        filters = choose_filters(
            session.ask_once(filter_columns, corpus), saved_selections(session.workspace(), info.digest)
        )
    if filters:
        st.caption("Items: " + "; ".join(plain(filter_text(condition)) for condition in filters))
    return ListOptions(int(k), float(diversity), "" if category == NO_LIMIT else str(category), int(cap), filters)


def show_lists(
    info: CorpusInfo,
    contenders: Sequence[Contender],
    compute: Callable[[Contender], tuple[Item, ...]],
    names: dict[int, str],
    key: str,
    actions: Callable[[Item, str], None] | None = None,
) -> None:
    """A list per contender, side by side. names: what a reason calls each liked row or text. actions: draws the buttons
    of an item, in the first list."""
    shown = contenders[:MAX_SIDE_BY_SIDE]
    if len(contenders) > len(shown):
        st.caption(f"Lists of the first {len(shown)} of {len(contenders)} contenders.")
    for at, (column, contender) in enumerate(zip(st.columns(len(shown), gap="medium"), shown, strict=True)):
        with column:
            if len(shown) > 1:
                st.markdown(f"##### {plain(contender.label)}")
            with st.spinner("Ranking items", show_time=True):
                items = compute(contender)
            _show_list(info, items, names, f"{key}-{at}", actions if at == 0 else None)
    by_cosine = [is_scored_by_cosine(each) for each in shown]
    st.caption(
        "Highlighted: the sentence most similar to the liked item, "
        + ("by cosine of their vectors." if all(by_cosine) else "by cosine, or by shared words under hosted models.")
        + " Items already liked or seen, and their copies, are left out."
    )


def _show_list(
    info: CorpusInfo,
    items: tuple[Item, ...],
    names: dict[int, str],
    key: str,
    actions: Callable[[Item, str], None] | None,
) -> None:
    if not items:
        st.info("No items are left: all were seen, or the filters exclude them.", icon=":material/filter_alt_off:")
        return
    name = next(iter(session.ask_once(label_columns, session.corpus_ref(info))), "")
    for rank, item in enumerate(items, 1):
        with st.container(border=True):
            label = f" · {plain(name)}: {plain(cut(item.label, 40))}" if item.label else ""
            st.caption(f"**{rank}** · score {item.score:z.3f} · row {item.row + 1:,}{label}")
            st.markdown(highlighted(item.text))
            st.caption(f"Similar to {plain(names[item.because])} (cosine {item.cosine:z.2f})")
            if actions:
                actions(item, f"{key}-{item.row}")
    with st.container(horizontal=True):
        csv_button("Download list (CSV)", _list_table(items, names), "recommendations.csv", "Rows and reasons.", key)
        rows = np.array([item.row for item in items], np.int64)
        show_select_button(info, rows, "Recommended items", f"{key}-select")


def _list_table(items: tuple[Item, ...], names: dict[int, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": rank, "row": item.row + 1, "score": item.score, "similar to": names[item.because],
            "cosine": item.cosine, "text": "".join(piece for piece, _ in item.text), "label": item.label,
        }
        for rank, item in enumerate(items, 1)
    )  # fmt: skip
