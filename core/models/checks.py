"""The contact check: whether a model does what its vectors are used for, tried on a few texts when it is first used.

Servers that break these expectations are common: other vectors in a batch than alone (llama.cpp issue 26282), texts cut
without a word (Ollama issue 17543), one vector for all long texts (qmd issue 897), the model's name ignored (LM Studio
issue 619). No text of the user's is sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import PlanisphereError, ServiceError
from core.models.base import Embedder
from core.models.registry import capabilities
from core.types import UNIT_TOLERANCE, ModelSpec

CheckName = Literal[
    "dimensions", "finite", "unit_length", "distinct", "order", "repeatable", "batch", "window", "prompt", "name"
]
FATAL = ("dimensions", "finite", "unit_length")  # without these there are no vectors to store

# embedded again later to see whether the model is still the same one; of varied length, language and content
CANARIES = (
    "The parcel arrived two days late, but the lamp works well.",
    "Wo finde ich die Rechnung zu meiner Bestellung?",
    "我的订单还没有到，请帮我查一下。",
    "def add(a, b):\n    return a + b  # sums two numbers",
    "Interest rates rose by 0.25 percentage points in March 2021.",
    "ok",
    "La patiente se plaint de douleurs thoraciques depuis hier soir.",
    "Thank you for the letter about the garden. The roses came back after the frost, the old apple tree did not, and "
    "the three hens walk between the beans as if they had always lived there. In summer we will build a bench there.",
)
SINGLES = (0, 5, 7)  # canaries that are also embedded alone: of middle length, the shortest, the longest
TOLERANCE = 1e-3  # 1 - cosine below which two vectors count as those of one text
SAME = 1e-8  # 1 - cosine below which two texts got one vector; float32 rounding stays below
NOISE_FACTOR = 3  # differences up to so many times the measured noise are noise
OTHER_NAME = "planisphere-no-such-model"
SAMPLE_CHARS = 500  # of the text whose tokens say how many characters a declared window holds
MIN_CHARS = 200  # long texts are tried at least up to here, and at most up to these lengths
MAX_CHARS, MAX_PAID_CHARS = 40_000, 4_000
LONGER = 1.25  # a corpus with texts longer than this many times the tried length is a reason to try again
NOISY_TAIL = 0.25  # share of a long text that differs where the server's noise would hide a few words
WINDOW_SHARE = 0.9  # of the declared window, since tokens of other texts are estimated
ENDINGS = (" Finally she painted the wooden boat dark green.", " Only twelve engineers voted against that strike.")
_SUBJECTS = "a teacher,the river,our train,an old piano,the doctor,her brother,a storm,the market,this bridge,my garden"
_VERBS = "crosses,follows,remembers,hides behind,carries,explains,waits for,paints,repairs,leaves"
_OBJECTS = "the museum,a letter,every window,the mountain,two bottles,the harvest,a stranger,its shadow,the station"


@dataclass(frozen=True)
class Check:
    """One check. problem: what is wrong and what follows from it, for people; "" where it passed."""

    name: CheckName
    problem: str = ""


@dataclass(frozen=True)
class Probe:
    """What the contact check measured.

    noise: the greatest 1 - cosine of one text's vectors from two requests. chars_read: characters of English after
    which the rest of a text is ignored, None where texts of tested_chars characters were read to the end.
    """

    checks: tuple[Check, ...]
    noise: float = 0.0
    chars_read: int | None = None
    tested_chars: int = 0

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.problem)

    @property
    def tolerance(self) -> float:
        """1 - cosine up to which the vectors of a text count as unchanged."""
        return max(TOLERANCE, NOISE_FACTOR * self.noise)


def probe(embedder: Embedder, longest: int) -> tuple[Probe, np.ndarray]:
    """Run all checks: the findings, and the (8, d) rows of the canaries. Raises what the embedder raises.

    longest: characters of the longest text that will be embedded; longer ones are not tried.
    """
    texts = list(CANARIES)
    rows = embedder.embed(texts)
    shape = _check_rows(rows, embedder)
    if any(check.problem for check in shape):
        return Probe(tuple(shape)), rows
    reverse = embedder.embed(texts[::-1])[::-1]
    again = reverse if distances(rows, reverse).max() <= TOLERANCE else embedder.embed(texts)  # to tell the cause
    is_ordered = not (_is_permuted(rows, again) or _is_permuted(rows, reverse))
    noise = float(distances(rows, again).max()) if is_ordered else 0.0
    tolerance = max(TOLERANCE, NOISE_FACTOR * noise)
    closed = capabilities(embedder.spec).closed_vocabulary  # it may know no word of the texts below
    checks = [*shape, *([] if closed else [_check_distinct(rows)]), _check_order(is_ordered), _check_repeatable(noise)]
    checks += [_check_batch(embedder, rows, reverse, tolerance)] if is_ordered else []
    limit, chars_read = tried_length(embedder, longest), None
    if noise <= TOLERANCE and not closed:  # else the end of a text can't be told from noise
        try:
            chars_read, window = _check_window(embedder, limit, noise)
        except ServiceError:  # a server that refuses long texts cuts none silently; the run names the rows
            window = Check("window")
        checks.append(window)
    checks += [*_check_prompt(embedder, rows, noise), *_check_name(embedder, rows, tolerance)]
    return Probe(tuple(checks), noise, chars_read, limit), rows


def needs_probe(stored: Probe | None, embedder: Embedder, longest: int) -> bool:
    """Whether a model was never checked, or texts will come that are far longer than those tried."""
    if stored is None or stored.chars_read is not None:
        return stored is None
    return tried_length(embedder, longest) > LONGER * stored.tested_chars


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) float64, 1 - cosine of unit rows in pairs; exact for nearly equal rows, where a dot product is not."""
    difference = one.astype(np.float64) - other
    return np.einsum("ij,ij->i", difference, difference) / 2


