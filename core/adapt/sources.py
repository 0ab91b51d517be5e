"""What an adapter of a corpus learns from: a label column, a table of pairs or clicks, or stored judgments."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from core.adapt.supervision import Judgments
from core.corpus.added_columns import column_inputs
from core.corpus.judgments import load_judgments
from core.corpus.label_columns import label_strings, parse_numbers, split_names
from core.corpus.loaders import load_corpus
from core.corpus.qrels import FROM_ONE, row_ids
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource
from core.errors import InputError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Vectors
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embed_task_texts, missing_texts

SourceKind = Literal["labels", "pairs", "judgments", "clicks"]
TEXTS = "the text itself"  # what a column of a table holds, instead of the ids of a column of the corpus
EXAMPLES = 3  # unknown ids in a note


@dataclass(frozen=True)
class Source:
    """labels: of `column`; split_column: one whose values name the training rows ("train", or file names with that
    word), the other rows are held out; "" holds out rows and labels at random.

    pairs: of the columns `first` and `second` of a table, with the number `weight`, higher is more similar. clicks:
    `first` is the query and `second` the clicked row, `weight` how often, "" for once a line. first_key, second_key:
    what the columns hold: TEXTS, FROM_ONE (row numbers), or the values of that column of the corpus.
    judgments: a version of the grades given on the Search and Ask pages.
    """

    kind: SourceKind
    column: str = ""
    split_column: str = ""
    upload: ImportSource | None = None
    first: str = ""
    second: str = ""
    weight: str = ""
    first_key: str = TEXTS
    second_key: str = FROM_ONE
    judgments: str = ""


@dataclass(frozen=True, eq=False)
class Material:
    """What `train` and `check` of core.adapt.training take. notes: what was left out, in sentences."""

    vectors: Vectors
    labels: pd.Series | None = None
    pairs: np.ndarray | None = None
    judgments: Judgments | None = None
    rows: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def supervision(self) -> dict[str, Any]:
        return {"labels": self.labels, "pairs": self.pairs, "judgments": self.judgments}


@dataclass(frozen=True, eq=False)
class TextMaterial:
    """The same over texts. texts: of the corpus, then others. pairs: positions in them; judgments: texts of queries,
    for each its relevant rows, or {row: weight}."""

    texts: list[str]
    labels: pd.Series | None = None
    pairs: np.ndarray | None = None
    judgments: tuple[list[str], list[Any]] | None = None
    rows: np.ndarray | None = None
    notes: tuple[str, ...] = ()


M = TypeVar("M", Material, TextMaterial)


@dataclass(frozen=True)
class TextPlan:
    """Texts that are no rows of the corpus. missing: to embed; usd: what they cost at most, None where unknown. paid:
    whether the model may charge."""

    texts: int
    missing: int
    usd: float | None
    paid: bool


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table. rows: (p,) int64 rows of the corpus, or positions in `texts` where it holds texts; -1 where
    the corpus has no such row."""

    rows: np.ndarray
    texts: tuple[str, ...]


def source_inputs(corpus: CorpusRef, source: Source) -> dict[str, object]:
    """All that determines the material beside corpus and model."""
    upload, columns = source.upload, (source.column, source.split_column)
    keys = (source.first_key, source.second_key)
    if source.kind == "labels":
        return {"column": source.column, "split": source.split_column} | column_inputs(corpus, *columns)
    if source.kind == "judgments":
        return {"judgments": source.judgments}
    files = [(staged.key, staged.size) for staged in upload.files] if upload else []
    names = [source.first, source.second, source.weight, *keys]
    return {"kind": source.kind, "files": files, "columns": names} | column_inputs(corpus, *keys)


def plan_texts(corpus: CorpusRef, model: ModelSpec, source: Source) -> TextPlan:
    """Sends nothing. Raises InputError for a table that can't be used."""
    texts = list(dict.fromkeys(_texts(corpus, source)))
    missing, paid = missing_texts(corpus, model, texts, source.kind != "pairs"), capabilities(model).paid
    return TextPlan(len(texts), len(missing), max_usd(missing, model) if missing and paid else 0.0, paid)


