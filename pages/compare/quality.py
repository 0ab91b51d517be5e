"""Quality: diagnostics of the embedding space of one contender or several."""

from collections.abc import Callable

from pages.shared import contenders
from pages.shared.quality.calibration import show_calibration
from pages.shared.quality.common import QualitySelection, prepare_contenders
from pages.shared.quality.dimension_usage import show_dimension_usage, show_hubness
from pages.shared.quality.migration import show_migration
from pages.shared.quality.robustness import show_robustness
from pages.shared.quality.similarity import show_length_bias, show_similarity

PARTS: dict[str, Callable[[QualitySelection], None]] = {
    "Similarity": show_similarity,
    "Dimension usage": show_dimension_usage,
    "Robustness": show_robustness,
    "Hubness": show_hubness,
    "Length bias": show_length_bias,
    "Calibration": show_calibration,
    "Migration": show_migration,
}
HELP = (
    "Similarity: of unrelated, same-label and neighboring texts. Dimension usage: effective dimensions. Robustness: to "
    "noise and edits. Hubness: texts that are neighbors of too many others. Length bias: effect of text length. "
    "Calibration: what a cosine means. Migration: what changes when one model replaces another. All are descriptive; "
    "to select the best model, use the Scoreboard."
)


def page() -> None:
    frame = contenders.start_page("Quality", "No data yet. Add data to analyze embedding quality.", minimum=1)
    if frame is None:
        return
    part = contenders.select_view(PARTS, "quality_part", HELP)
    selection = prepare_contenders(*frame)
    if selection is not None:
        contenders.run_view(PARTS[part], selection)


page()
