"""Quality: what cosines mean under one contender or several, and how full and steady their spaces are."""

from collections.abc import Callable

from pages.shared import contenders
from pages.shared.quality import calibration as meaning
from pages.shared.quality import density, hubs, length, similarity, start
from pages.shared.quality import migration as move
from pages.shared.quality import noise as robust
from pages.shared.quality.common import Asked

PARTS: dict[str, Callable[[Asked], None]] = {
    "Similarity": similarity.show,
    "Information density": density.show,
    "Robustness": robust.show,
    "Hubness": hubs.show,
    "Length bias": length.show,
    "Calibrated similarity": meaning.show,
    "Migration": move.show,
}


def page() -> None:
    found = contenders.start_page("Quality", "There is nothing to look into yet: bring in some text first.", minimum=1)
    if found is None:
        return
    part = contenders.select_view(
        PARTS,
        "quality_part",
        "How cosines lie; how many directions are used; what noise and changed words do; whether some texts answer "
        "everything; what length does; what a cosine means; what changes when one model replaces another. These "
        "describe; which contender is better is told by the Scoreboard.",
    )
    asked = start.asked(*found)
    if asked is not None:
        contenders.run_view(PARTS[part], asked)


page()
