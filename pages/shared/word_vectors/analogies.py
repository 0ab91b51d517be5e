"""Analogies: a is to b as c is to ?"""

import pandas as pd
import streamlit as st

from core.errors import InputError
from core.models.word_files import WordManifest
from core.store import CorpusInfo
from core.word_vectors.service import find_analogies
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.messages import show_error
from pages.shared.tables import number, show_table
from pages.shared.text import plain
from pages.shared.word_vectors.nearest import COUNT_HELP, show_examples

KEYS = ("words_a_is", "words_to_b", "words_as_c")
ANSWERS = 10
LARGE = 10_000_000  # words of a corpus from which analogies are usually learned


def show_analogies(info: CorpusInfo, model: WordManifest) -> None:
    """Three words, and those that complete them."""
    labels = (("a", "man"), ("is to b", "king"), ("as c", "woman"))
    for key in KEYS:
        session.text_from_link(key)
    columns = st.columns(3)
    words = [
        column.text_input(label, key=key, placeholder=example, persist_state="session").strip()
        for column, (label, example), key in zip(columns, labels, KEYS, strict=True)
    ]
    for key in KEYS:
        session.write_text_to_link(key)
    if model.method != "file" and model.tokens < LARGE:
        st.caption(
            f"Trained on {model.tokens:,} words: analogies are usually learned from many millions. Compare the cosines "
            "to b and c: where the one to b is low, the answer is merely a neighbor of c."
        )
    if not all(words):
        st.info("Enter three words: a is to b as c is to …", icon=":material/join_inner:")
        return
    a, b, c = words
    try:
        answers = session.ask(find_analogies, session.folder(), model.digest, a, b, c, ANSWERS)
    except InputError as error:
        show_error(error)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{plain(a)}** is to **{plain(b)}** as **{plain(c)}** is to …")
        table = pd.DataFrame(
            [(item.word, item.score, item.to_b, item.to_c, item.to_a, item.count) for item in answers],
            columns=["Word", "Score", "Cosine to b", "Cosine to c", "Cosine to a", "Count"],
        )
        selected = show_table(table, "Answers", _columns(), key="words_answers", selection="single-row")
        csv_button("Download (CSV)", table, "analogy.csv", "The table.", key="words_answers_csv")
        st.caption("Score: 3CosAdd, the cosine to b − a + c of unit vectors; the three words are left out.")
    with right:
        show_examples(info, str(table["Word"].iloc[selected[0] if selected else 0]), "analogy")


def _columns() -> dict[str, object]:
    score = "Cosine to b - a + c (3CosAdd); higher is better."
    cosines = {f"Cosine to {name}": number(format="%.3f", help=f"Of the answer and {name}.") for name in "bca"}
    return {"Score": number(format="%.3f", help=score), **cosines, "Count": number(format="localized", help=COUNT_HELP)}
