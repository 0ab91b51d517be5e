"""Compression: how small the vectors and how quick the index can be, and what that loses."""

from core.answers.compression import Asked
from pages.shared import (
    compare_frame,
    compress_bits,
    compress_dimensions,
    compress_index,
    compress_plan,
    compress_which,
    session,
)

PARTS = {
    "Dimensions": compress_dimensions.show,
    "Bits": compress_bits.show,
    "Index": compress_index.show,
    "Size planner": compress_plan.show,
}


def page() -> None:
    nothing = "There is nothing to compress yet: bring in some text first."
    found = compare_frame.begin("Compression", nothing, least=1)
    if found is None:
        return
    info, contenders = found
    asked = Asked(session.folder(), info.digest, compress_which.which(contenders))
    part = compare_frame.part(
        PARTS,
        "compress_part",
        "Fewer numbers a vector; fewer bits a number; an index that looks at fewer vectors; and what each takes for a "
        "number of rows.",
    )
    compare_frame.section(PARTS[part], asked, info)


page()
