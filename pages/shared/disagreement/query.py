"""The same query under all contenders: a table of ranks, who alone found what, and how ranks change."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement import single_query as answers
from core.disagreement.charts import bump_figure
from core.disagreement.overlap import P
from core.disagreement.service import Asked
from core.disagreement.single_query import Answers, QueryAsked, Secrets
from core.models.registry import capabilities
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement import controls as choice
from pages.shared.downloads import csv_button
from pages.shared.map.captions import file_stem
from pages.shared.text import count, plain


def show(asked: Asked, info: CorpusInfo) -> None:
    wanted = _query(info)
    if wanted is None:
        st.info("Type a query, or a row's number, to see what each contender finds.", icon=":material/search:")
        return
    secrets = _secrets(asked)
    with st.spinner("Asking the contenders", show_time=False):
        found = session.ask(answers.answers, asked, wanted, secrets, timeout=600)
    for name, reason in found.left_out:
        st.caption(f":material/block: {plain(name)} is left out: {plain(reason)}")
    names = [asked.contenders[place].label for place in found.places]
    if wanted.row >= 0:
        st.caption(f"Row {wanted.row + 1:,}: {plain(found.query)}")
    st.markdown(_headline(found, names, wanted.k))
    _table(found, names, wanted.k, choice.label_name(info))
    _download(asked, wanted, secrets, info)
    _bump(found, names, wanted.k)
    st.caption(
        f"Exact search by cosine over {count(found.total, 'text')}; copies of a text count as one. Ranks beyond "
        f"{wanted.k} are given too, so that a miss can be told from a near miss. Rank-biased overlap with p = {P:g}, "
        "extrapolated (Webber 2010): 1 is the same list."
    )


def _query(info: CorpusInfo) -> QueryAsked | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Query",
            key="disagree_query",
            bind="query-params",
            max_chars=2_000,
            width="stretch",
            placeholder="Type a text, then Enter",
            help="It is embedded as a query by each contender's model; one cut to fewer dimensions cuts it as well.",
        )
        row = st.number_input(
            "or row", 1, info.rows, None, key="disagree_query_row", width=140, placeholder="number",
            help="The row's own vectors are the query, for imported vectors too. A typed text comes first.",
        )  # fmt: skip
        k = st.number_input("Hits", 3, 50, 10, key="disagree_hits", width=110, persist_state="session",
                            help="How long each contender's list is.")  # fmt: skip
    if text.strip():
        return QueryAsked(text.strip(), -1, int(k))
    return QueryAsked("", int(row) - 1, int(k)) if row is not None else None


def _secrets(asked: Asked) -> Secrets:
    """Keys of the services that embed the query, by `key_name`."""
    names = dict.fromkeys(capabilities(contender.model).key_name for contender in asked.contenders)
    keys = ((name, session.named_key(name)) for name in names if name)
    return tuple((name, key) for name, key in keys if key)


def _headline(found: Answers, names: list[str], k: int) -> str:
    if len(names) < 2:
        return f"Only {plain(names[0])} can answer this query."
    everywhere = int((found.ranks <= k).all(axis=1).sum())
    size = min(k, found.total)
    one, other = np.triu_indices(len(names), k=1)
    likeness = found.likeness[one, other]
    least = int(np.nanargmin(likeness))
    return (
        f"Of {count(len(found.table), 'text')} found by any, **{everywhere} of {size}** are among the {size} nearest "
        f"under all {len(names)}. Least alike are {plain(names[one[least]])} and {plain(names[other[least]])} "
        f"(rank-biased overlap {likeness[least]:.2f})."
    )


def _table(found: Answers, names: list[str], k: int, label: str) -> None:
    table = pd.DataFrame({"text": found.table["text"].to_numpy()}, index=found.table.index)
    for at in range(len(names)):
        table[f"rank {at}"] = found.ranks[:, at]
    table["only"] = found.table["only"].to_numpy()
    if "label" in found.table:
        table["label"] = found.table["label"].to_numpy()
    table["row"] = table.index + 1
    ranks = [f"rank {at}" for at in range(len(names))]
    st.dataframe(
        table[[*ranks, "text", "only", *(["label"] if "label" in table else []), "row"]].style.apply(
            partial(_shade, k=k), subset=pd.Index(ranks)
        ),
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(table), 460),
        alt="Ranks of the texts found under each contender",
        column_config=_columns(names, k, label),
    )


def _columns(names: list[str], k: int, label: str) -> dict[str, Any]:
    ranks = {
        f"rank {at}": st.column_config.NumberColumn(
            name, format="%d", width=120 if len(names) < 4 else 80, help=f"Rank; beyond {k} not found."
        )
        for at, name in enumerate(names)
    }
    return ranks | {
        "text": st.column_config.TextColumn("Text", width="large"),
        "only": st.column_config.TextColumn("Only under", width=130, help="Among the nearest of one contender alone."),
        "label": st.column_config.TextColumn(label, width=110),
        "row": st.column_config.NumberColumn("Row", format="localized", width=60),
    }


def _shade(ranks: "pd.Series[Any]", k: int) -> list[str]:
    return ["background-color: rgba(0,158,115,0.18)" if rank <= k else "opacity: 0.55" for rank in ranks]


def _bump(found: Answers, names: list[str], k: int) -> None:
    if len(names) < 2:
        return
    order = found.order
    figure = bump_figure(
        [names[place] for place in order], list(found.table["text"]), found.ranks[:, order], k, session.theme()
    )
    st.plotly_chart(figure, key="disagree_bump", alt="How each text's rank changes between contenders")
    st.caption("A line is a text; a hollow point lies below the list's end. Contenders that are alike stand together.")


def _download(asked: Asked, wanted: QueryAsked, secrets: Secrets, info: CorpusInfo) -> None:
    csv_button(
        "Download (CSV)",
        partial(session.manager().ask, answers.answers_file, asked, wanted, secrets),
        f"{file_stem(info.name)}-one-query.csv",
        key="disagree_query_file",
        help="All texts found, whole, with rank and cosine under each contender.",
    )