def tried_length(embedder: Embedder, longest: int) -> int:
    """Characters of the long texts that are tried: as long as the user's, within the declared window and a limit."""
    spec = embedder.spec
    limit = min(max(longest, MIN_CHARS), MAX_PAID_CHARS if capabilities(spec).paid else MAX_CHARS)
    if spec.max_tokens is None or capabilities(spec).splits_long_texts:
        return limit
    tokens = max(int(embedder.count_tokens([long_text(SAMPLE_CHARS, 0)])[0]), 1)
    return min(limit, int(WINDOW_SHARE * spec.max_tokens * SAMPLE_CHARS / tokens))


def costly_texts(spec: ModelSpec, longest: int) -> list[str]:
    """Texts that cost at least as much as the contact check and later canaries: a bound of what a run adds."""
    limit = min(max(longest, MIN_CHARS), MAX_PAID_CHARS)
    return [*CANARIES * 20, *[long_text(limit, 0)] * 30]


def long_text(length: int, variant: int, tail: int = 0) -> str:
    """A text of that many characters; variants differ in an ending, and in as much before it as `tail` asks for."""
    ending = ENDINGS[variant]
    start = _prose(length - max(tail, len(ending)), 0)
    return start + _prose(length - len(start) - len(ending), variant + 1) + ending


def _prose(length: int, seed: int) -> str:
    """The first so many characters of random sentences."""
    parts, size = list[str](), 0
    for sentence in _sentences(seed):
        if size >= length:
            break
        parts.append(sentence)
        size += len(sentence)
    return "".join(parts)[: max(0, length)]


def _sentences(seed: int) -> Iterator[str]:
    generator = np.random.default_rng(seed)
    parts = [words.split(",") for words in (_SUBJECTS, _VERBS, _OBJECTS)]
    while True:
        sentence = " ".join(words[generator.integers(len(words))] for words in parts)
        yield f"{sentence[0].upper()}{sentence[1:]}. "


def subject(spec: ModelSpec) -> str:
    return "The server" if capabilities(spec).hosted else "The model"


def _check_rows(rows: np.ndarray, embedder: Embedder) -> list[Check]:
    """Shape, finite values and unit length; a check that can't be made is left out."""
    expected = (len(CANARIES), embedder.spec.dimensions)
    if rows.ndim != 2 or rows.shape != expected:
        problem = f"{subject(embedder.spec)} gave an array of shape {rows.shape} where {expected} was expected."
        return [Check("dimensions", problem)]
    checks = [Check("dimensions")]
    if wrong := int((~np.isfinite(rows).all(axis=1)).sum()):
        return [*checks, Check("finite", f"{wrong} of {len(rows)} vectors hold values that are not finite numbers.")]
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    is_unit = np.abs(lengths - 1).max() <= UNIT_TOLERANCE
    extent = f"Vectors have lengths of {lengths.min():.3g} to {lengths.max():.3g} instead of 1."
    return [*checks, Check("finite"), Check("unit_length", "" if is_unit else extent)]


def _check_distinct(rows: np.ndarray) -> Check:
    gaps = 1 - rows.astype(np.float64) @ rows.T + 2 * np.eye(len(rows))
    equal = int((gaps.min(axis=1) < 1e-6).sum())
    problem = f"{equal} of {len(rows)} different texts get the same vector as another: they can't be distinguished."
    return Check("distinct", problem if equal else "")


def _check_order(is_ordered: bool) -> Check:
    problem = "Vectors come back in another order than the texts were sent: rows get the vectors of other rows."
    return Check("order", "" if is_ordered else problem)


