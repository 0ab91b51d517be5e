"""Compression: how small the vectors and how quick the index can be, and what that loses."""

from core.compression.service import CompressedContender
from pages.shared import compare_frame, session
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
    found = compare_frame.begin("Compression", nothing, least=1)
    if found is None:
        return
    info, contenders = found
    asked = CompressedContender(session.corpus_ref(info), which.which(contenders))
    part = compare_frame.part(
        PARTS,
        "compress_part",
        "Fewer numbers a vector; fewer bits a number; an index that looks at fewer vectors; and what each takes for a "
        "number of rows.",
    )
    compare_frame.section(PARTS[part], asked, info)


page()
