"""Comparing texts by their wording: at once where they are few, else as a job."""

import streamlit as st

from core.anomalies.shingles import CHARACTERS, MOST_CANDIDATES, PERMUTATIONS, WORDS
from core.answers.anomalies.duplicates import Groups, Place
from core.answers.anomalies.text_copies import compare_texts, text_facts, text_state
from core.jobs.types import JobSpec
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.text import count


def ready(place: Place, info: CorpusInfo) -> bool:
    """Whether the texts have been compared; else compares a few at once, or shows what to start or to wait for."""
    where = (place.folder, place.corpus, place.by)
    state = session.ask(text_state, *where)
    if state.kept:
        return True
    if state.quick:
        with st.spinner("Comparing the wording", show_time=True):
            session.ask(compare_texts, *where, timeout=600)
        return True
    job = JobSpec("texts", place.folder, place.corpus, {"unit": place.by}, title=f"Wording of {info.name}")
    words = f"All {count(info.rows, 'text')} are compared by their wording, once."
    result_view.offer(
        job, "The wording of these texts has not been compared yet.", words, "Compare them", state.seconds
    )
    return False


def note(place: Place, grouped: Groups) -> None:
    """How wording was compared, and how surely a pair was found."""
    at = float(session.widget_value(f"near-{place.by}-") or 0.7)
    chance, crowded = session.ask_once(text_facts, place.folder, place.corpus, place.by, at)
    unit = f"runs of {CHARACTERS} characters" if place.by == "characters" else f"runs of {WORDS} words"
    st.caption(
        f"Jaccard similarity of the sets of {unit} (lower case, no punctuation): those shared over all. MinHash "
        f"({PERMUTATIONS} permutations, seed 1) only proposes pairs; each one's similarity is then counted exactly. "
        f"Which pairs are proposed is a matter of chance: one just at {at:.3f} is found with probability {chance:.4f}, "
        "nearer ones more surely."
    )
    if crowded:
        st.warning(
            f"{count(crowded, 'text')} had more than {MOST_CANDIDATES} candidates, of which that many were compared: "
            "groups of very many alike texts may fall apart.",
            icon=":material/warning:",
        )
