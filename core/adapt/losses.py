"""Losses on cosines, with their gradients. Lower is better."""

from dataclasses import dataclass

import numpy as np

from core.models.linear_maps import Arrays, gradients, transform

PAIR_SCALE = 20.0  # of cosines in CoSENT, as sentence-transformers


@dataclass(frozen=True, eq=False)
class RankedBatch:
    """anchors: (b, d), candidates: (c, d). positive: (b,) the column of each anchor's positive. allowed: (b, c) bool,
    the columns that count: the positive and the negatives."""

    anchors: np.ndarray
    candidates: np.ndarray
    positive: np.ndarray
    allowed: np.ndarray


@dataclass(frozen=True, eq=False)
class PairBatch:
    """first, second: (b, d) rows of each pair; scores: (b,)."""

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray


def contrastive(
    cosines: np.ndarray, positive: np.ndarray, allowed: np.ndarray, temperature: float
) -> tuple[float, np.ndarray]:
    """Multiple negatives ranking loss, InfoNCE (van den Oord et al., 2018): mean cross-entropy of the positive among
    the allowed candidates; and its gradient (b, c)."""
    rows, logits = np.arange(len(cosines)), np.where(allowed, cosines / temperature, -np.inf)
    logits -= logits.max(axis=1, keepdims=True)
    share = np.exp(logits)
    total = share.sum(axis=1)
    loss = np.log(total) - logits[rows, positive]
    share /= total[:, None]
    share[rows, positive] -= 1
    return float(loss.mean()), share / (len(cosines) * temperature)


def triplet(cosines: np.ndarray, positive: np.ndarray, allowed: np.ndarray, margin: float) -> tuple[float, np.ndarray]:
    """Batch-hard triplet loss (Hermans, Beyer and Leibe, 2017) on cosines: the mean of max(0, margin + hardest negative
    - positive); and its gradient (b, c)."""
    rows, negatives = np.arange(len(cosines)), np.where(allowed, cosines, -np.inf)
    negatives[rows, positive] = -np.inf
    hardest = negatives.argmax(axis=1)
    violation = margin + negatives[rows, hardest] - cosines[rows, positive]
    gradient = np.zeros_like(cosines)
    active = rows[violation > 0]
    gradient[active, hardest[active]] = 1 / len(rows)
    gradient[active, positive[active]] = -1 / len(rows)
    return float(np.maximum(violation, 0).mean()), gradient


def cosent(cosines: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """CoSENT loss (Su, 2022): log(1 + sum of exp(20 (cosine of i - cosine of j)) over pairs i scored lower than j); and
    its gradient (b,)."""
    excess = PAIR_SCALE * (cosines[:, None] - cosines[None, :])
    excess = np.where(scores[:, None] < scores[None, :], excess, -np.inf)
    top = max(float(excess.max()), 0.0)
    terms = np.exp(excess - top)
    total = np.exp(-top) + terms.sum()
    share = terms / total
    return float(top + np.log(total)), PAIR_SCALE * (share.sum(axis=1) - share.sum(axis=0))


def ranked_loss(arrays: Arrays, batch: RankedBatch, temperature: float, margin: float | None) -> tuple[float, Arrays]:
    """The contrastive loss of a batch under a map, or the triplet loss where there is a margin; and its gradients."""
    anchors, candidates = _unit(arrays, batch.anchors), _unit(arrays, batch.candidates)
    cosines = anchors[0] @ candidates[0].T
    if margin is None:
        loss, outer = contrastive(cosines, batch.positive, batch.allowed, temperature)
    else:
        loss, outer = triplet(cosines, batch.positive, batch.allowed, margin)
    outer = outer.astype(cosines.dtype)
    back = _back(anchors, outer @ candidates[0]), _back(candidates, outer.T @ anchors[0])
    rows = np.concatenate([batch.anchors, batch.candidates])
    return loss, gradients(arrays, rows, np.concatenate(back))


def pair_loss(arrays: Arrays, batch: PairBatch) -> tuple[float, Arrays]:
    """The CoSENT loss of scored pairs under a map, and its gradients."""
    first, second = _unit(arrays, batch.first), _unit(arrays, batch.second)
    loss, outer = cosent(np.einsum("ij,ij->i", first[0], second[0]), batch.scores)
    outer = outer.astype(first[0].dtype)[:, None]
    back = _back(first, outer * second[0]), _back(second, outer * first[0])
    return loss, gradients(arrays, np.concatenate([batch.first, batch.second]), np.concatenate(back))


def _unit(arrays: Arrays, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) transformed rows of unit length, and (m, 1) their lengths before."""
    mapped = transform(arrays, rows)
    norms = np.linalg.norm(mapped, axis=1, keepdims=True)
    return mapped / norms, norms


def _back(unit: tuple[np.ndarray, np.ndarray], outer: np.ndarray) -> np.ndarray:
    """The gradient with respect to the rows before they were scaled to unit length."""
    rows, norms = unit
    return np.asarray((outer - rows * (rows * outer).sum(axis=1, keepdims=True)) / norms)
