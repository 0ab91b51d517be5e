"""Maps of the contenders' models, colored by how much they disagree on each row."""

import numpy as np

from core.digest import digest_array
from core.disagreement.service import ComparisonQuery, depths, disagreement, first_clusters, is_compared
from core.map.color_codes import color_codes, color_look
from core.map.coloring import ColorSpec
from core.map.scene import Colors, Packet, geometry, kept_places
from core.map.service import Place
from core.palette import Theme
from core.store import Workspace
from core.types import CorpusRef, LayoutParams
from core.vectors.contenders import from_key

MAX_MAPS = 4
MIN_CLUSTER_ROWS = 10  # of a cluster that is named
CLIPPED = 0.02


def layouts_of(query: ComparisonQuery) -> tuple[Place, ...]:
    """The default maps of the contenders' models that are stored, at most four, in the contenders' order."""
    layouts = {layout.model.key: layout for layout in kept_places(query.corpus) if layout.params == LayoutParams()}
    keys = dict.fromkeys(contender.model.key for contender in query.contenders)
    return tuple(layouts[key] for key in keys if key in layouts)[:MAX_MAPS]


def disagreement_colors(query: ComparisonQuery, k: int, layouts: tuple[Place, ...], theme: Theme) -> Colors:
    """`disagreement_spec` on the rows that are drawn."""
    spec = disagreement_spec(query, k)
    ids = geometry(layouts).ids
    codes = color_codes(spec)
    drawn = codes if ids is None else codes[np.frombuffer(ids.data, np.uint32)]
    return Colors(Packet(digest_array(drawn), np.ascontiguousarray(drawn).tobytes()), color_look(spec, theme), "")


def disagreement_spec(query: ComparisonQuery, k: int) -> ColorSpec:
    """Disagreement on all rows; the scale leaves out the 2% of the rows with least disagreement. Rows without
    neighbors but copies count as 0. Raises StorageError where a pair has not been compared."""
    values = np.nan_to_num(disagreement(query, k)).astype(np.float32)
    low, high = float(np.quantile(values, CLIPPED)), float(values.max())
    return ColorSpec("disagreement", "trust", values, (), low if high > low else 0.0, high if high > low else 1.0)


def link_text(query: ComparisonQuery, k: int) -> str:
    """Names contenders and depth in a link."""
    return ".".join([str(k), *(contender.key for contender in query.contenders)])


def from_link(corpus: CorpusRef, text: str) -> tuple[ComparisonQuery, int] | None:
    """What a link's text names, as far as it can be shown: contenders of this corpus that have been compared."""
    depth, *keys = text.split(".")
    models = Workspace(corpus.folder).models(corpus.digest)
    contenders = tuple(contender for key in keys if (contender := from_key(key, models)) is not None)
    query = ComparisonQuery(corpus, contenders)
    is_complete = len(contenders) == len(keys) > 1 and is_compared(query)
    return (query, int(depth)) if is_complete and depth in map(str, depths(corpus)) else None


def extreme_clusters(query: ComparisonQuery, k: int) -> tuple[tuple[str, float], ...]:
    """The default clusters with the highest and the lowest mean disagreement; none where there are fewer than two
    clusters of ten rows or more."""
    clusters, values = first_clusters(query), disagreement(query, k)
    if clusters is None:
        return ()
    labels = np.asarray(clusters.labels)
    inside = np.isfinite(values) & (labels >= 0)
    rows = np.bincount(labels[inside], minlength=len(clusters.names))
    means = np.bincount(labels[inside], values[inside], len(clusters.names)) / np.maximum(rows, 1)
    large = np.flatnonzero(rows >= MIN_CLUSTER_ROWS)
    if len(large) < 2:
        return ()
    extremes = large[np.argmax(means[large])], large[np.argmin(means[large])]
    return tuple((clusters.names[label], float(means[label])) for label in extremes)
