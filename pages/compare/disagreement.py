"""Disagreement: where the contenders have different neighbors, on which rows, and what explains it."""

from core.disagreement.results import ComparisonQuery
from pages.shared import session
from pages.shared.contenders import run_view, select_view, start_page
from pages.shared.disagreement.controls import comparison_ready
from pages.shared.disagreement.explanations import show_explanations
from pages.shared.disagreement.maps import show_maps
from pages.shared.disagreement.neighbor_shifts import show_shifted_groups
from pages.shared.disagreement.overview import show_overview
from pages.shared.disagreement.rows import show_rows
from pages.shared.disagreement.single_query import show_single_query
from pages.shared.disagreement.vote import show_blind_vote

PARTS = {
    "Overview": show_overview,
    "Rows": show_rows,
    "Explanations": show_explanations,
    "Shifted groups": show_shifted_groups,
    "Maps": show_maps,
    "Single query": show_single_query,
    "Blind vote": show_blind_vote,
}
HELP = (
    "Overview: pairwise similarity. Rows: where contenders disagree. Explanations: what such rows have in common. "
    "Shifted groups: texts that changed neighbors together. Maps: colored by disagreement. Single query: one query "
    "under all. Blind vote: which contender agrees with you."
)


def page() -> None:
    frame = start_page("Disagreement", "There is nothing to compare yet. Add data first.")
    if frame is None:
        return
    info, contenders = frame
    query = ComparisonQuery(session.corpus_ref(info), contenders)
    if not comparison_ready(query):
        return
    part = select_view(PARTS, "differ", HELP)
    run_view(PARTS[part], query, info)


page()