def _is_permuted(rows: np.ndarray, others: np.ndarray) -> bool:
    """Whether `others` are the same vectors in another order."""
    gaps = 1 - rows.astype(np.float64) @ others.T
    nearest, own = gaps.argmin(axis=1), np.arange(len(rows))
    is_other = (nearest != own) & (gaps[own, own] > gaps.min(axis=1) + TOLERANCE)
    return bool(is_other.any() and len(set(nearest)) == len(rows) and gaps.min(axis=1).max() <= TOLERANCE)


def _check_repeatable(noise: float) -> Check:
    problem = (
        f"The same text sent twice gets different vectors (cosine down to {1 - noise:z.3f}): neighbors and scores "
        "change from run to run."
    )
    return Check("repeatable", problem if noise > TOLERANCE else "")


def _check_batch(embedder: Embedder, rows: np.ndarray, reverse: np.ndarray, tolerance: float) -> Check:
    """A text alone, and in the same batch in another order."""
    alone = np.concatenate([embedder.embed([CANARIES[i]]) for i in SINGLES])
    gap = max(float(distances(rows[list(SINGLES)], alone).max()), float(distances(rows, reverse).max()))
    problem = (
        f"A text gets another vector alone than in a batch (cosine down to {1 - gap:z.3f}): queries, which are sent "
        "alone, do not match rows, and results depend on how rows are grouped."
    )
    return Check("batch", problem if gap > tolerance else "")


def _check_window(embedder: Embedder, limit: int, noise: float) -> tuple[int | None, Check]:
    """How many characters are read, by bisection over the length of texts that differ only at the end."""
    tail_share = NOISY_TAIL if noise > SAME else 0.0
    if _reads_ending(embedder, limit, tail_share):
        return None, Check("window")
    low, high = len(ENDINGS[0]), limit
    while high - low > max(8, low // 100):
        middle = (low + high) // 2
        low, high = (middle, high) if _reads_ending(embedder, middle, tail_share) else (low, middle)
    middle = (low + high) // 2
    pair = embedder.embed([long_text(high, variant, high) for variant in (0, 1)])
    if is_constant := bool(distances(pair[:1], pair[1:])[0] < max(SAME, NOISE_FACTOR * noise)):
        chars = middle
    else:
        chars = max(0, middle - max(len(ENDINGS[0]), int(tail_share * middle)))
    return chars, Check("window", _window_problem(embedder.spec, chars, is_constant))


def _window_problem(spec: ModelSpec, chars: int, is_constant: bool) -> str:
    about = f"about {float(f'{chars:.2g}'):,.0f} characters"
    declared = f", less than its declared {spec.max_tokens:,} tokens" if spec.max_tokens else ""
    if is_constant:
        return f"All texts longer than {about}{declared} get the same vector: they can't be distinguished."
    cut = f"{subject(spec)} reads only {about} of a text{declared}, and ignores the rest"
    return f"{cut}: longer texts are compared by their beginnings."


def _reads_ending(embedder: Embedder, length: int, tail_share: float) -> bool:
    """Whether two texts of that length that differ only at the end get different vectors, beyond noise."""
    tail = int(tail_share * length)
    first, other, same = embedder.embed([long_text(length, variant, tail) for variant in (0, 1, 0)])[:, None]
    noise, gap = distances(first, same)[0], distances(first, other)[0]
    return bool(gap > max(SAME, NOISE_FACTOR * noise))


def _check_prompt(embedder: Embedder, rows: np.ndarray, noise: float) -> list[Check]:
    """Where the model has prompts for queries and documents that differ, their vectors do, too."""
    spec = embedder.spec
    if spec.query_prompt == spec.document_prompt:
        return []
    gap = float(distances(rows[:2], embedder.embed_query(list(CANARIES[:2]))).max())
    problem = "The prompt of queries does not change their vectors: searches run without it and may rank worse."
    return [Check("prompt", problem if gap <= max(SAME, NOISE_FACTOR * noise) else "")]


def _check_name(embedder: Embedder, rows: np.ndarray, tolerance: float) -> list[Check]:
    """Of servers: a name that no model has is refused, or gives other vectors."""
    other = embedder.renamed(OTHER_NAME)
    if other is None:
        return []
    try:
        others = other.embed(list(CANARIES[:2]))
    except PlanisphereError:
        return [Check("name")]
    is_same = others.shape == rows[:2].shape and float(distances(rows[:2], others).max()) <= tolerance
    problem = (
        "The server gives the same vectors under a made-up model name: it ignores the name, so these vectors may be of "
        "another model, and two names of this server may be one model."
    )
    return [Check("name", problem if is_same else "")]
