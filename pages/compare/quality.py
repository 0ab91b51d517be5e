"""Quality: what cosines mean under one contender or several, and how full and steady their spaces are."""

from collections.abc import Callable

from pages.shared import (
    compare_frame,
    quality_density,
    quality_hubs,
    quality_length,
    quality_meaning,
    quality_move,
    quality_robust,
    quality_similarity,
    quality_start,
)
from pages.shared.quality_common import Asked

PARTS: dict[str, Callable[[Asked], None]] = {
    "Similarity": quality_similarity.show,
    "Information density": quality_density.show,
    "Robustness": quality_robust.show,
    "Hubness": quality_hubs.show,
    "Length bias": quality_length.show,
    "Calibrated similarity": quality_meaning.show,
    "Migration": quality_move.show,
}


def page() -> None:
    found = compare_frame.begin("Quality", "There is nothing to look into yet: bring in some text first.", least=1)
    if found is None:
        return
    part = compare_frame.part(
        PARTS,
        "quality_part",
        "How cosines lie; how many directions are used; what noise and changed words do; whether some texts answer "
        "everything; what length does; what a cosine means; what changes when one model replaces another. These "
        "describe; which contender is better is told by the Scoreboard.",
    )
    asked = quality_start.asked(*found)
    if asked is not None:
        compare_frame.section(PARTS[part], asked)


page()
