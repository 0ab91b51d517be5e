"""Search results: hits with score and excerpt, the histogram of similarities, the map, the index."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.corpus.document_files import has_documents
from core.corpus.export import MAX_CELL_LENGTH as LONGEST
from core.corpus.export import free_name
from core.corpus.reading.documents.subtitles import clock_text
from core.figures import histogram_figure
from core.palette import Theme
from core.search.service import SearchQuery, SearchResult, Segments, query_position, search
from core.store import CorpusInfo
from core.text import format_milliseconds
from core.types import IndexFacts, ModelSpec
from pages.shared import session
from pages.shared.corpus.document_view import show_document_button
from pages.shared.downloads import csv_button
from pages.shared.judgments.grading import Grading, select_grading, show_grading
from pages.shared.map.view import show_map_with_marks
from pages.shared.search.form import add_example_rows
from pages.shared.tables import draw_frame, number, show_table, text
from pages.shared.text import count, cut, plain

MAX_CARDS = 20
LIST_HEIGHT = 740  # pixels: 20 hits
VIEW_KEY, JUDGE_KEY = "hits_view", "judge_hits"
JUDGE_HELP = (
    "Grade how relevant each hit is to the query, with one key. The scoreboard and the retrieval evaluation use the "
    "grades. With one model only; to judge hits of several models blind, use Ask, Judgments."
)
FOLLOW_UPS = (("near", "More like this", ":material/add:"), ("far", "Less like this", ":material/remove:"))


def show_search_result(info: CorpusInfo, spec: ModelSpec | None, query: SearchQuery, compact: bool) -> None:
    """One model's hits. compact: without histogram, map and follow-up buttons, as several models are shown."""
    secret = session.api_key(spec) if spec else None
    with st.spinner("Searching", show_time=True):  # a worker that has just started first loads the vectors
        result = session.ask(search, session.corpus_ref(info), spec, query, secret)
    if compact and spec:
        st.subheader(plain(spec.label))
    _show_counts(result, query)
    if result.language_warning:
        remedy = "Use Keyword mode, or embed this corpus with a multilingual model on the Embed page."
        st.warning(f"{plain(result.language_warning)} {remedy}", icon=":material/translate:")
    if not len(result.hits):
        st.info("No hits. Try another query, or fewer filters.", icon=":material/search_off:")
        return
    if compact or spec is None:
        grading = None if compact else _show_grading(result, info, query)
        _show_hits(result, info, spec, follow_up=False, grading=grading)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_hits(result, info, spec, follow_up=True, grading=_show_grading(result, info, query))
    with right:
        _show_context(info, spec, result)


def _show_grading(result: SearchResult, info: CorpusInfo, query: SearchQuery) -> Grading | None:
    """The hit to grade, where hits of a query in words are judged."""
    if not session.remembered(JUDGE_KEY):
        return None
    if not query.text.strip() or query.near or query.far or query.mode == "regex":
        st.caption("Only hits of a text query are judged: remove the example rows, or select another mode.")
        return None
    return show_grading(info, query.text, result.hits.rows[:MAX_CARDS].tolist(), "search")


def _show_counts(result: SearchResult, query: SearchQuery) -> None:
    rows = count(result.total, "row")
    if result.searched < result.total:
        rows = f"{result.searched:,} of {rows}"
    parts = [f"{count(len(result.hits), 'hit')} among {rows}"]
    if result.matching is not None:
        verb = "matches" if result.matching == 1 else "match"
        parts.append(f"{result.matching:,} {verb} the {'pattern' if query.mode == 'regex' else 'keywords'}")
    parts.append(f"{format_milliseconds(result.search_ms)} to search")
    if result.index:
        parts.append(f"{format_milliseconds(result.embed_ms)} to embed the query")
    st.caption(", ".join(parts) + ".")


