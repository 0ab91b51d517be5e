"""Compression: how small the vectors and how quick the index can be, and what that loses."""

from core.compression.service import Asked
from pages.shared import contenders as compare_frame
from pages.shared import session
from pages.shared.compression import dimensions, index
from pages.shared.compression import planner as plan
from pages.shared.compression import quantization as bits
from pages.shared.compression import select_contender as which

PARTS = {
    "Dimensions": dimensions.show,
    "Bits": bits.show,
    "Index": index.show,
    "Size planner": plan.show,
}


def page() -> None:
    nothing = "There is nothing to compress yet: bring in some text first."
    found = compare_frame.start_page("Compression", nothing, minimum=1)
    if found is None:
        return
    info, contenders = found
    asked = Asked(session.corpus_ref(info), which.which(contenders))
    part = compare_frame.select_view(
        PARTS,
        "compress_part",
        "Fewer numbers a vector; fewer bits a number; an index that looks at fewer vectors; and what each takes for a "
        "number of rows.",
    )
    compare_frame.run_view(PARTS[part], asked, info)


page()
