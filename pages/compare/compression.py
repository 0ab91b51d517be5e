"""Compression: how small the vectors and how fast the index can be, and what that loses."""

from core.compression.service import CompressedContender
from pages.shared import session
from pages.shared.compression.dimensions import show_dimensions, show_quantization
from pages.shared.compression.index import show_index
from pages.shared.compression.planner import show_capacity_planner
from pages.shared.compression.select_contender import select_contender
from pages.shared.contenders import run_view, select_view, start_page

PARTS = {
    "Dimensions": show_dimensions,
    "Quantization": show_quantization,
    "Index": show_index,
    "Capacity planner": show_capacity_planner,
}
HELP = (
    "Dimensions: fewer numbers per vector. Quantization: fewer bits per number. Index: searching only part of the "
    "vectors. Capacity planner: memory and time for a number of rows."
)


def page() -> None:
    frame = start_page("Compression", "There is nothing to compress yet. Add data first.", minimum=1)
    if frame is None:
        return
    info, contenders = frame
    compressed = CompressedContender(session.corpus_ref(info), select_contender(contenders))
    part = select_view(PARTS, "compress_part", HELP)
    run_view(PARTS[part], compressed, info)


page()
