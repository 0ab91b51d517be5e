"""Few rows that cover the rest: how coverage grows, and k rows to take away."""

import re
from functools import partial

import pandas as pd
import streamlit as st

from core.diversity import coverage_service as answers
from core.diversity.charts import coverage_figure
from core.diversity.coverage_service import METHODS, MOST_CHOSEN, Method, Picked, Picking
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.label_errors import save as keep
from pages.shared.text import count

NAMES: dict[Method, str] = {
    "facility location": "Typical (facility location)",
    "k-center": "Far apart (k-center)",
    "random": "Random",
}
METHOD_HELP = (
    "Typical: the rows that together are nearest to all others, for reading or labeling a fair selection. Far apart: "
    "each is the row farthest from those before, so that nothing is left far away; it takes odd rows first. "
    "Random: for "
    "comparison."
)


def show(info: CorpusInfo, model: ModelSpec) -> None:
    where = (session.corpus_ref(info), model)
    near = session.ask_once(answers.near_cosine, *where)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method, k, cosine = _choices(info, near)
    picking = Picking(*where, method, k, cosine)
    with st.spinner("Choosing rows"):
        curve = session.ask_once(answers.curve, *where, cosine)
        found = session.ask_once(answers.picked, picking)
    left, right = st.columns(2, gap="large")
    for place, title, name in ((left, "rows near a chosen one", "shares"), (right, "largest gap (1 - cosine)", "gaps")):
        lines = [(line.method, getattr(line, name)) for line in curve.lines]
        place.plotly_chart(
            coverage_figure(lines, k, title, session.theme(), ".0%" if name == "shares" else ".2f"),
            key=f"coverage_{name}",
            alt=f"{title} by rows chosen",
        )
    st.caption(_curve_words(curve, cosine))
    _figures(found)
    _table(found, picking, info)


def _choices(info: CorpusInfo, near: float) -> tuple[Method, int, float]:
    method = st.selectbox(
        "Choose rows that are", METHODS, key="pick_method", bind="query-params", format_func=lambda name: NAMES[name],
        width=260, help=METHOD_HELP,
    )  # fmt: skip
    most = max(1, min(MOST_CHOSEN, info.rows))
    session.widget_default("pick_k", min(20, most))
    if session.widget_value("pick_k") > most:
        session.set_widget("pick_k", most)
    k = st.number_input(
        "Number of rows", 1, most, key="pick_k", bind="query-params", width=160, help="How many rows to take away."
    )
    cosine = st.slider(
        "Near means a cosine of at least", 0.05, 0.95, near, 0.01, key=f"pick_near_{info.digest}", width=320,
        help="A row counts as covered when a chosen row is this near. It begins where 1% of random "
        "pairs are nearer, or at a typical row's tenth neighbor if that is lower.",
    )  # fmt: skip
    return method or METHODS[0], int(k), float(cosine)


def _curve_words(curve: answers.Curve, cosine: float) -> str:
    told = [
        f"{line.method} covers half with {line.half:,}" if line.half else f"{line.method} does not reach half"
        for line in curve.lines
    ]
    rows = (
        f"all {curve.total:,} rows"
        if curve.looked_at == curve.total
        else f"{curve.looked_at:,} of {curve.total:,} rows"
    )
    return (
        f"Measured on {rows} (seed 0). Near: cosine of at least {cosine:.2f}. Of up "
        f"to {answers.CURVE_CHOICES} rows, {', '.join(told)}. Higher is better on the left, lower on the right."
    )


def _figures(found: Picked) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "method": [figure.method for figure in found.figures],
                "covered": [figure.share for figure in found.figures],
                "mean cosine": [figure.mean for figure in found.figures],
                "gap": [figure.gap for figure in found.figures],
                "among": [figure.looked_at for figure in found.figures],
            }
        ),
        hide_index=True,
        width="stretch",
        lazy=False,
        alt="The methods compared",
        column_config={
            "method": st.column_config.TextColumn("Method", help="The one you have chosen is first."),
            "covered": st.column_config.NumberColumn("Covered", format="percent", help="Rows near a chosen one."),
            "mean cosine": st.column_config.NumberColumn(
                "Mean cosine", format="%.3f", help="To the nearest chosen row, over all rows; higher is better."
            ),
            "gap": st.column_config.NumberColumn(
                "Largest gap", format="%.3f", help="1 - cosine of the row farthest from all chosen; lower is better."
            ),
            "among": st.column_config.NumberColumn(
                "Chosen among", format="localized", help="Rows the method looked at, drawn with seed 0 where not all."
            ),
        },
    )
    checked = found.figures[0].checked
    if checked < found.total:
        st.caption(f"Checked on {checked:,} of {found.total:,} rows (seed 0).")


def _table(found: Picked, picking: Picking, info: CorpusInfo) -> None:
    st.markdown(f"**{count(len(found.table), 'row')} to take away**, in order of choice")
    if len(found.table) < picking.k:
        st.caption("There are no more different texts than these.")
    st.dataframe(
        found.table.assign(row=found.table.index + 1)[["text", "stands for", "row"]],
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(found.table), 400),
        lazy=False,
        alt="The rows chosen",
        column_config={
            "text": st.column_config.TextColumn("Text", width="large"),
            "stands for": st.column_config.NumberColumn(
                "Stands for", format="localized", help="Rows that have no nearer chosen row, of those checked."
            ),
            "row": st.column_config.NumberColumn("Row", format="localized"),
        },
    )
    with st.container(horizontal=True):
        _download(picking, info)
        keep.keep(partial(session.ask, answers.keep_picked, picking), len(found.table), "pick_keep")


def _download(picking: Picking, info: CorpusInfo) -> None:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    stem = re.sub(r"[^\w]+", "-", info.name).strip("-")[:60].lower() or "corpus"
    csv_button(
        "Download these rows (CSV)",
        lambda: ask(answers.picked_file, picking),
        f"{stem}-{picking.k}-rows.csv",
        key="pick_file",
        help="The chosen rows in order with whole texts and all their columns.",
    )
