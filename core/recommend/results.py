"""Histories that were read, and evaluations of recommenders, as stored results."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.corpus.added_columns import column_inputs
from core.corpus.loaders import load_corpus, load_text_codes
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource
from core.recommend.baselines import CollaborativeFiltering, Hybrid, ItemItem, Popularity, Recommender
from core.recommend.evaluation import RecommendationEvaluation, compare
from core.recommend.histories import Histories, read_histories
from core.recommend.profiles import Profile, TextRecommender
from core.recommend.splits import SplitMethod
from core.results import Result, Step
from core.store import vector_inputs
from core.types import CorpusRef, Progress, Vectors
from core.vectors.contenders import Contender, contender_rows

Extra = Literal["recent", "collaborative", "item_item", "hybrid"]
EXTRAS: dict[Extra, str] = {
    "recent": "Recent popularity", "collaborative": "Collaborative filtering (ALS)",
    "item_item": "Collaborative filtering (item-item)", "hybrid": "Text + collaborative",
}  # fmt: skip
SECONDS_PER_CELL = 2e-8  # for a user, an item and a recommender; measured on 500 users and 10,000 items


@dataclass(frozen=True)
class HistorySource:
    """Where histories come from: a staged table, or the corpus' own (upload None). The columns are as in
    `read_histories`, "" for none."""

    corpus: CorpusRef
    upload: ImportSource | None
    user: str
    item: str = ""
    key: str = ""
    time: str = ""
    weight: str = ""
    min_weight: float | None = None


@dataclass(frozen=True)
class EvaluationQuery:
    """Embeddings and baselines on the same histories. extra: baselines beside popularity and random lists; the hybrid
    is of the first contender."""

    corpus: CorpusRef
    contenders: tuple[Contender, ...]
    source: HistorySource
    k: int = 10
    split: SplitMethod = "leave_one_out"
    n: int = 1
    date: str = ""
    profile: Profile = "recent"
    diversity: float = 0.0
    extra: tuple[Extra, ...] = ()
    seed: int = 0


def _read(source: HistorySource, progress: Progress) -> Histories:
    loaded = load_corpus(source.corpus)
    table = raw_table(source.corpus.folder, source.upload).table if source.upload else loaded.table
    return read_histories(
        table, loaded, user=source.user, item=source.item or None if source.upload else None, key=source.key or None,
        time=source.time or None, weight=source.weight or None, min_weight=source.min_weight,
    )  # fmt: skip


def _source_inputs(source: HistorySource) -> dict[str, object]:
    upload, columns = source.upload, (source.user, source.item, source.key, source.time, source.weight)
    return {
        "files": [(staged.key, staged.size) for staged in upload.files] if upload else [],
        "options": [upload.options, upload.day_first] if upload else [], "columns": list(columns),
        "min_weight": source.min_weight, **column_inputs(source.corpus, *columns),
    }  # fmt: skip


def _compute(query: EvaluationQuery, progress: Progress) -> RecommendationEvaluation:
    items = len(load_corpus(query.corpus))
    vectors = {each.label: contender_vectors(query.corpus, each) for each in query.contenders}
    return compare(
        vectors, HISTORIES.get(query.source), query.k, split=query.split, n=query.n, date=query.date or None,
        profile=query.profile, diversity=query.diversity, extra=_extra(query, items),
        copies=load_text_codes(query.corpus, None), seed=query.seed, progress=progress,
    )  # fmt: skip


def contender_vectors(corpus: CorpusRef, contender: Contender) -> Vectors:
    """A contender's vectors of a corpus. Raises StorageError where it is not embedded."""
    return Vectors(contender_rows(corpus, contender), contender.model, corpus.digest)


def _extra(query: EvaluationQuery, items: int) -> tuple[Recommender, ...]:
    filtering = CollaborativeFiltering(items, query.seed)
    first = query.contenders[0]
    text = TextRecommender(contender_vectors(query.corpus, first), query.profile, query.seed, first.label)
    recommenders: dict[Extra, Recommender] = {
        "recent": Popularity(items, recent=True), "collaborative": filtering, "item_item": ItemItem(items),
        "hybrid": Hybrid(text, filtering),
    }  # fmt: skip
    return tuple(recommenders[name] for name in EXTRAS if name in query.extra)


def _inputs(query: EvaluationQuery) -> dict[str, object]:
    return {
        "contenders": [{**vector_inputs(each.model), "contender": each.key} for each in query.contenders],
        "source": HISTORIES.stored_inputs(query.source), "k": query.k, "split": [query.split, query.n, query.date],
        "profile": query.profile, "diversity": query.diversity, "extra": list(query.extra), "seed": query.seed,
    }  # fmt: skip


def _seconds(query: EvaluationQuery) -> float:
    source = query.source
    users = len(histories) if (histories := HISTORIES.load(source)) else 1_000
    recommenders = len(query.contenders) + len(query.extra) + 2
    return 1 + SECONDS_PER_CELL * users * len(load_corpus(query.corpus)) * recommenders


HISTORIES = Result(
    "histories", 1, HistorySource, Histories, inputs=_source_inputs, compute=_read,
    seconds=lambda source: 1.0 if source.upload is None else 1.0 + source.upload.files[0].size / 5e6,
    stage="Reading histories", absence="These histories have not been read yet.",
    remedy="Choose them on the Recommend page.",
)  # fmt: skip
RECOMMENDATIONS = Result(
    "recommendations", 1, EvaluationQuery, RecommendationEvaluation, inputs=_inputs, compute=_compute,
    seconds=_seconds, requires=lambda query: (Step(HISTORIES, query.source),), stage="Evaluating recommendations",
    unit="recommenders",
)  # fmt: skip


@lru_cache(maxsize=4)
def load_histories(source: HistorySource) -> Histories:
    """Stored histories. Raises StorageError where they have not been read."""
    return HISTORIES.get(source)


def excluded_text(evaluation: RecommendationEvaluation) -> str:
    """How many users were evaluated, and why not the others."""
    reasons = [f"{count:,} {reason}" for reason, count in evaluation.excluded.items() if count]
    text = f"{len(evaluation.users):,} of {evaluation.total:,} users"
    return f"{text} ({'; '.join(reasons)})" if reasons else text
