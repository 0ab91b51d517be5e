"""Tools: which corpora there are, what one consists of, and its rows."""

from dataclasses import dataclass
from datetime import UTC, datetime

from core.corpus.filters import FilterOptions
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.selections import saved_selections
from core.mcp.access import Access
from core.mcp.arguments import Columns, CorpusName, Limit, MaxCharacters, Offset, RowChoice, Rows
from core.mcp.rows import TEXT_LENGTH, Row, matching_rows, page_note, plain, read_rows
from core.models.registry import capabilities
from core.search.service import filter_columns
from core.store import CorpusInfo
from core.text import truncate
from core.types import ModelSpec

MAX_DESCRIBED = 60  # columns described
MAX_VALUES = 12  # of a column
MAX_VALUE = 80  # characters


@dataclass(frozen=True)
class CorpusItem:
    """A corpus. models: labels of the models that it is embedded with."""

    name: str
    digest: str
    rows: int
    models: list[str]
    created: str


@dataclass(frozen=True)
class CorpusList:
    """Corpora, newest first, of `total`."""

    corpora: list[CorpusItem]
    total: int
    note: str


@dataclass(frozen=True)
class ValueCount:
    """A value of a column and how many rows have it."""

    value: str
    rows: int


@dataclass(frozen=True)
class ColumnItem:
    """A column. filter: the kind of filter that suits it. values: the most frequent of `distinct` ones that
    several rows have. low, high: of numbers and times."""

    name: str
    type: str
    filter: str
    distinct: int
    missing: int
    low: float | str | None
    high: float | str | None
    values: list[ValueCount]


@dataclass(frozen=True)
class ModelItem:
    """An embedding model of a corpus. is_hosted: queries would be sent to a server."""

    label: str
    key: str
    dimensions: int | None
    is_hosted: bool
    is_trained_here: bool


@dataclass(frozen=True)
class CorpusDescription:
    """What a corpus consists of. text: the template of the embedded texts. labels, time, id: columns of that role."""

    name: str
    digest: str
    rows: int
    distinct_texts: int
    text: str
    labels: list[str]
    time: str | None
    id: str | None
    columns: list[ColumnItem]
    models: list[ModelItem]
    selections: list[str]
    note: str


@dataclass(frozen=True)
class RowPage:
    """Rows of a corpus: those returned, of `total` that were selected, of `corpus_rows`."""

    rows: list[Row]
    total: int
    corpus_rows: int
    note: str


def list_corpora(access: Access, limit: Limit = 50, offset: Offset = 0) -> CorpusList:
    """List the corpora of the workspace with their size and embedding models. Start here."""
    corpora = access.workspace.corpora()
    items = [_item(access, info) for info in corpora[offset : offset + limit]]
    return CorpusList(items, len(corpora), page_note(offset, len(items), len(corpora), "corpora"))


def describe_corpus(access: Access, corpus: CorpusName) -> CorpusDescription:
    """Describe a corpus: columns with their values and the kind of filter that suits each, models, saved selections."""
    info = access.info(corpus)
    reference, columns = access.ref(info), filter_columns(access.ref(info))
    items = [_column(name, options) for name, options in list(columns.items())[:MAX_DESCRIBED]]
    names = [selection.name for selection in saved_selections(access.workspace, info.digest)]
    return CorpusDescription(
        name=info.name,
        digest=info.digest,
        rows=info.rows,
        distinct_texts=len(load_distinct_texts(reference)),
        text=info.roles.text,
        labels=list(info.roles.labels),
        time=info.roles.time,
        id=info.roles.id,
        columns=items,
        models=[_model(model) for model in access.workspace.models(info.digest)],
        selections=names[:100],
        note=page_note(0, len(items), len(columns), "columns").split(" Call")[0],
    )


def select(
    access: Access, corpus: CorpusName, rows: Rows = RowChoice(), limit: Limit = 20, offset: Offset = 0,
    columns: Columns = None, max_characters: MaxCharacters = TEXT_LENGTH,
) -> RowPage:  # fmt: skip
    """Read rows of a corpus: by ids, filters on columns, a saved selection, or a cluster; all conditions must hold.

    Also counts them: `total` is the number of rows that meet the conditions.
    """
    info = access.info(corpus)
    ids = matching_rows(access, info, rows)
    part = ids[offset : offset + limit]
    items = read_rows(load_corpus(access.ref(info)), part, columns, max_characters)
    return RowPage(items, len(ids), info.rows, page_note(offset, len(items), len(ids)))


def _item(access: Access, info: CorpusInfo) -> CorpusItem:
    models = [model.label for model in access.workspace.models(info.digest)]
    return CorpusItem(info.name, info.digest, info.rows, models, iso_time(info.created))


def iso_time(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _column(name: str, options: FilterOptions) -> ColumnItem:
    repeated = [(value, rows) for value, rows in options.values[:MAX_VALUES] if rows > 1]
    values = [ValueCount(truncate(value, MAX_VALUE), rows) for value, rows in repeated]
    ends = plain(options.low), plain(options.high)
    return ColumnItem(name, options.column_kind, options.kind, options.distinct, options.missing, *ends, values)


def _model(model: ModelSpec) -> ModelItem:
    return ModelItem(model.label, model.key, model.dimensions, capabilities(model).hosted, model.is_supervised_here)