def load_material(corpus: CorpusRef, model: ModelSpec, source: Source, secret: Secret | None = None) -> Material:
    """Raises InputError where nothing can be learned, ModelError where texts can't be embedded."""
    if source.kind == "labels":
        rows = training_rows(corpus, source.split_column)
        return Material(load_vectors(corpus, model), labels=label_cells(corpus, source.column), rows=rows)
    if source.kind == "judgments":
        return _judgment_material(corpus, model, source, secret)
    table = source_table(corpus, source)
    first = read_column(corpus, table[source.first], source.first_key)
    second = read_column(corpus, table[source.second], source.second_key)
    weights = line_weights(table, source)
    read = _pair_material if source.kind == "pairs" else _click_material
    material = read(corpus, model, first, second, weights, secret)
    return with_unknown(material, table, source, first, second)


def training_rows(corpus: CorpusRef, column: str) -> np.ndarray | None:
    """(m,) int64 ids of the rows that a split column marks for training; None for "". Raises InputError."""
    if not column:
        return None
    names = label_cells(corpus, column).astype("str").str.strip().str.lower()
    return np.flatnonzero(split_names(names) == "train")


def label_cells(corpus: CorpusRef, name: str) -> pd.Series:
    table = load_corpus(corpus).table
    if name not in table.columns:
        raise InputError(f'There is no column "{name}".', "Choose another column.")
    return table[name]


def source_table(corpus: CorpusRef, source: Source) -> pd.DataFrame:
    if source.upload is None:
        raise InputError("There is no table of pairs.", "Upload one.")
    table = raw_table(corpus.folder, source.upload).table
    for name in (source.first, source.second, source.weight):
        if name and name not in table.columns:
            raise InputError(f'The table has no column "{name}".', "Choose another column.")
    if source.first == source.second:
        raise InputError("Both sides of the pairs are the same column.", "Choose two columns.")
    return table


def line_weights(table: pd.DataFrame, source: Source) -> np.ndarray:
    """(p,) float64 scores or counts, NaN where the cell is not a number. Raises InputError where none is, and for
    negative counts."""
    if not source.weight:
        return np.ones(len(table))
    weights = parse_numbers(table[source.weight]).to_numpy()
    if not np.isfinite(weights).any():
        remedy = "Choose a column of numbers."
        raise InputError(f'The column "{source.weight}" of the table has no numbers.', remedy)
    negative = int((weights < 0).sum())
    if negative and source.kind == "clicks":
        message = f'{negative:,} of {len(table):,} lines have a negative count in "{source.weight}".'
        raise InputError(message, "Choose the column with the number of clicks, or count once per line.")
    return weights


def read_column(corpus: CorpusRef, cells: pd.Series, key: str) -> Column:
    if key == TEXTS:
        texts = cells.astype("str").str.strip().where(cells.notna(), "")
        codes, names = pd.factorize(texts.where(texts != ""))
        return Column(codes.astype(np.int64), tuple(map(str, names)))
    ids = row_ids(load_corpus(corpus).table, key)
    rows = pd.Series(np.arange(len(ids)), index=ids)[lambda of: of.index.notna() & ~of.index.duplicated()]
    return Column(label_strings(cells).map(rows).fillna(-1).to_numpy().astype(np.int64), ())


def rows_of_texts(corpus: CorpusRef, column: Column) -> np.ndarray:
    """(p,) rows of the corpus with these texts, -1 where there are none."""
    if not column.texts:
        return column.rows
    first: dict[str, int] = {}
    for row, text in enumerate(load_corpus(corpus).texts):
        first.setdefault(text.strip(), row)
    rows = np.array([*(first.get(text, -1) for text in column.texts), -1], np.int64)
    return np.asarray(rows[column.rows])


def _texts(corpus: CorpusRef, source: Source) -> tuple[str, ...]:
    """Texts that are embedded: those of pairs, and queries."""
    if source.kind == "labels":
        return ()
    if source.kind == "judgments":
        return tuple(load_judgments(corpus, source.judgments).grades())
    table = source_table(corpus, source)
    columns = [(source.first, source.first_key)]
    columns += [(source.second, source.second_key)] if source.kind == "pairs" else []
    return tuple(text for name, key in columns if key == TEXTS for text in read_column(corpus, table[name], key).texts)


