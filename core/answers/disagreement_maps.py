"""Maps of the contenders' models, colored by how much they disagree on each row."""

import numpy as np

from core.answers.disagreement import Asked
from core.answers.disagreement_rows import disagreement, groups
from core.answers.map import Place
from core.answers.scene import Colors, Packet, geometry, kept_places
from core.charts.coloring import ColorSpec
from core.charts.palette import Theme
from core.charts.scatter import color_codes, color_look
from core.digest import digest_array
from core.types import LayoutParams

MOST_MAPS = 4
FEWEST = 10  # rows of a group that is named
LEFT_OUT = 0.02


def places_of(asked: Asked) -> tuple[Place, ...]:
    """The default maps of the contenders' models that have been drawn, at most four, in the contenders' order."""
    kept = {each.model.key: each for each in kept_places(asked.folder, asked.corpus) if each.params == LayoutParams()}
    keys = dict.fromkeys(each.model.key for each in asked.contenders)
    return tuple(kept[key] for key in keys if key in kept)[:MOST_MAPS]


def disagreement_colors(asked: Asked, k: int, places: tuple[Place, ...], theme: Theme) -> Colors:
    """Disagreement on the rows that are drawn; the scale leaves out the 2% of the rows that are disagreed on least.
    Rows without neighbors but copies count as 0."""
    values = np.nan_to_num(disagreement(asked, k)).astype(np.float32)
    low, high = float(np.quantile(values, LEFT_OUT)), float(values.max())
    spec = ColorSpec("disagreement", "trust", values, (), low if high > low else 0.0, high if high > low else 1.0)
    ids = geometry(places).ids
    codes = color_codes(spec)
    drawn = codes if ids is None else codes[np.frombuffer(ids.data, np.uint32)]
    return Colors(Packet(digest_array(drawn), np.ascontiguousarray(drawn).tobytes()), color_look(spec, theme), "")


def extreme_groups(asked: Asked, k: int) -> tuple[tuple[str, float], ...]:
    """The default groups with the highest and the lowest mean disagreement, named; none where there are fewer than
    two groups of ten rows or more."""
    found, values = groups(asked), disagreement(asked, k)
    if found is None:
        return ()
    labels, known = np.asarray(found.labels), np.isfinite(values)
    inside = known & (labels >= 0)
    rows = np.bincount(labels[inside], minlength=len(found.names))
    means = np.bincount(labels[inside], values[inside], len(found.names)) / np.maximum(rows, 1)
    large = np.flatnonzero(rows >= FEWEST)
    if len(large) < 2:
        return ()
    ends = large[np.argmax(means[large])], large[np.argmin(means[large])]
    return tuple((found.names[end], float(means[end])) for end in ends)
