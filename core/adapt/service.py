"""What the Customize page asks of adapters: choices, files, code, and using one as a model."""

from dataclasses import dataclass, replace

import numpy as np

from core.adapt.batches import PositiveDraw as PositiveDraw
from core.adapt.batches import mine_negatives as mine_negatives
from core.adapt.comparison import fewer_candidates as fewer_candidates
from core.adapt.comparison import pair_cosines as pair_cosines
from core.adapt.comparison import query_scores as query_scores
from core.adapt.comparison import score as score
from core.adapt.examples import Examples as Examples
from core.adapt.examples import Ranked as Ranked
from core.adapt.examples import ScoredPairs as ScoredPairs
from core.adapt.fitting import Settings as Settings
from core.adapt.report import fit_or_identity as fit_or_identity
from core.adapt.report import has_queries as has_queries
from core.adapt.results import ADAPTER, AdapterQuery, split_column
from core.adapt.sources import TEXTS
from core.adapt.sources import Source as Source
from core.adapt.sources import source_inputs as source_inputs
from core.adapt.splits import Sides as Sides
from core.adapt.splits import split as split
from core.adapt.storage import export_code, to_bytes
from core.adapt.supervision import Judgments as Judgments
from core.adapt.supervision import Labels as Labels
from core.adapt.supervision import Pairs as Pairs
from core.adapt.supervision import Supervision as Supervision
from core.adapt.supervision import read as read
from core.adapt.text_sources import load_text_material as load_text_material
from core.corpus.judgments import load_judgments
from core.corpus.label_columns import INTERNAL_COLUMNS, label_columns, label_set_columns, label_strings
from core.corpus.loaders import load_corpus
from core.corpus.qrels import FROM_ONE
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource
from core.errors import InputError
from core.files import replacing
from core.models.adapter_files import adapter_path, read_spec
from core.types import CorpusRef, ModelSpec

UNIQUE_SHARE = 0.9  # of the rows with values of their own, so that a column identifies rows
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class Choices:
    """Columns to learn from. columns: of labels. split: divides training and test rows, or ""."""

    columns: tuple[str, ...]
    split: str


def label_choices(corpus: CorpusRef) -> Choices:
    split = split_column(corpus)
    columns = [name for name in (*label_columns(corpus), *label_set_columns(corpus)) if name != split]
    return Choices(tuple(dict.fromkeys(columns)), split)


def judged_queries(corpus: CorpusRef) -> tuple[int, str]:
    """How many queries have a relevant row, and the version of the judgments."""
    log = load_judgments(corpus)
    return sum(any(grade > 0 for grade in rows.values()) for rows in log.grades().values()), log.version


def key_choices(corpus: CorpusRef, upload: ImportSource, column: str) -> tuple[str, ...]:
    """What a column of a table may hold, the best match first: values of a column of the corpus that identifies rows,
    row numbers, or texts."""
    loaded, cells = load_corpus(corpus), label_strings(raw_table(corpus.folder, upload).table[column]).dropna()
    table = loaded.table
    names = [str(name) for name in table.columns if name not in INTERNAL_COLUMNS]
    unique = [name for name in names if table[name].nunique() > UNIQUE_SHARE * len(table)]
    known = {name: set(label_strings(table[name]).dropna()) for name in unique}
    known |= {FROM_ONE: set(map(str, range(1, len(table) + 1)))}
    shares = {name: float(np.mean([cell in values for cell in cells])) if len(cells) else 0.0
              for name, values in known.items()}  # fmt: skip
    is_text = cells.str.contains(r"\s", regex=True).mean() > 0.5 if len(cells) else False
    shares[TEXTS] = 2.0 if is_text else 0.01  # ids have no spaces
    return tuple(sorted(shares, key=lambda name: -shares[name]))


def adapter_file(query: AdapterQuery, name: str) -> bytes:
    """The content of a file, for a download. Raises StorageError where the adapter is not trained."""
    return to_bytes(ADAPTER.get(query), name)


def adapter_code(query: AdapterQuery, file_name: str) -> str:
    """Python code that applies the file elsewhere."""
    return export_code(ADAPTER.get(query), file_name)


def use_as_model(query: AdapterQuery, name: str) -> ModelSpec:
    """Store an adapter in the workspace, so that it can be loaded as a model; one that is stored keeps its name. Gives
    the adapted model, with which the corpus is not embedded yet. Raises InputError for an adapter that changes nothing
    and for no name, StorageError."""
    adapter, name = ADAPTER.get(query), " ".join(name.split())[:MAX_NAME_LENGTH]
    if adapter.is_identity:
        raise InputError("This adapter changes no vector.", "Use the model without it.")
    if not name:
        raise InputError("The adapter needs a name.", "Enter one.")
    path = adapter_path(query.corpus.folder, adapter.key)
    if stored := read_spec(path):
        return stored
    with replacing(path) as temporary:
        temporary.write_bytes(to_bytes(adapter, name))
    return replace(adapter.model, adapter=adapter.key, adapter_name=name)
