"""What the contact check found out about a model on one corpus, and what is said of several that are compared."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.errors import PlanisphereError
from core.models.checks import NOISE_FACTOR, Probe, distances
from core.models.registry import capabilities
from core.results import Result
from core.secret import Secret
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.contact import changed_since, cut_at, first_contact, load_probe
from core.vectors.contenders import Contender, MarkedContender
from core.vectors.loaders import cached_embedder, load_vectors, vector_cache

IDENTICAL = 1e-6  # 1 - cosine up to which two vectors are called identical, where the models have less noise
MARKED_SHARE = 0.01  # of the texts: from so many equal vectors on, the model is marked in comparisons
SAMPLE = 256  # rows compared before all are
HASHED = 2_000  # rows hashed at a time
NOT_CHECKED = "It has not been checked yet: start the check on the Embed page."


@dataclass(frozen=True)
class ContactReport:
    """What is known of a model on a corpus. probe: of the model; None where it was not checked.

    rows: of the corpus; cut_rows: longer than what the model was measured to read. texts: distinct ones; equal_texts:
    those whose vector is exactly that of another text.
    """

    probe: Probe | None
    rows: int
    cut_rows: int
    texts: int
    equal_texts: int

    @property
    def problems(self) -> tuple[str, ...]:
        """Failed checks as sentences with their consequences."""
        cut = f" {self.cut_rows:,} of {self.rows:,} rows are cut."
        failed = self.probe.failed if self.probe else ()
        found = [check.problem + (cut if check.name == "window" else "") for check in failed]
        if self.equal_texts:
            found.append(
                f"{self.equal_texts:,} of {self.texts:,} different texts have exactly the vector of another text: "
                "searches, neighbors and duplicates can't distinguish them."
            )
        return tuple(found)

    @property
    def is_marked(self) -> bool:
        """Whether the model must not be ranked without a mark: a check failed that matters to these texts."""
        failed = {check.name for check in self.probe.failed} if self.probe else set()
        concerns = failed - ({"window"} if not self.cut_rows else set())
        return bool(concerns) or self.equal_texts > MARKED_SHARE * self.texts


@dataclass(frozen=True)
class ContactQuery:
    """consent: requested by a person, so that a model that charges may be sent the texts of the check, too."""

    corpus: CorpusRef
    model: ModelSpec
    consent: bool = False


def _report(query: ContactQuery, progress: Progress, secret: Secret | None = None) -> ContactReport:
    texts, vectors = load_corpus(query.corpus).texts, load_vectors(query.corpus, query.model)
    codes, distinct = distinct_texts(texts)
    findings = _findings(query, max(map(len, texts), default=0), secret)
    cut = 0 if findings is None or findings.chars_read is None else int(cut_at(findings.chars_read, texts)[0].sum())
    first = np.unique(codes, return_index=True)[1]
    rows = vectors.rows if len(first) == len(texts) else vectors.rows[first]
    return ContactReport(findings, len(texts), cut, len(distinct), count_equal(rows, distinct))


def _findings(query: ContactQuery, longest: int, secret: Secret | None) -> Probe | None:
    """Of the contact check; None where the model is not available, or where nothing may be sent to it."""
    declared, cache = capabilities(query.model), vector_cache(query.corpus.folder, query.model)
    stored = load_probe(cache)
    if stored is not None or not declared.can_embed or (declared.paid and not query.consent):
        return stored
    try:
        return first_contact(cache, cached_embedder(query.corpus.folder, query.model.base, secret, 1), longest)
    except PlanisphereError:
        if query.consent:
            raise
        return None


def count_equal(rows: np.ndarray, texts: Sequence[str]) -> int:
    """How many of n texts have a vector ((n, d) float32 rows) that equals, bit for bit, that of another text.

    Texts that differ only in case, accents, punctuation or signs count as one: many tokenizers leave these out.
    """
    factors = np.random.default_rng(0).integers(1, 2**63, rows.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    hashes = np.empty(len(rows), np.uint64)  # random 64-bit hashes of the rows
    for start in range(0, len(rows), HASHED):
        part = rows[start : start + HASHED] + np.float32(0)  # -0 becomes 0
        hashes[start : start + HASHED] = (part.view(np.uint32) * factors).sum(axis=1)
    equal = pd.Series(hashes)
    equal = equal[equal.duplicated(keep=False)]
    words = pd.Series([_normalized(texts[row]) for row in equal.index], index=equal.index, dtype=object)
    return int((words.groupby(equal).transform("nunique") > 1).sum()) if len(equal) else 0


def _normalized(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


CONTACT = Result(
    "contact", 1, ContactQuery, ContactReport, compute=_report,
    inputs=lambda query: {**vector_inputs(query.model), "consent": query.consent},
    seconds=lambda query: 3.0, stage="Checking the model", needs_secret=True,
    absence="This model has not been checked yet.", remedy="Start the check on the Embed page.",
)  # fmt: skip


@dataclass(frozen=True)
class ContenderChecks:
    """What has to be said where contenders are compared. problems: by contender key, of those whose label is marked.
    identical: groups of indices of contenders with the same vectors. rows: of the corpus."""

    problems: dict[str, tuple[str, ...]]
    identical: tuple[tuple[int, ...], ...]
    rows: int

    def marked(self, contenders: Sequence[Contender]) -> tuple[Contender, ...]:
        """The contenders, those with a problem as `MarkedContender`s."""
        return tuple(
            MarkedContender(one.model, one.dimensions, one.bits) if one.key in self.problems else one
            for one in contenders
        )

    def sentences(self, contenders: Sequence[Contender]) -> list[str]:
        """Plain text: which contenders are the same, then the failed checks of each model."""
        labels = [Contender(one.model, one.dimensions, one.bits).label for one in contenders]
        same = [
            f"{' and '.join(labels[index] for index in group)} gave identical vectors for all {self.rows:,} texts: "
            "they are not ranked against each other."
            for group in self.identical
        ]
        by_model = {one.model: self.problems[one.key] for one in contenders if one.key in self.problems}
        return same + [f"{model.label}: {' '.join(problems)}" for model, problems in by_model.items()]


def check_contenders(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> ContenderChecks:
    """Failed checks of each contender's model, and which contenders are the same. Sends nothing."""
    problems = {model: _problems_of(corpus, model) for model in {contender.model for contender in contenders}}
    marked = {contender.key: problems[contender.model] for contender in contenders if problems[contender.model]}
    info = Workspace(corpus.folder).info(corpus.digest)
    return ContenderChecks(marked, identical_contenders(corpus, contenders), info.rows if info else 0)


