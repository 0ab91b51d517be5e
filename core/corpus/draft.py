"""What the texts look like that an upload would give, while columns and steps are still being chosen."""

from dataclasses import dataclass
from functools import lru_cache

from core.corpus.build import Steps, outlook
from core.corpus.profile import Profile, profile_texts
from core.corpus.service import Refusal, raw_table
from core.corpus.staging import Origin
from core.errors import InputError, ModelError
from core.models.costs import TruncationReport, truncation_report
from core.types import ModelSpec, Roles
from core.vectors.loaders import cached_embedder

LANGUAGE_SAMPLE = 500  # less than for a kept corpus: this is asked for at every choice
WINDOW_SAMPLE = 1_000


@dataclass(frozen=True, eq=False)
class Draft:
    """A profile of the texts of `looked` of `rows` rows: all, but where very much would be split into passages."""

    profile: Profile
    looked: int
    rows: int


def draft(folder: str, origin: Origin, roles: Roles, steps: Steps) -> Draft | Refusal:
    """The profile before anything is kept; a Refusal where no corpus can be made of these choices."""
    try:
        texts, looked, rows = _texts(folder, origin, roles, steps)
    except InputError as error:
        return Refusal(error.message, error.remedy)
    return Draft(profile_texts(texts, language_sample=LANGUAGE_SAMPLE), looked, rows)


def draft_windows(
    folder: str, origin: Origin, roles: Roles, steps: Steps, specs: tuple[ModelSpec, ...]
) -> tuple[TruncationReport, ...]:
    """How these local models' windows fit the texts, on a sample; models that can't be loaded are left out."""
    found: list[TruncationReport] = []
    try:
        texts, _, _ = _texts(folder, origin, roles, steps)
    except InputError:
        return ()
    for spec in specs:
        try:
            found.append(truncation_report(texts, cached_embedder(folder, spec), sample=WINDOW_SAMPLE))
        except ModelError:
            continue
    return tuple(found)


@lru_cache(maxsize=1)
def _texts(folder: str, origin: Origin, roles: Roles, steps: Steps) -> tuple[list[str], int, int]:
    return outlook(raw_table(folder, origin), roles, steps)