def _judgment_material(corpus: CorpusRef, model: ModelSpec, source: Source, secret: Secret | None) -> Material:
    grades = load_judgments(corpus, source.judgments).grades()
    if not grades:
        raise InputError("There are no judgments yet.", "Judge hits on the Search or Ask page first.")
    queries = embed_task_texts(corpus, Contender(model), list(grades), queries=True, secret=secret)
    return Material(load_vectors(corpus, model), judgments=(queries, list(grades.values())))


def _pair_material(
    corpus: CorpusRef, model: ModelSpec, first: Column, second: Column, scores: np.ndarray, secret: Secret | None
) -> Material:
    """Vectors of the corpus, then those of the texts; the pairs are positions among both."""
    vectors, parts, positions = load_vectors(corpus, model), [], []
    end = len(vectors)
    for column in (first, second):
        offset = end if column.texts else 0
        positions.append(np.where(column.rows < 0, -1, column.rows + offset))
        if column.texts:
            parts.append(embed_task_texts(corpus, Contender(model), column.texts, secret=secret))
            end += len(column.texts)
    if parts:
        vectors = Vectors(np.vstack([vectors.rows, *parts]), model, vectors.corpus)
    pairs = np.column_stack([*positions, scores])
    return Material(vectors, pairs=pairs[(pairs[:, :2] >= 0).all(axis=1)])


def _click_material(
    corpus: CorpusRef, model: ModelSpec, first: Column, second: Column, counts: np.ndarray, secret: Secret | None
) -> Material:
    vectors, relevant = load_vectors(corpus, model), clicked_rows(corpus, first, second, counts)
    names = list(relevant)
    if first.texts:
        texts = [first.texts[query] for query in names]
        queries = embed_task_texts(corpus, Contender(model), texts, queries=True, secret=secret)
    else:
        queries = vectors.rows[names]
    return Material(vectors, judgments=(queries, list(relevant.values())))


def clicked_rows(corpus: CorpusRef, first: Column, second: Column, counts: np.ndarray) -> dict[int, dict[int, float]]:
    """For each query (a row, or a position in the texts of `first`) the rows that were clicked, with their counts."""
    rows = rows_of_texts(corpus, second)
    usable = (first.rows >= 0) & (rows >= 0) & np.isfinite(counts)
    relevant: dict[int, dict[int, float]] = {}
    for query, row, clicked in zip(first.rows[usable], rows[usable], counts[usable], strict=True):
        clicks = relevant.setdefault(int(query), {})
        clicks[int(row)] = clicks.get(int(row), 0.0) + float(clicked)
    return relevant


def with_unknown(
    material: M, table: pd.DataFrame, source: Source, first: Column, second: Column
) -> M:  # fmt: skip
    """With notes on lines without a number, and on those that name rows which the corpus does not have. Raises
    InputError where all do."""
    missing = int((~np.isfinite(line_weights(table, source))).sum())
    notes = []
    if missing:
        of_table = f"{missing:,} of {len(table):,} lines"
        notes.append(f'{of_table} are left out: their values of "{source.weight}" are not numbers.')
    for name, key, column in ((source.first, source.first_key, first), (source.second, source.second_key, second)):
        unknown = column.rows < 0
        if not unknown.any():
            continue
        examples = ", ".join(f'"{str(cell)[:40]}"' for cell in table[name][unknown].drop_duplicates().head(EXAMPLES))
        what = "have no text" if key == TEXTS else f"are not in the corpus ({examples})"
        message = f'{unknown.sum():,} of {len(table):,} lines are left out: their values of "{name}" {what}.'
        if unknown.all():
            remedy = "Choose the column of the corpus that has these values."
            raise InputError(message, "Choose another column of the table." if key == TEXTS else remedy)
        notes.append(message)
    return replace(material, notes=tuple(notes))
