"""The passages of a question: score, percentile, place, the sentence that matches; on the map, and as a download."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.ask.retrieval import Passage
from core.ask.service import AskResult
from core.corpus.export import free_name
from core.search.service import query_position
from core.store import CorpusInfo
from core.text import format_milliseconds
from core.types import ModelSpec
from core.vectors.search import make_hits
from pages.shared import session
from pages.shared.ask.form import AskForm
from pages.shared.ask.markup import EXCERPT, passage_heading, passage_text
from pages.shared.corpus.document_view import show_document_button
from pages.shared.downloads import csv_button
from pages.shared.judgments.grading import Grading, select_grading, show_grading
from pages.shared.map.view import show_map_with_marks
from pages.shared.search.results import cell_texts, index_text
from pages.shared.text import count, plain

FULL_TEXT = 20_000  # characters shown of a passage that is opened
LOCATION = ("file", "page", "slide", "heading", "subject", "start (s)")  # columns of documents that name a place
SCORES = {"semantic": "cosine {:z.3f}", "keyword": "BM25 {:z.2f}", "hybrid": "fused score {:z.4f}"}


def show_passages(form: AskForm, result: AskResult) -> None:
    passages = result.retrieval.passages
    st.subheader("Passages", anchor="passages", help=_methods(form, result))
    rows = count(result.total, "row")
    if result.searched < result.total:
        rows = f"{result.searched:,} of {rows}"
    summary = f"{count(len(passages), 'passage')} among {rows}, {format_milliseconds(result.milliseconds)}"
    st.caption(f"{summary} · [Go to the answer](#answer)")
    for corpus, names in result.unfiltered:
        listed = ", ".join(map(plain, names))
        st.caption(
            f":material/filter_alt_off: {plain(form.corpora[corpus].name)} is searched without the filter on {listed}: "
            "it has no such column or selection."
        )
    if result.language_warning:
        remedy = "Use keyword mode, or embed this corpus with a multilingual model on the Embed page."
        st.warning(f"{plain(result.language_warning)} {remedy}", icon=":material/translate:")
    if not passages:
        st.info("No passages. Ask with other words, another mode, or fewer filters.", icon=":material/search_off:")
        return
    grading = _show_grading(form, result)
    for i, passage in enumerate(passages):
        _show_passage(form, result, i, passage, grading)
    note = "Rank, place, scores, best sentence, text and columns of all passages."
    csv_button("Download passages (CSV)", passages_table(form, result), "passages.csv", note, "ask_passages")


def _methods(form: AskForm, result: AskResult) -> str:
    parts = [f"Highlighted: {plain(result.sentence_method)}"]
    if result.percentile_method:
        parts.append(f"Percentile: {plain(result.percentile_method)}")
    if result.index:
        parts.append(index_text(result.index))
    if form.reranker:
        parts.append(f"Order: the score of the reranker {plain(form.reranker.label)} for the best passages.")
    return "\n\n".join(parts)


def _show_grading(form: AskForm, result: AskResult) -> Grading | None:
    """The passage to grade, where passages of the current corpus are judged."""
    help_ = "Grade passages with the keys 0, 1 and 2. Grades evaluate retrieval here and models on the Scoreboard."
    if not select_grading("Judge passages", "ask_judge", help_):
        return None
    rows = tuple(row for corpus, row in result.sources if corpus == 0)
    if len(rows) < len(result.sources):
        st.caption("Passages of the current corpus alone are judged here.")
    return show_grading(form.corpora[0], result.retrieval.question, rows, "ask")


def _show_passage(form: AskForm, result: AskResult, i: int, passage: Passage, grading: Grading | None) -> None:
    corpus, row = result.sources[i]
    badge = grading.badge(row) if grading and corpus == 0 else ""
    with st.container(border=True, key=f"ask_passage-{passage.number}"):
        st.markdown(f"##### {passage_heading(passage.number)}")
        parts = [score_text(form, passage, bool(result.language_warning))]
        parts += [plain(form.corpora[corpus].name)] if len(form.corpora) > 1 else []
        st.caption(" · ".join([*parts, f"row {row + 1:,}", *_location(form.corpora[corpus], result, i)]) + f" {badge}")
        st.markdown(passage_text(passage))
        if len(passage.text) > EXCERPT:
            with st.expander("Full text"):
                st.markdown(passage_text(passage, FULL_TEXT))
        show_document_button(form.corpora[corpus], row, f"ask-{passage.number}")


def score_text(form: AskForm, passage: Passage, is_unread: bool = False) -> str:
    """The score that the order follows, the cosine and its percentile. is_unread: the model does not read the language,
    so that percentiles mean nothing."""
    mode = form.query.mode if form.query else "semantic"
    parts = [f"reranker score {passage.score:.3f}" if form.reranker else SCORES[mode].format(passage.score)]
    if np.isnan(passage.cosine):
        return parts[0]
    if form.reranker or mode != "semantic":
        parts.append(f"cosine {passage.cosine:z.3f}")
    if not np.isnan(passage.percentile) and not is_unread:
        parts[-1] += f", more similar than {passage.percentile:.1f}% of random pairs"
    return " · ".join(parts)


def _location(info: CorpusInfo, result: AskResult, i: int) -> list[str]:
    """File, page and heading of a document; labels, time and id of a row."""
    cells = result.table.iloc[i]
    names = [*LOCATION, *info.roles.labels, info.roles.time, info.roles.id]
    present = [name for name in dict.fromkeys(names) if name and name in cells]
    return [f"{plain(name)}: {plain(value)}" for name, value in cell_texts(cells, present).items()]


def passages_table(form: AskForm, result: AskResult) -> pd.DataFrame:
    """One row a passage, with the columns of its row."""
    passages, table = result.retrieval.passages, result.table.copy()
    columns: dict[str, Any] = {
        "rank": [passage.number for passage in passages],
        "corpus": [form.corpora[corpus].name for corpus, _ in result.sources],
        "row": [row + 1 for _, row in result.sources],
        "score": [passage.score for passage in passages],
        "cosine": [passage.cosine for passage in passages],
        "percentile": [passage.percentile for passage in passages],
        "best sentence": [passage.sentence for passage in passages],
        "passage text": [passage.text for passage in passages],
    }
    for name, values in reversed(columns.items()):
        table.insert(0, free_name(table, name), values)
    return table.dropna(axis="columns", how="all")


def show_on_map(info: CorpusInfo, spec: ModelSpec, result: AskResult) -> None:
    """The passages of the current corpus on its default map, where that has been computed."""
    if not st.toggle("Show on the map", key="ask_map", persist_state="session", help="Passages of the current corpus."):
        return
    pairs = zip(result.sources, result.retrieval.passages, strict=True)
    own = [(row, passage.cosine) for (corpus, row), passage in pairs if corpus == 0]
    rows, cosines = np.array([row for row, _ in own], np.int64), np.array([cosine for _, cosine in own], np.float32)
    located = session.ask(query_position, session.corpus_ref(info), spec, make_hits(rows, cosines, "semantic"))
    if located is None or not own:
        st.caption("The map of this model has not been computed yet: open the Map page once.")
        return
    note = show_map_with_marks(located.layout_key, info.name, session.theme(), rows.tolist(), located.position)
    st.caption(f"Passages are circled; the star marks the estimated position of the question. {note}")
