"""Disagreement: where the contenders see different neighbors, which rows, and what explains it."""

from core.answers.disagreement import Asked
from pages.shared import (
    compare_frame,
    disagree_maps,
    disagree_moves,
    disagree_overview,
    disagree_query,
    disagree_rows,
    disagree_vote,
    disagree_wait,
    disagree_why,
    session,
)

PARTS = {
    "Overview": disagree_overview.show,
    "Rows": disagree_rows.show,
    "What explains it": disagree_why.show,
    "Moved together": disagree_moves.show,
    "Maps": disagree_maps.show,
    "One query": disagree_query.show,
    "Blind vote": disagree_vote.show,
}


def page() -> None:
    found = compare_frame.begin("Disagreement", "There is nothing to compare yet: bring in some text first.")
    if found is None:
        return
    info, contenders = found
    asked = Asked(session.folder(), info.digest, contenders)
    if not disagree_wait.ready(asked):
        return
    part = compare_frame.part(
        PARTS,
        "differ",
        "How alike the contenders are as a whole; the rows they disagree on; what such rows have in common; which "
        "texts changed neighbors together; their maps; one query under all; and which of them agrees with you.",
    )
    compare_frame.section(PARTS[part], asked, info)


page()
