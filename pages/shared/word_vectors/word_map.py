"""The map of the most frequent words; a click shows a word's neighbors."""

from typing import Any

import pandas as pd
import streamlit as st

from core.models.word_files import WordManifest
from core.store import CorpusInfo
from core.word_vectors.charts import word_map_figure
from core.word_vectors.layout import WordMap
from core.word_vectors.results import WORD_MAP, WordMapQuery
from pages.shared import result_view, session
from pages.shared.downloads import csv_button
from pages.shared.word_vectors.nearest import show_near_table

CHART_KEY, CLICKED_KEY = "words_map", "words_clicked"
SIZES = (200, 500, 1_000, 2_000)


def show_word_map(info: CorpusInfo, model: WordManifest) -> None:
    """The layout, computed on demand, and the clicked word."""
    size = st.select_slider("Words", SIZES, 500, key="words_map_size", help="The most frequent ones about content.")
    query = WordMapQuery(session.corpus_ref(info), model.digest, int(size))
    layout = result_view.ready_value(
        WORD_MAP, query, headline="Map of words", button="Compute",
        description="UMAP places words with similar vectors close together.", title=f"Map of words: {model.name}",
    )  # fmt: skip
    if layout is None:
        return
    session.remember("words_on_map", layout.words)
    word = session.remembered(CLICKED_KEY)
    word = word if word in layout.words else None
    figure = word_map_figure(layout, session.theme(), frozenset({word} if word else ()))
    st.plotly_chart(
        figure, key=CHART_KEY, on_select=_take_clicked_word, selection_mode="points",
        alt="Map of words: similar words are close together", config={"displayModeBar": False, "scrollZoom": True},
    )  # fmt: skip
    st.caption(
        f"The {len(layout.words):,} most frequent words without function words, larger where more frequent; UMAP, seed "
        f"{query.seed}. Neighborhood preservation {layout.knn_preservation:.0%} of the 10 nearest words (chance: "
        f"{layout.chance:.0%}). Click a word for its neighbors, scroll to zoom."
    )
    csv_button("Download (CSV)", _frame(layout), "word-map.csv", "Words, coordinates and counts.", key="words_map_csv")
    if word:
        show_near_table(info, model, word, "map")


def _frame(layout: WordMap) -> pd.DataFrame:
    columns = {"word": layout.words, "x": layout.points[:, 0], "y": layout.points[:, 1], "count": layout.counts}
    return pd.DataFrame(columns)


def _take_clicked_word() -> None:
    event: Any = session.widget_value(CHART_KEY)
    points, words = event["selection"]["points"] if event else [], session.remembered("words_on_map", [])
    if points and int(points[0]["point_index"]) < len(words):
        session.remember(CLICKED_KEY, words[int(points[0]["point_index"])])
