"""Questions about the map's lettering: which regions it has, and where it is dense."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from core.clusters.cluster_set import cluster_set
from core.clusters.methods import ClusterParams
from core.corpus.filters import factorize_texts
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
from core.errors import InputError
from core.map.contours import Contour, density_contours
from core.map.region_labels import Region, map_regions, regions_by_label
from core.map.service import Place, stored_layout
from core.vectors.communities import RESOLUTIONS

GROUPS = "\x00groups."  # no column's name: regions are the groups of a level, whose number follows


@lru_cache(maxsize=16)
def regions(place: Place, column: str = "") -> tuple[Region, ...]:
    """Labels of a kept layout: by the words of its texts, or for each value of a column.

    Raises StorageError where the layout is not kept, InputError for a column that isn't there.
    """
    if column.startswith(GROUPS):
        return _group_regions(place, column.removeprefix(GROUPS))
    if not column:
        return map_regions(_points(place), *load_terms(place.corpus))
    table = load_corpus(place.corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to name regions by.', "Choose another.")
    codes, names = factorize_texts(table[column])
    return regions_by_label(_points(place), codes, [str(name) for name in names])


@lru_cache(maxsize=8)
def contours(place: Place) -> tuple[Contour, ...]:
    """Lines around the densest parts of a kept layout. Raises StorageError where it is not kept."""
    return density_contours(_points(place))


def _group_regions(place: Place, value: str) -> tuple[Region, ...]:
    """The groups of a level, and when zoomed in those of the next finer one."""
    found: list[Region] = []
    chosen = int(value.partition(".")[0])
    for step, level in enumerate((chosen, min(chosen + 1, len(RESOLUTIONS) - 1))):
        if step and level == chosen:
            continue
        told = cluster_set(place.corpus, place.model, ClusterParams(level=level))
        found += [replace(each, level=step) for each in regions_by_label(_points(place), told.labels, told.names)]
    return tuple(found)


def _points(place: Place) -> np.ndarray:
    return np.asarray(stored_layout(place).points)[:, :2]
