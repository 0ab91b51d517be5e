"""Compression: how small the vectors and how fast the index can be, and what that loses."""

from core.compression.service import CompressedContender
from pages.shared import compare_frame, session
from pages.shared.compression.dimensions import show_dimensions
from pages.shared.compression.index import show_index
from pages.shared.compression.planner import show_capacity_planner
from pages.shared.compression.quantization import show_quantization
from pages.shared.compression.select_contender import select_contender

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
    frame = compare_frame.begin("Compression", "There is nothing to compress yet. Add data first.", least=1)
    if frame is None:
        return
    info, contenders = frame
    compressed = CompressedContender(session.corpus_ref(info), select_contender(contenders))
    part = compare_frame.part(PARTS, "compress_part", HELP)
    compare_frame.section(PARTS[part], compressed, info)


page()
