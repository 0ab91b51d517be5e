"""Hits: rank, cosine and what it means here, the text with matches marked, the histogram, the map, what served it."""

import numpy as np
import pandas as pd
import streamlit as st

from core.corpus.export import MAX_CELL_LENGTH
from core.figures_bars import histogram_figure
from core.palette import Theme
from core.search import service as answers
from core.search.service import Found, Query, Segments
from core.store import CorpusInfo
from core.types import IndexFacts, ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.map import view
from pages.shared.search import form
from pages.shared.text import count, cut, plain

CARDS = 20


def show(info: CorpusInfo, spec: ModelSpec | None, query: Query, alone: bool) -> None:
    """All of one model's answer; beside others without the map."""
    secret = session.api_key(spec) if spec else None
    found = session.ask(answers.find, session.corpus_ref(info), spec, query, secret)
    if not alone and spec:
        st.subheader(plain(spec.label))
    headline(found, query)
    if not len(found.hits):
        st.info("Nothing was found. Try other words, or fewer filters.", icon=":material/search_off:")
        return
    if not alone or spec is None:
        hits_list(found, info, spec)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        hits_list(found, info, spec, alone=True)
    with right:
        context(info, spec, found)


def headline(found: Found, query: Query) -> None:
    rows = (
        count(found.total, "row")
        if found.searched == found.total
        else f"{found.searched:,} of {count(found.total, 'row')}"
    )
    parts = [f"{count(len(found.hits), 'hit')} among {rows}"]
    if found.matching is not None:
        parts.append(f"{found.matching:,} match the {'pattern' if query.mode == 'pattern' else 'words'}")
    took = f"{found.search_ms:,.1f} ms to search" + (
        f", {found.embed_ms:,.0f} ms to embed the query" if found.index else ""
    )
    st.caption(", ".join([*parts, took]) + ".")


def hits_list(found: Found, info: CorpusInfo, spec: ModelSpec | None, alone: bool = False) -> None:
    for place in range(min(len(found.hits), CARDS)):
        card(found, place, info, spec is not None and alone)
    table = hits_table(found)
    if len(table) > CARDS:
        st.dataframe(table, hide_index=True, width="stretch", lazy=False, alt="All hits")
    if found.cut:
        st.caption(f"Cells are cut at {MAX_CELL_LENGTH:,} characters, in the download too: {count(found.cut, 'cell')}.")
    csv_button(
        "Download the hits (CSV)",
        table,
        "hits.csv",
        key=f"hits-{spec.key if spec else ''}",
        help="Ranks, scores, beginnings of texts, and columns of all hits.",
    )


def card(found: Found, place: int, info: CorpusInfo, alone: bool) -> None:
    with st.container(border=True):
        st.caption(f"**{found.hits.ranks[place]}** · {meaning(found, place)} · row {found.hits.rows[place] + 1:,}")
        st.markdown(marked(found.texts[place]))
        cells = found.table.iloc[place]
        named = (*info.roles.labels, info.roles.time, info.roles.id)
        shown = [name for name in named if name and name in found.table.columns]
        st.caption(" · ".join(f"{plain(name)}: {plain(cut(cell_text(cells[name]), 40))}" for name in shown))
        if alone:
            follow_up(int(found.hits.rows[place]))


def follow_up(row: int) -> None:
    """Buttons that make a hit part of the next search."""
    with st.container(horizontal=True):
        for name, label, icon in (("near", "More like this", "add"), ("far", "Less like this", "remove")):
            st.button(
                label,
                key=f"{name}-{row}",
                type="tertiary",
                icon=f":material/{icon}:",
                on_click=form.add_row,
                args=(name, row),
                help="Adds this row to the search, under Rows and filters.",
            )


def cell_text(value: object) -> str:
    """A cell as a person writes it: days without a time of day."""
    return str(value).removesuffix(" 00:00:00")


def meaning(found: Found, place: int) -> str:
    """The score in words."""
    cosine, percentile = found.hits.cosines[place], found.hits.percentiles[place]
    if np.isnan(cosine):
        score = found.hits.scores[place]
        return f"{score:,.0f} matches" if found.hits.kind == "regex" else f"BM25 {score:.2f}"
    near = f"cosine {cosine:.3f}"
    return near if np.isnan(percentile) else f"{near}, nearer than {percentile:.1f}% of random pairs here"


def marked(segments: Segments) -> str:
    """Markdown of an excerpt, its matches highlighted, everything else as it stands."""
    return "".join(f":orange-background[{plain_piece(text)}]" if hit else plain_piece(text) for text, hit in segments)


def plain_piece(text: str) -> str:
    """As plain(), but spaces at the ends are kept: the piece goes on in the next."""
    body = plain(text)
    if not body:
        return " " if text else ""
    return (" " if text[:1].isspace() else "") + body + (" " if text[-1:].isspace() else "")


def hits_table(found: Found) -> pd.DataFrame:
    table = found.table.reset_index(drop=True)
    table.insert(0, "hit text", ["".join(text for text, _ in segments) for segments in found.texts])
    for name, values in (
        ("percentile", found.hits.percentiles),
        ("cosine", found.hits.cosines),
        ("score", found.hits.scores),
        ("row", found.hits.rows + 1),
        ("rank", found.hits.ranks),
    ):
        if name not in table.columns:
            table.insert(0, name, values)
    return table.dropna(axis="columns", how="all")


def context(info: CorpusInfo, spec: ModelSpec, found: Found) -> None:
    """What stands beside the hits: the whole corpus' similarities, the map, the index."""
    theme = session.theme()
    if found.counts is not None and found.edges is not None:
        best = float(np.nanmax(found.hits.cosines))
        st.plotly_chart(
            histogram_figure(found.counts, found.edges, [(best, "best hit")], "Cosine to the query, all rows", theme),
            key="similarities",
            alt="Histogram of the query's cosines over the whole corpus",
        )
    if found.calibration is not None:
        median, high = found.calibration.quantiles([0.5, 0.99])
        st.caption(
            f"Of {len(found.calibration):,} random pairs of this corpus (seed {found.calibration.seed}), half have a "
            f"cosine below {median:.2f} and 99% below {high:.2f} under {plain(spec.label)}. "
            "Other models have other scales."
        )
    hits_map(info, spec, found, theme)
    if found.index is not None:
        st.caption(served_by(found.index))


def hits_map(info: CorpusInfo, spec: ModelSpec, found: Found, theme: Theme) -> None:
    places = session.ask(answers.places, session.corpus_ref(info), spec, found.hits)
    if places is None:
        st.caption("The map of this model is not drawn yet.")
        return
    shown = view.marked(places.place, info.name, theme, [int(row) for row in found.hits.rows], places.query)
    st.caption(f"Hits are ringed; the star stands for the query, placed among its nearest hits. {shown}")


def served_by(facts: IndexFacts) -> str:
    """Which index answered, how well and how fast, as measured."""
    return (
        f"Served by {facts.description}: recall@10 {facts.recall:.3f} against exact search, measured on "
        f"{facts.checked:,} queries (seed {facts.seed}); {facts.p50_ms:.1f} ms a query "
        f"(p99 {facts.p99_ms:.1f} ms); {facts.megabytes:,.1f} MB."
    )
