"""Disagreement: where the contenders see different neighbors, which rows, and what explains it."""

from core.disagreement.service import Asked
from pages.shared import contenders as compare_frame
from pages.shared import session
from pages.shared.disagreement import explanations as why
from pages.shared.disagreement import maps, overview, query, rows, vote, wait
from pages.shared.disagreement import neighbor_shifts as moves

PARTS = {
    "Overview": overview.show,
    "Rows": rows.show,
    "What explains it": why.show,
    "Moved together": moves.show,
    "Maps": maps.show,
    "One query": query.show,
    "Blind vote": vote.show,
}


def page() -> None:
    found = compare_frame.start_page("Disagreement", "There is nothing to compare yet: bring in some text first.")
    if found is None:
        return
    info, contenders = found
    asked = Asked(session.corpus_ref(info), contenders)
    if not wait.ready(asked):
        return
    part = compare_frame.select_view(
        PARTS,
        "differ",
        "How alike the contenders are as a whole; the rows they disagree on; what such rows have in common; which "
        "texts changed neighbors together; their maps; one query under all; and which of them agrees with you.",
    )
    compare_frame.run_view(PARTS[part], asked, info)


page()
