"""What the Recommend page asks: histories, lists with reasons, and the lists of one user side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from core.corpus.filters import Filter, apply_filters
from core.corpus.keyword import Span, mark_matches
from core.corpus.label_columns import INTERNAL_COLUMNS, label_columns
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus, load_selection, load_text_codes
from core.corpus.reading.template import column_field
from core.corpus.sentences import sentence_spans
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource
from core.corpus.terms import content_words
from core.errors import InputError
from core.models.registry import capabilities
from core.recommend.histories import Histories
from core.recommend.items import Ranking, first_copies, select
from core.recommend.profiles import Profile, TextRecommender
from core.recommend.results import HistorySource, contender_vectors, load_histories
from core.secret import Secret
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.search import query_vector
from core.vectors.text_vectors import embed_task_texts

MAX_SENTENCES = 20  # of one text that are compared
EXCERPT = 320  # characters of a text
MAX_LISTED_USERS = 5_000
Segments = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class ListOptions:
    """k items; diversity in [0, 1]; at most `max_per_category` items of each value of a column ("" for no limit);
    filters: which items may be listed."""

    k: int = 10
    diversity: float = 0.0
    category: str = ""
    max_per_category: int = 1
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class ItemsQuery:
    """Items similar to rows and typed texts, and unlike others."""

    corpus: CorpusRef
    contender: Contender
    like: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()
    liked_texts: tuple[str, ...] = ()
    unliked_texts: tuple[str, ...] = ()
    options: ListOptions = ListOptions()


@dataclass(frozen=True, eq=False)
class Item:
    """An item of a list. score: higher is better. because: the liked row it is most similar to, or -1 - i for
    the i-th liked text, with their cosine. text: an excerpt as (segment, is the sentence that is most similar to it)
    pairs. label: of the first label column, "" without."""

    row: int
    score: float
    because: int
    cosine: float
    text: Segments
    label: str


@dataclass(frozen=True, eq=False)
class UserList:
    """history: rows that the user liked, the latest first; seen: all rows with an event. items: the list."""

    history: tuple[int, ...]
    seen: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class HistoryFacts:
    """users, events, and distinct items with an event; sizes: events per user as minimum, median and maximum; one:
    users with a single event; start, end: times, "" without; notes: what was left out."""

    users: int
    events: int
    items: int
    sizes: tuple[int, float, int]
    one: int
    start: str
    end: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Liked:
    """What reasons refer to. ids: (m,) rows, or -1 - i of the i-th typed text; vectors: (m, d) float32 unit rows."""

    ids: np.ndarray
    vectors: np.ndarray
    texts: tuple[str, ...]


def similar_items(query: ItemsQuery, secret: Secret | None = None) -> tuple[Item, ...]:
    """Raises InputError where nothing is liked, a row does not exist, or the query cancels out."""
    if not query.like and not query.liked_texts:
        raise InputError("There are no items to be similar to.", "Choose at least one item, or type a text.")
    corpus, rows = query.corpus, contender_vectors(query.corpus, query.contender).rows
    check_rows((*query.like, *query.unlike), len(rows))
    liked = np.vstack([rows[list(query.like)], _embedded(query, query.liked_texts, secret)])
    unliked = np.vstack([rows[list(query.unlike)], _embedded(query, query.unliked_texts, secret)])
    examples = np.vstack([liked, unliked])
    scores = rows @ query_vector(examples, range(len(liked)), range(len(liked), len(examples)))
    ids = np.array([*query.like, *(-1 - i for i in range(len(query.liked_texts)))], np.int64)
    texts = load_corpus(corpus).texts
    reasons = Liked(ids, liked, (*(texts[row] for row in query.like), *query.liked_texts))
    return _items(corpus, query.contender, scores, (*query.like, *query.unlike), reasons, query.options)


def check_rows(rows: Sequence[int], count: int) -> None:
    outside = [row for row in rows if not 0 <= row < count]
    if outside:
        raise InputError(f"There is no row {outside[0] + 1:,} among the {count:,} rows.", "Choose another row.")


def _embedded(query: ItemsQuery, texts: Sequence[str], secret: Secret | None) -> np.ndarray:
    """(m, d) float32 unit rows of typed texts."""
    rows = contender_vectors(query.corpus, query.contender).rows
    if not texts:
        return np.empty((0, rows.shape[1]), np.float32)
    return embed_task_texts(query.corpus, query.contender, texts, queries=True, secret=secret)


def user_list(
    source: HistorySource, contender: Contender, user: str, profile: Profile, options: ListOptions
) -> UserList:
    """The list of one user. Raises InputError for an unknown user, or one who liked nothing."""
    histories = load_histories(source)
    index = user_index(histories, user)
    events = histories.events(index)
    rows, is_liked = histories.rows[events], histories.is_liked[events]
    liked = tuple(dict.fromkeys(rows[is_liked][::-1].tolist()))
    if not liked:
        raise InputError("This user liked nothing: there is no profile.", "Choose another user.")
    recommender = TextRecommender(contender_vectors(source.corpus, contender), profile)
    scores = recommender.scores(histories, np.array([index]))[0]
    vectors, texts = contender_vectors(source.corpus, contender).rows, load_corpus(source.corpus).texts
    reasons = Liked(np.array(liked), vectors[list(liked)], tuple(texts[row] for row in liked))
    return UserList(liked, len(np.unique(rows)), _items(source.corpus, contender, scores, rows, reasons, options))


def _items(
    corpus: CorpusRef, contender: Contender, scores: np.ndarray, seen: Sequence[int] | np.ndarray, liked: Liked,
    options: ListOptions,
) -> tuple[Item, ...]:  # fmt: skip
    """The best items that are neither seen nor copies of those, with reasons."""
    rows, table = contender_vectors(corpus, contender).rows, load_corpus(corpus).table
    codes = load_text_codes(corpus, None)
    mask = ~np.isin(codes, codes[np.asarray(seen, np.int64)])
    if options.filters:
        mask &= apply_filters(table, options.filters, partial(load_selection, corpus))
    categories = table[options.category].astype("str").to_numpy(dtype=object) if options.category else None
    cap = options.max_per_category if options.category else None
    ranking = select(scores, options.k, rows, first_copies(codes, mask), options.diversity, categories, cap)
    return _with_reasons(corpus, contender, ranking, liked)


def _with_reasons(corpus: CorpusRef, contender: Contender, ranking: Ranking, liked: Liked) -> tuple[Item, ...]:
    rows, loaded = contender_vectors(corpus, contender).rows, load_corpus(corpus)
    cosines = rows[ranking.ids] @ liked.vectors.T
    nearest = cosines.argmax(axis=1)
    texts = [loaded.texts[row] for row in ranking.ids]
    spans = matching_sentences(corpus, contender, texts, liked, nearest)
    columns = label_columns(corpus)
    labels = loaded.table[columns[0]].astype("str").iloc[ranking.ids] if columns else [""] * len(texts)
    return tuple(
        Item(
            int(ranking.ids[i]), float(ranking.scores[i]), int(liked.ids[at]), float(cosines[i, at]),
            mark_matches(texts[i], [span] if span else [], EXCERPT), str(label),
        )
        for i, (at, span, label) in enumerate(zip(nearest, spans, labels, strict=True))
    )  # fmt: skip


def matching_sentences(
    corpus: CorpusRef, contender: Contender, texts: Sequence[str], liked: Liked, nearest: np.ndarray
) -> list[Span | None]:
    """The sentence of each text that is most similar to its liked one (nearest: (m,) positions), None for a text of one
    sentence. By cosine under a local model; by shared content words where sentences would be sent to a server."""
    spans = [sentence_spans(text)[:MAX_SENTENCES] for text in texts]
    several = [i for i, of in enumerate(spans) if len(of) > 1]
    owner = np.repeat(several, [len(spans[i]) for i in several]).astype(np.int64)
    sentences = [texts[i][start:end] for i in several for start, end in spans[i]]
    best: list[Span | None] = [None] * len(texts)
    if not sentences:
        return best
    scores = _sentence_scores(corpus, contender, sentences, liked, nearest[owner])
    for i in several:
        best[i] = spans[i][int(np.argmax(scores[owner == i]))]
    return best


def is_scored_by_cosine(contender: Contender) -> bool:
    """Whether sentences are compared by vectors: a local model embeds them."""
    declared = capabilities(contender.model)
    return declared.can_embed and not declared.hosted


def _sentence_scores(
    corpus: CorpusRef, contender: Contender, sentences: list[str], liked: Liked, targets: np.ndarray
) -> np.ndarray:  # fmt: skip
    if is_scored_by_cosine(contender):
        vectors = embed_task_texts(corpus, contender, sentences)
        return np.asarray(np.einsum("ij,ij->i", vectors, liked.vectors[targets]))
    words = [set(content_words(liked.texts[at])) for at in targets]
    shared = [len(set(content_words(sentence)) & of) for sentence, of in zip(sentences, words, strict=True)]
    return np.array(shared, np.float64)


def history_facts(source: HistorySource) -> HistoryFacts:
    histories = load_histories(source)
    sizes = np.diff(histories.starts)
    start = end = ""
    if histories.times is not None:
        ends = pd.to_datetime([histories.times.min(), histories.times.max()], unit="s")
        start, end = (f"{time:%Y-%m-%d}" for time in ends)
    return HistoryFacts(
        len(histories), len(histories.rows), len(np.unique(histories.rows)),
        (int(sizes.min()), float(np.median(sizes)), int(sizes.max())), int((sizes == 1).sum()), start, end,
        histories.notes,
    )  # fmt: skip


def users_by_events(source: HistorySource) -> tuple[tuple[str, int], ...]:
    """(user, events), the most events first, at most MAX_LISTED_USERS."""
    histories = load_histories(source)
    sizes = np.diff(histories.starts)
    order = np.argsort(-sizes, kind="stable")[:MAX_LISTED_USERS]
    return tuple((histories.users[i], int(sizes[i])) for i in order.tolist())


def user_index(histories: Histories, user: str) -> int:
    if user not in histories.users:
        raise InputError("There is no such user in the histories.", "Choose a user of the list.")
    return histories.users.index(user)


def user_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns of the corpus that may name the users of a row: several per row first, then values that repeat, those
    with over half as many values as rows last."""
    loaded = load_corpus(corpus)
    excluded = {*INTERNAL_COLUMNS, loaded.roles.id, loaded.roles.time}
    columns = [name for name in loaded.table.columns if name not in excluded]
    columns = [name for name in columns if column_field(str(name)) != loaded.roles.text]
    several = [name for name in columns if label_sets(loaded.table[name]) is not None]
    values = {name: loaded.table[name].nunique() for name in columns if name not in several}
    repeated = [name for name, distinct in values.items() if 1 < distinct < loaded.table[name].notna().sum()]
    return tuple(
        map(str, [*several, *sorted(repeated, key=lambda name: (values[name] > len(loaded) / 2, -values[name]))])
    )


def key_columns(corpus: CorpusRef, upload: ImportSource, item: str) -> tuple[str, ...]:
    """Columns whose values differ between rows, so that a table of events can refer to them: those with the most of the
    table's items first, the ID column first of equal ones."""
    loaded = load_corpus(corpus)
    columns = [name for name in loaded.table.columns if name not in INTERNAL_COLUMNS]
    unique = [name for name in columns if loaded.table[name].nunique() > 0.9 * len(loaded)]
    keys = dict.fromkeys(map(str, [*([loaded.roles.id] if loaded.roles.id else []), *unique]))
    items = raw_table(corpus.folder, upload).table[item].astype("string").str.strip().unique()
    matches = {name: int(loaded.table[name].astype("string").str.strip().isin(items).sum()) for name in keys}
    return tuple(sorted(keys, key=lambda name: -matches[name]))


def short_texts(corpus: CorpusRef, rows: Sequence[int], width: int = EXCERPT) -> tuple[str, ...]:
    """Beginnings of texts, for lists."""
    texts = load_corpus(corpus).texts
    return tuple("".join(piece for piece, _ in mark_matches(texts[row], (), width)) for row in rows)