def _show_hits(
    result: SearchResult, info: CorpusInfo, spec: ModelSpec | None, follow_up: bool, grading: Grading | None
) -> None:
    table = hits_table(result)
    if session.widget_value(VIEW_KEY) == "List":
        _show_hit_list(result, table, info, spec, follow_up)
    else:
        for i in range(min(len(result.hits), MAX_CARDS)):
            _show_hit_card(result, i, info, spec, follow_up, grading)
        if len(table) > MAX_CARDS:
            draw_frame(table, "All hits")
    if result.truncated:
        st.caption(f"{count(result.truncated, 'cell')} truncated to {LONGEST:,} characters, in the download too.")
    help_ = "Rank, scores, excerpt and columns of all hits."
    csv_button("Download hits (CSV)", table, "hits.csv", help_, f"hits-{spec.key if spec else ''}")


def select_view() -> None:
    """Cards with long excerpts, or a compact list; and whether hits are judged."""
    options: dict[str, Any] = {"default": "Cards", "required": True, "bind": "query-params", "persist_state": "session"}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control("View", ["Cards", "List"], key=VIEW_KEY, label_visibility="collapsed", **options)
        select_grading("Judge hits", JUDGE_KEY, JUDGE_HELP)


def _show_hit_list(
    result: SearchResult, table: pd.DataFrame, info: CorpusInfo, spec: ModelSpec | None, follow_up: bool
) -> None:
    """One line a hit; rows selected in it can be searched for similar ones."""
    columns = {
        "rank": number("Rank", width=50),
        "row": number("Row", "localized", "Row of the corpus.", 60),
        "score": number("Score", "%.3f", "Cosine, BM25, matches or fused score, by mode.", 70),
        "cosine": number("Cosine", "%.3f", width=70),
        "percentile": number("Percentile", "%.1f", "Share of random pairs of rows that are less similar.", 80),
        "copies": number("Copies", "localized", "Further rows with the same text.", 65),
        "hit text": text("Text", width="large"),
    }
    if "cosine" in table and np.array_equal(table["score"], table["cosine"]):
        table = table.drop(columns="score")
    selection: Any = "multi-row" if follow_up else None
    key = f"hit_list-{spec.key if spec else ''}"
    selected = show_table(table, "All hits", columns, max_height=LIST_HEIGHT, key=key, selection=selection)
    if not follow_up:
        return
    rows = tuple(int(result.hits.rows[position]) for position in selected)
    with st.container(horizontal=True):
        for field, label, icon in FOLLOW_UPS:
            options: dict[str, Any] = {"on_click": add_example_rows, "args": (field, rows), "disabled": not rows}
            help_ = "Select rows in the list first."
            st.button(label, key=f"{field}-selected", type="tertiary", icon=icon, help=help_, **options)
        if len(rows) == 1:
            show_document_button(info, rows[0], "selected")


def cell_texts(cells: pd.Series, names: Iterable[str]) -> dict[str, str]:
    """Values of a row on one line each, up to 40 characters, without missing ones; times of subtitles as h:mm:ss."""
    texts = dict[str, str]()
    for name in names:
        if clock := clock_text(name, cells[name]):
            texts[name.removesuffix(" (s)")] = clock
        elif not pd.isna(cells[name]):
            texts[name] = cut(_cell_text(cells[name]), 40)
    return texts


def _cell_text(value: object) -> str:
    """Whole numbers without decimals, since pandas stores integers with missing values as float; days without time."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00")


def _show_hit_card(
    result: SearchResult, i: int, info: CorpusInfo, spec: ModelSpec | None, follow_up: bool, grading: Grading | None
) -> None:
    with st.container(border=True):
        row = int(result.hits.rows[i])
        copies = f" · + {count(int(result.copies[i]), 'copy', 'copies')}" if result.copies[i] else ""
        st.caption(f"**{result.hits.ranks[i]}** · {score_text(result, i)} · row {row + 1:,}{copies}")
        if grading and (badge := grading.badge(row)):
            st.markdown(badge)
        st.markdown(highlighted(result.texts[i]))
        cells = result.table.iloc[i]
        names = [name for name in (*info.roles.labels, info.roles.time, info.roles.id) if name and name in cells]
        st.caption(" · ".join(f"{plain(name)}: {plain(value)}" for name, value in cell_texts(cells, names).items()))
        if not follow_up and not has_documents(info):
            return
        with st.container(horizontal=True):
            for key, label, icon in FOLLOW_UPS if follow_up else ():
                action: dict[str, Any] = {"on_click": add_example_rows, "args": (key, (row,))}
                st.button(label, key=f"{key}-{row}", type="tertiary", icon=icon, **action)
            show_document_button(info, row, f"{spec.key if spec else ''}-{row}")


def score_text(result: SearchResult, i: int) -> str:
    """The i-th hit's score, and how it compares with random pairs."""
    cosine, percentile = result.hits.cosines[i], result.hits.percentiles[i]
    if np.isnan(cosine):
        score = result.hits.scores[i]
        return count(int(score), "match", "matches") if result.hits.mode == "regex" else f"BM25 {score:.2f}"
    text = f"cosine {cosine:z.3f}"
    return text if np.isnan(percentile) else f"{text}, more similar than {percentile:.1f}% of random pairs"


