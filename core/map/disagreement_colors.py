"""Maps of the contenders' models, colored by how much they disagree on each row."""

import numpy as np

from core.digest import digest_array
from core.disagreement.overlap import DEPTHS
from core.disagreement.rows import disagreement, groups
from core.disagreement.service import Asked
from core.disagreement.stored import has_pair, pairs_of
from core.map.color_codes import color_codes, color_look
from core.map.coloring import ColorSpec
from core.map.scene import Colors, Packet, geometry, stored_layouts
from core.map.service import LayoutKey
from core.palette import Theme
from core.store import Workspace
from core.types import CorpusRef, LayoutParams
from core.vectors.contenders import from_key

MOST_MAPS = 4
FEWEST = 10  # rows of a group that is named
LEFT_OUT = 0.02


def contender_layouts(asked: Asked) -> tuple[LayoutKey, ...]:
    """The default maps of the contenders' models that have been drawn, at most four, in the contenders' order."""
    kept = {
        position.model.key: position for position in stored_layouts(asked.corpus) if position.params == LayoutParams()
    }
    keys = dict.fromkeys(contender.model.key for contender in asked.contenders)
    return tuple(kept[key] for key in keys if key in kept)[:MOST_MAPS]


def disagreement_colors(asked: Asked, k: int, places: tuple[LayoutKey, ...], theme: Theme) -> Colors:
    """`disagreement_spec` on the rows that are drawn."""
    spec = disagreement_spec(asked, k)
    ids = geometry(places).ids
    codes = color_codes(spec)
    drawn = codes if ids is None else codes[np.frombuffer(ids.data, np.uint32)]
    return Colors(Packet(digest_array(drawn), np.ascontiguousarray(drawn).tobytes()), color_look(spec, theme), "")


def disagreement_spec(asked: Asked, k: int) -> ColorSpec:
    """Disagreement on all rows; the scale leaves out the 2% of the rows that are disagreed on least. Rows without
    neighbors but copies count as 0. Raises StorageError where a pair has not been compared."""
    values = np.nan_to_num(disagreement(asked, k)).astype(np.float32)
    low, high = float(np.quantile(values, LEFT_OUT)), float(values.max())
    return ColorSpec("disagreement", "trust", values, (), low if high > low else 0.0, high if high > low else 1.0)


def link_text(asked: Asked, k: int) -> str:
    """Names contenders and depth in a link."""
    return ".".join([str(k), *(contender.key for contender in asked.contenders)])


def from_link(corpus: CorpusRef, text: str) -> tuple[Asked, int] | None:
    """What a link's text names, as far as it can be shown: contenders of this corpus that have been compared."""
    depth, *keys = text.split(".")
    models = Workspace(corpus.folder).models(corpus.digest)
    found = [contender for key in keys if (contender := from_key(key, models)) is not None]
    asked = Asked(corpus, tuple(found))
    known = len(found) == len(keys) > 1 and all(has_pair(corpus, *pair) for pair in pairs_of(asked.contenders))
    return (asked, int(depth)) if known and depth in map(str, DEPTHS) else None


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
