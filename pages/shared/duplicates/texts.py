"""Near-duplicates by wording: computed at once where the texts are few, else as a job."""

import streamlit as st

from core.duplicates.minhash import CHARACTERS, MOST_CANDIDATES, PERMUTATIONS, WORDS, Unit
from core.duplicates.service import Groups
from core.outliers.results import TEXT_DUPLICATES, TextQuery
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import result_view, session
from pages.shared.text import count


def ready(info: CorpusInfo, unit: Unit) -> bool:
    """Whether the texts have been compared; else compares a few at once, or shows the job's progress or offers it."""
    return result_view.ready(
        TEXT_DUPLICATES,
        TextQuery(CorpusRef(session.folder(), info.digest), unit),
        headline="The wording of these texts has not been compared yet.",
        description=f"All {count(info.rows, 'text')} are compared by their wording, once.",
        button="Compare them",
        title=f"Wording of {info.name}",
    )


def note(info: CorpusInfo, unit: Unit, grouped: Groups) -> None:
    """How wording was compared, and how surely a pair was found."""
    at = float(session.widget_value(f"near-{unit}-") or 0.7)
    links = TEXT_DUPLICATES.get(TextQuery(CorpusRef(session.folder(), info.digest), unit))
    chance, crowded = links.chance(at), links.crowded
    runs = f"runs of {CHARACTERS} characters" if unit == "characters" else f"runs of {WORDS} words"
    st.caption(
        f"Jaccard similarity of the sets of {runs} (lower case, no punctuation): those shared over all. MinHash "
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