def highlighted(segments: Segments) -> str:
    """Markdown of an excerpt with its matches highlighted, everything else escaped."""
    return "".join(f":orange-background[{_escaped(text)}]" if hit else _escaped(text) for text, hit in segments)


def _escaped(text: str) -> str:
    """`plain`, with spaces at the ends, since segments follow one another."""
    body = plain(text)
    if not body:
        return " " if text else ""
    return (" " if text[:1].isspace() else "") + body + (" " if text[-1:].isspace() else "")


def hits_table(result: SearchResult) -> pd.DataFrame:
    table = result.table.reset_index(drop=True)
    table.insert(0, free_name(table, "hit text"), ["".join(text for text, _ in segments) for segments in result.texts])
    hits = result.hits
    columns = {"rank": hits.ranks, "row": hits.rows + 1}
    columns |= {"score": hits.scores, "cosine": hits.cosines, "percentile": hits.percentiles}
    if result.copies.any():
        columns["copies"] = result.copies
    for name, values in reversed(columns.items()):
        table.insert(0, free_name(table, name), values)
    return table.dropna(axis="columns", how="all")


def _show_context(info: CorpusInfo, spec: ModelSpec, result: SearchResult) -> None:
    """The similarities of the whole corpus, the map, the index."""
    theme = session.theme()
    if result.counts is not None and result.edges is not None:
        best = float(np.nanmax(result.hits.cosines))
        marks, shown = [(best, "best hit")], int(result.counts.sum())
        rows = "all rows" if shown == result.total else f"{shown:,} random rows of {result.total:,}"
        title = f"Cosine to the query, {rows}"
        histogram = histogram_figure(result.counts, result.edges, marks, title, theme)
        st.plotly_chart(histogram, key="similarities", alt="Histogram of the cosine between the query and every row")
    if result.calibration is not None:
        median, high = result.calibration.quantiles([0.5, 0.99])
        st.caption(
            f"Of {len(result.calibration):,} random pairs of rows (seed {result.calibration.seed}), half have a cosine "
            f"below {median:z.2f} and 99% below {high:z.2f} under {plain(spec.label)}. Scales differ between models."
        )
    _show_hits_on_map(info, spec, result, theme)
    if result.index is not None:
        st.caption(index_text(result.index))


def _show_hits_on_map(info: CorpusInfo, spec: ModelSpec, result: SearchResult, theme: Theme) -> None:
    located = session.ask(query_position, session.corpus_ref(info), spec, result.hits)
    if located is None:
        st.caption("The map of this model has not been computed yet.")
        return
    rows = [int(row) for row in result.hits.rows]
    note = show_map_with_marks(located.layout_key, info.name, theme, rows, located.position)
    st.caption(f"Hits are circled; the star marks the estimated position of the query. {note}")


def index_text(facts: IndexFacts) -> str:
    """Which index was searched, with its measured recall, speed and size."""
    memory = f"{facts.megabytes:,.1f} MB in memory, " if facts.megabytes else ""
    vectors = f"float32 vectors of {facts.vector_megabytes:,.1f} MB, read from disk"
    return (
        f"Index: {facts.description}, recall@10 {facts.recall:.3f} against exact search, measured on "
        f"{facts.checked:,} queries (seed {facts.seed}); {format_milliseconds(facts.p50_ms)} per query "
        f"(p99 {format_milliseconds(facts.p99_ms)}); {memory}{vectors}."
    )
