"""Nearest words of a word, and texts with it."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import InputError
from core.models.word_files import WordManifest
from core.search.service import SearchQuery, search
from core.store import CorpusInfo
from core.word_vectors.explorer import NearestWords
from core.word_vectors.service import find_nearest, frequent_words_of
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.tables import number, show_table
from pages.shared.text import cut, plain

WORD_KEY = "words_query"
STARTERS, NEAREST, EXAMPLES = 8, 20, 3
COSINE_HELP = "Cosine of the two word vectors, -1 to 1; higher is more similar. Comparable within one model only."
COUNT_HELP = "Occurrences in the texts of the corpus; 0 where not known."
COLUMNS = {"Cosine": number(format="%.3f", help=COSINE_HELP), "Count": number(format="localized", help=COUNT_HELP)}


def show_nearest(info: CorpusInfo, model: WordManifest) -> None:
    """A word's nearest words and example texts."""
    session.text_from_link(WORD_KEY)
    text = st.text_input(
        "Word", key=WORD_KEY, persist_state="session", placeholder="a word, or several for their mean",
        help="In any case; Chinese words as jieba cuts them.",
    )  # fmt: skip
    session.write_text_to_link(WORD_KEY)
    _show_starters(model)
    if not text.strip():
        st.info("Enter a word, or select a frequent one.", icon=":material/search:")
        return
    show_near_table(info, model, text, "nearest")


def show_near_table(info: CorpusInfo, model: WordManifest, text: str, key: str) -> None:
    """The words nearest to a text's words, with examples of the selected one."""
    try:
        near = session.ask(find_nearest, session.folder(), model.digest, text, NEAREST)
    except InputError as error:
        show_error(error)
        return
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown(f"**Nearest words of {plain(', '.join(near.query))}**")
        if near.by_ngrams:
            names = plain(", ".join(near.by_ngrams))
            st.caption(f"{names}: not in the vocabulary; its vector is the mean of its known character n-grams.")
        table = near_frame(near)
        selected = show_table(table, "Nearest words", COLUMNS, key=f"words_near-{key}", selection="single-row")
        csv_button("Download (CSV)", table, "nearest-words.csv", "The table.", key=f"words_near_csv-{key}")
    with right:
        word = str(table["Word"].iloc[selected[0]]) if selected else near.query[0]
        show_examples(info, word, key, None if word == near.query[0] else _look_up)


def near_frame(near: NearestWords) -> pd.DataFrame:
    rows = [{"Word": item.word, "Cosine": item.cosine, "Count": item.count} for item in near.words]
    return pd.DataFrame(rows, columns=["Word", *COLUMNS])


def show_examples(info: CorpusInfo, word: str, key: str, look_up: Callable[[str], None] | None = None) -> None:
    """Texts with a word, and buttons that search all of them, or look the word up."""
    phrase = f'"{word}"'
    found = session.ask(search, session.corpus_ref(info), None, SearchQuery(phrase, "keyword", k=EXAMPLES), None)
    st.markdown(f"**Texts with {plain(word)}**")
    for row, excerpt in zip(found.hits.rows.tolist(), found.texts, strict=True):
        pieces = (f":primary-background[{plain(part)}]" if marked else _spaced(part) for part, marked in excerpt)
        st.markdown(f":small[Row {row + 1:,}: {''.join(pieces)}]")
    if not len(found.hits):
        st.caption("No text of this corpus has it.")
    with st.container(horizontal=True):
        if look_up:
            st.button("Nearest words", key=f"words_lookup-{key}", icon=":material/hub:", on_click=look_up, args=(word,))
        if st.button(
            "Search",
            key=f"words_search-{key}",
            icon=":material/search:",
            help=f"All texts with {plain(cut(word, 40))}.",
        ):
            open_search(phrase)


def open_search(phrase: str) -> None:
    """The Search page in keyword mode."""
    session.set_widget("q", phrase)
    session.set_widget("by", "keyword")
    st.switch_page("pages/explore/search.py", query_params={})


def _spaced(part: str) -> str:
    """Escaped text that keeps a space at its ends, which `plain` removes."""
    start, end = " " * part[:1].isspace(), " " * part[-1:].isspace()
    return f"{start}{plain(part)}{end}" if part.strip() else " "


def _look_up(word: str) -> None:
    session.set_widget(WORD_KEY, word)


def _show_starters(model: WordManifest) -> None:
    words = session.ask_once(frequent_words_of, session.folder(), model.digest, STARTERS)
    options: dict[str, Any] = {"on_change": _take_starter, "label_visibility": "collapsed"}
    st.pills("Frequent words", list(words), key="words_starters", format_func=plain, **options)


def _take_starter() -> None:
    if word := session.widget_value("words_starters"):
        session.set_widget(WORD_KEY, word)
    session.set_widget("words_starters", None)
