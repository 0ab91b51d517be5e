"""Layouts of the same rows laid onto each other, so that what differs is the model and not the rotation."""

import numpy as np


def aligned(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """(n, 2) float32: `moving` translated and scaled (both axes alike) to the place and the spread of `fixed`, then
    rotated or mirrored to lie closest to it.

    Orthogonal Procrustes (Schönemann, 1966) of layouts brought to one size, the root mean square distance from their
    centers (as Gower, 1975): the least squares' own scale would shrink a map the more it differs. Rows with NaN are
    left out of the fit and moved with the rest. Where one of the two has all rows at one place, or nothing in common
    with the other, there is no best rotation: then it is translated only.
    """
    source, target = (np.asarray(points, dtype=np.float64) for points in (moving, fixed))
    known = np.isfinite(source).all(axis=1) & np.isfinite(target).all(axis=1)
    if not known.any():
        return source.astype(np.float32)
    source_center, target_center = source[known].mean(axis=0), target[known].mean(axis=0)
    turn = _turn(source[known] - source_center, target[known] - target_center)
    return ((source - source_center) @ turn + target_center).astype(np.float32)


def _turn(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation or reflection (2, 2) that takes centered rows closest to centered rows, scaled to their size."""
    from scipy.linalg import orthogonal_procrustes

    rotation, common = orthogonal_procrustes(source, target)  # common: the sum of the singular values of source' target
    source_size, target_size = np.linalg.norm(source), np.linalg.norm(target)
    if common <= 1e-9 * max(source_size * target_size, np.finfo(np.float64).tiny):
        return np.eye(source.shape[1])
    return np.asarray(rotation * (target_size / source_size))
