"""One row's neighbors under each contender side by side: kept, lost and gained."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement.row import NearList, RowSides, row_sides
from core.disagreement.service import Asked
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement import controls as choice
from pages.shared.text import count, cut, plain

SIGNS = {"kept": "= kept", "lost": "− lost", "gained": "+ gained"}


def show(asked: Asked, info: CorpusInfo, row: int, k: int) -> None:
    view = session.ask_once(row_sides, asked, row, k)
    with st.container(border=True):
        st.markdown(f"**Row {row + 1:,}**{_labels(view)}")
        st.text(view.text)
        st.markdown(_summary(view, k))
        if view.copies:
            st.caption(f"{count(view.copies, 'other row')} with the very same text; copies are no neighbors.")
        for start in range(0, len(view.lists), 2):
            for column, at in zip(st.columns(2, gap="medium"), range(start, start + 2), strict=True):
                if at < len(view.lists):
                    with column:
                        _list(view, at, choice.label_name(info))
        st.caption(_signs(view, k))


def _signs(view: RowSides, k: int) -> str:
    """What kept, lost and gained mean here."""
    begin = f"The {k} nearest other texts under each, by cosine. "
    end = f" Ranks are known as far as the {view.reach} nearest that are kept."
    if len(view.lists) == 2:
        return (
            f"{begin}Kept: in both lists; lost: in the first alone; gained: in the second alone. There: its rank in "
            f"the other list.{end}"
        )
    return (
        f"{begin}In the first list, kept: in all lists; lost: missing from another. In the others, kept: in the first "
        f"list too; gained: not in it. There: its rank in the first list, for that one in the second.{end}"
    )


def _labels(view: RowSides) -> str:
    return "".join(f" · {plain(name)}: {plain(cut(value, 60))}" for name, value in view.labels)


def _summary(view: RowSides, k: int) -> str:
    """What the lists say, in a sentence."""
    if view.alone:
        far = ", ".join(f"{plain(list_.name)} {list_.percentile:.0f}" for list_ in view.lists)
        return (
            ":material/person_pin_circle: **All agree that it stands alone**: under each it is among the 5% of the "
            f"rows farthest from their neighbors (percentile of nearness: {far})."
        )
    first, *others = view.lists
    parts = []
    for other in others:
        kept = int((other.table["status"] == "kept").sum())
        parts.append(f"**{kept} of {len(other.table)}** nearest under {plain(other.name)}")
    return f"{plain(first.name)} also has {' and '.join(parts)}."


def _list(view: RowSides, at: int, label: str) -> None:
    near = view.lists[at]
    st.markdown(f"**{plain(near.name)}**", help=_nearness(near))
    if not len(near.table):
        st.caption("No neighbors but copies.")
        return
    there = [f"{rank:.0f}" if np.isfinite(rank) else f"> {view.reach}" for rank in near.table["elsewhere"]]
    signs = [SIGNS[each] for each in near.table["status"]]
    table = near.table.assign(status=signs, elsewhere=there, row=near.table.index + 1)
    columns = ["status", "rank", "elsewhere", "text", *(["label"] if "label" in table else []), "cosine", "row"]
    st.dataframe(
        table[columns].style.apply(_shade, axis=1),
        hide_index=True,
        width="stretch",
        lazy=False,
        key=f"disagree_near_{at}",
        alt=f"Nearest texts under {near.name}",
        column_config=_config(view, at, label),
    )


def _config(view: RowSides, at: int, label: str) -> dict[str, Any]:
    other = view.lists[0 if at else 1].name
    return {
        "status": st.column_config.TextColumn("", width=75),
        "rank": st.column_config.NumberColumn("Rank", width=50),
        "elsewhere": st.column_config.TextColumn("There", width=60, help=f"Its rank under {plain(other)}."),
        "text": st.column_config.TextColumn("Text", width="medium"),
        "label": st.column_config.TextColumn(label, width=110),
        "cosine": st.column_config.NumberColumn("Cosine", format="%.3f", width=65, help="Higher is nearer."),
        "row": st.column_config.NumberColumn("Row", format="localized", width=60),
    }


def _shade(row: "pd.Series[Any]") -> list[str]:
    color = {"−": "rgba(213,94,0,0.16)", "+": "rgba(0,114,178,0.16)"}.get(str(row["status"])[:1])
    return [f"background-color: {color}" if color else ""] * len(row)


def _nearness(near: NearList) -> str:
    if not np.isfinite(near.percentile):
        return "It has no neighbors but copies."
    return f"It is nearer to its neighbors than {near.percentile:.0f}% of the rows under this contender."