def _problems_of(corpus: CorpusRef, model: ModelSpec) -> tuple[str, ...]:
    state = contact_state(corpus, model)
    if state.checked is False:
        return (NOT_CHECKED,)
    changed = (f"The model behind the name has changed since {state.changed}.",) if state.changed else ()
    return changed + (state.problems if state.is_marked else ())


@dataclass(frozen=True)
class ContactState:
    """What is known of a model. checked: None where there is no model to check. problems: failed checks as sentences;
    is_marked: whether they matter where models are ranked. changed: the day since when the model behind the name is
    another one, ""."""

    model: ModelSpec
    checked: bool | None
    problems: tuple[str, ...]
    is_marked: bool
    changed: str

    @property
    def summary(self) -> str:
        """For a table's cell."""
        if self.changed:
            return "model changed"
        if self.problems:
            return f"{len(self.problems)} failed"
        return {True: "passed", False: "not checked", None: ""}[self.checked]


def contact_states(corpus: CorpusRef, models: tuple[ModelSpec, ...]) -> tuple[ContactState, ...]:
    """Of each model, whether or not the corpus is embedded with it. Sends nothing."""
    return tuple(contact_state(corpus, model) for model in models)


def contact_state(corpus: CorpusRef, model: ModelSpec) -> ContactState:
    query, cache = ContactQuery(corpus, model), vector_cache(corpus.folder, model)
    if not capabilities(model).can_embed:
        imported = CONTACT.get_or_compute(query)
        return ContactState(model, None, imported.problems, imported.is_marked, "")
    report, found = CONTACT.load(replace(query, consent=True)) or CONTACT.load(query), load_probe(cache)
    if report is None or report.probe is None:
        problems = tuple(check.problem for check in found.failed) if found else ()
        return ContactState(model, found is not None, problems, bool(problems), changed_since(cache))
    return ContactState(model, True, report.problems, report.is_marked, changed_since(cache))


@lru_cache(maxsize=32)
def identical_contenders(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> tuple[tuple[int, ...], ...]:
    """Groups of indices of contenders of different models whose vectors are equal, beyond the models' own noise."""
    groups: list[list[int]] = []
    for index, contender in enumerate(contenders):
        same = next((group for group in groups if _are_identical(corpus, contenders[group[0]], contender)), None)
        same.append(index) if same else groups.append([index])
    return tuple(tuple(group) for group in groups if len(group) > 1)


def _are_identical(corpus: CorpusRef, one: Contender, other: Contender) -> bool:
    if (one.dimensions, one.bits) != (other.dimensions, other.bits) or one.model == other.model:
        return False
    first, second = (load_vectors(corpus, contender.model).rows for contender in (one, other))
    if first.shape != second.shape or not len(first):
        return False
    found = [load_probe(vector_cache(corpus.folder, contender.model)) for contender in (one, other)]
    limit = max([IDENTICAL, *(NOISE_FACTOR * part.noise for part in found if part)])
    sample = np.linspace(0, len(first) - 1, min(SAMPLE, len(first))).astype(np.int64)
    if distances(first[sample], second[sample]).max() > limit:
        return False
    starts = range(0, len(first), 10_000)
    return all(distances(first[at : at + 10_000], second[at : at + 10_000]).max() <= limit for at in starts)
