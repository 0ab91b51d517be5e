"""The map of an adapter: rows plus a linear function of them. It starts at the identity: a fresh adapter is the base.

"linear": W = I + R, R a (d, d) residual. "low_rank": W = I + U V', U and V (d, r); V starts at zero (as LoRA; Hu et
al., 2022). Arrays by name, so that they can be stored.
"""

from typing import Literal

import numpy as np
import pandas as pd

from core.types import unit_rows

Kind = Literal["linear", "low_rank"]
Arrays = dict[str, np.ndarray]


def identity(kind: Kind, dimensions: int, rank: int, rng: np.random.Generator) -> Arrays:
    """float32 arrays under which `transform` returns its input."""
    if kind == "linear":
        return {"residual": np.zeros((dimensions, dimensions), np.float32)}
    shape = dimensions, min(rank, dimensions)
    down = rng.standard_normal(shape) / np.sqrt(dimensions)
    return {"down": down.astype(np.float32), "up": np.zeros(shape, np.float32)}


def transform(arrays: Arrays, rows: np.ndarray) -> np.ndarray:
    """(m, d) rows under the map, not of unit length."""
    if "residual" in arrays:
        return np.asarray(rows + rows @ arrays["residual"])
    return np.asarray(rows + (rows @ arrays["down"]) @ arrays["up"].T)


def gradients(arrays: Arrays, rows: np.ndarray, outer: np.ndarray) -> Arrays:
    """Of a loss with respect to the arrays. outer: (m, d) its gradient with respect to the transformed rows."""
    if "residual" in arrays:
        return {"residual": rows.T @ outer}
    return {"down": rows.T @ (outer @ arrays["up"]), "up": outer.T @ (rows @ arrays["down"])}


def unit_transform(arrays: Arrays, rows: np.ndarray) -> np.ndarray:
    """(m, d) transformed rows scaled to unit length."""
    mapped = transform(arrays, rows)
    return np.asarray(mapped / np.linalg.norm(mapped, axis=1, keepdims=True))


def map_rows(arrays: Arrays, rows: np.ndarray) -> np.ndarray:
    """(n, d) float32 unit rows under the map. Equal rows give equal ones, which matrix products do not guarantee."""
    if not len(rows):
        return rows
    codes = pd.factorize(np.array([row.tobytes() for row in rows], dtype=object))[0]
    distinct = rows[np.unique(codes, return_index=True)[1]]
    return unit_rows(unit_transform(arrays, distinct))[codes]
