"""Words whose use changed between two periods."""

from datetime import date

import pandas as pd
import streamlit as st

from core.store import CorpusInfo
from core.trends.periods import time_columns
from core.types import CorpusRef
from core.word_vectors.changes import ALPHA, MIN_DROP, ChangeSettings, WordChanges
from core.word_vectors.periods import time_range
from core.word_vectors.results import WORD_CHANGES, ChangeQuery
from core.word_vectors.service import corpus_facts
from pages.shared import result_view, session
from pages.shared.downloads import csv_button
from pages.shared.tables import number, percentage, show_table, text
from pages.shared.text import count, plain
from pages.shared.word_vectors.nearest import show_examples

MIN_COUNT, TOKENS_PER_COUNT = 5, 2_500  # of the suggested minimum count
P_HELP = "Permutation p-value, corrected over all words that were compared (maximum statistic)."


def show_changes(info: CorpusInfo) -> None:
    """The date, the minimum count, and the words with other neighbors before than after."""
    corpus = session.corpus_ref(info)
    columns = session.ask_once(time_columns, corpus)
    if not columns:
        st.info("This corpus has no time column, which tells the periods apart.", icon=":material/schedule:")
        return
    query = _select_query(info, columns)
    changes = result_view.ready_value(
        WORD_CHANGES, query, headline="Compare the use of words", title=f"Changed use of words: {info.name}",
        description="Nearest neighbors of each word before and after the date, against random divisions of the texts.",
        button="Compare",
    )  # fmt: skip
    if changes is not None:
        _show_changes(info, changes, query)


def _select_query(info: CorpusInfo, columns: tuple[str, ...]) -> ChangeQuery:
    corpus = session.corpus_ref(info)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        time = str(st.selectbox("Time", columns, key="words_time", width=220, help="The time column, in UTC."))
        first, middle, last = (date.fromisoformat(day) for day in session.ask_once(time_range, corpus, time))
        split = st.date_input(
            "Split date", middle, first, last, key=f"words_split-{info.digest}-{time}", width=170,
            help="Texts from this date on are compared with those before. Default: the median.",
        )  # fmt: skip
        min_count = st.number_input(
            "Minimum count", 3, 1_000, _suggested_count(corpus), key=f"words_change_count-{info.digest}", width=150,
            help="Occurrences of a word in each period; rarer words are not compared.",
        )  # fmt: skip
    return ChangeQuery(corpus, time, split.isoformat(), ChangeSettings(min_count=int(min_count)))


def _suggested_count(corpus: CorpusRef) -> int:
    """Lower for small corpora, whose words are all rare."""
    tokens = session.ask_once(corpus_facts, corpus).tokens
    return min(max(tokens // TOKENS_PER_COUNT, MIN_COUNT), ChangeSettings.min_count)


def _show_changes(info: CorpusInfo, changes: WordChanges, query: ChangeQuery) -> None:
    significant = changes.significant
    st.markdown(
        f"**{count(len(significant), 'word')} of {len(changes.words):,} significantly changed** between "
        f"{count(changes.texts_before, 'unique text')} before {query.split} and {changes.texts_after:,} after: p at "
        f"most {ALPHA:g}, and an overlap at least {100 * MIN_DROP:.0f} points below the expected one."
    )
    show_all = st.toggle("Show all compared words", key="words_changes_all")
    listed = changes.words if show_all else significant
    if not listed:
        st.info("No change of use is larger than random divisions of the texts explain.", icon=":material/info:")
    else:
        table = changes_frame(changes, len(listed))
        selected = show_table(table, "Changed words", _columns(), key="words_changes", selection="single-row")
        csv_button("Download (CSV)", table, "changed-words.csv", "The table.", key="words_changes_csv")
        if selected:
            show_examples(info, str(table["Word"].iloc[selected[0]]), "change")
    st.caption(_method(changes))


def changes_frame(changes: WordChanges, rows: int) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "Word": word.word, "Before": word.before, "After": word.after, "Overlap": word.overlap,
            "Expected": word.expected, "p": word.p, "Neighbors before": ", ".join(word.only_before),
            "Neighbors after": ", ".join(word.only_after),
        }
        for word in changes.words[:rows]
    ])  # fmt: skip


def _columns() -> dict[str, object]:
    return {
        "Word": text(width=110),
        "Before": number(format="localized", help="Occurrences before the date."),
        "After": number(format="localized", help="Occurrences from the date on."),
        "Overlap": percentage(help="Share of nearest words that both periods have in common; lower is more changed."),
        "Expected": percentage(help="Mean overlap over random divisions of the texts."),
        "p": number(format="%.2f", help=P_HELP),
        "Neighbors before": text(help="Nearest words before the date alone.", width="large"),
        "Neighbors after": text(help="Nearest words from the date on alone.", width="large"),
    }


def _method(changes: WordChanges) -> str:
    settings = changes.settings
    return plain(
        f"Overlap of the {changes.neighbors} nearest words in the two periods (Gonen et al., 2020), by PPMI vectors of "
        f"words within {settings.window} words. Noise: {settings.permutations} random divisions of the texts into "
        f"periods of the same sizes, seed {settings.seed}; p is corrected over all compared words (maximum statistic). "
        "Function words are left out."
    )
