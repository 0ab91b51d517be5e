"""A corpus whose columns have the names that exports add: every file holds both columns, and no value is lost."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.clusters.methods import ClusterParams
from core.clusters.service import rows_table
from core.corpus.build import build_corpus
from core.corpus.export import table_bytes
from core.corpus.reading.values import RawTable
from core.corpus.selections import save_selection
from core.corpus.service import corpus_file, first_rows, selection_file
from core.disagreement import rows as disagreement_rows
from core.disagreement.results import COMPARISON, PAIR_COMPARISON, ComparisonQuery
from core.disagreement.rows import RowQuery
from core.diversity.service import CoresetQuery, coreset_file
from core.duplicates import service as duplicates
from core.label_errors.results import LABEL_ERRORS, LabelQuery
from core.label_errors.service import LabelErrorFilter, label_error_file
from core.map import rows as map_rows
from core.map.results import LAYOUTS, LayoutQuery
from core.map.scene import MapScene
from core.map.selection import MapSelection
from core.map.service import LayoutKey
from core.models.registry import load_embedder
from core.outliers.consensus import Cutoff
from core.outliers.service import OutlierSettings, outlier_file
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.trends.rows import RowFilter, rows_file
from core.trends.sentiment_source import SentimentSource
from core.trends.service import TrendQuery
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.export import write_export
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared.search.results import hits_table
from tests.pages.conftest import MOODS, SUBJECTS

NAMES = [
    "group", "text", "x", "y", "row", "cluster", "score", "cosine", "rank", "percentile", "vector", "sentiment", "mark",
    "remove", "keep", "Row", "Text", "Cosine", "Keep", "Rank", "Score", "Group", "label", "name", "index", "level_0",
    "file", "id", "time", "source_row", "passage", "hit", "embedding", "cluster name", "hit text", "text of the row",
    "error score", "current label", "embedded text", "disagreement", "words",
]  # fmt: skip
ROWS = 90


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """(folder, digest, model) of a corpus with graph and map, whose column `name` holds "name 0", "name 1", ..."""
    folder = tmp_path_factory.mktemp("names")
    texts = [f"My {subject} {mood}{mark}" for mark in (".", "!", " again") for subject in SUBJECTS for mood in MOODS]
    table = pd.DataFrame({"review": texts} | {name: [f"{name} {i}" for i in range(ROWS)] for name in NAMES})
    table["label"] = [subject for _ in range(3) for subject in SUBJECTS for _ in MOODS]
    table["time"] = pd.date_range("2026-01-01", periods=ROWS).astype(str)
    built = build_corpus(RawTable(table), Roles("{review}", ("label",), "time", "id")).corpus
    Workspace(folder).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(folder)).model
    ref = CorpusRef(str(folder), built.digest)
    NEIGHBORS.get_or_compute(ModelQuery(ref, spec))
    LAYOUTS.get_or_compute(LayoutQuery(ref, spec, LayoutParams(method="pca")))
    return ref, spec


def read(data):
    return pd.read_parquet(io.BytesIO(data)) if data[:4] == b"PAR1" else pd.read_csv(io.BytesIO(data))


def search_hits(ref, spec):
    return table_bytes(hits_table(search(ref, spec, SearchQuery("late parcel", k=5))), "csv")


def map_selection(form):
    def export(ref, spec):
        scene = MapScene((LayoutKey(ref, spec, LayoutParams(method="pca")),))
        return map_rows.selection_file(scene, MapSelection(clicked=3), map_rows.TableView(), form)

    return export


def saved_selection(form):
    def export(ref, spec):
        key = save_selection(Workspace(ref.folder), ref.digest, "group", [1, 5]).key
        return selection_file(ref, key, form)

    return export


def label_errors(ref, spec):
    query = LabelQuery(ref, spec, "label")
    LABEL_ERRORS.get_or_compute(query)
    return label_error_file(query, LabelErrorFilter("all"))


def zipped_table(form, member):
    def export(ref, spec):
        with zipfile.ZipFile(write_export(ref, spec, form)) as archive:
            return archive.read(member)

    return export


def disagreement(ref, spec):
    query = ComparisonQuery(ref, (Contender(spec), Contender(spec, bits="binary")))
    COMPARISON.get_or_compute(query)
    for pair in query.pairs:
        PAIR_COMPARISON.get_or_compute(pair)
    return query


EXPORTS = {
    "disagreement": lambda ref, spec: disagreement_rows.rows_file(disagreement(ref, spec), RowQuery(5)),
    "corpus csv": lambda ref, spec: corpus_file(ref, (), "csv"),
    "corpus parquet": lambda ref, spec: corpus_file(ref, (), "parquet"),
    "selection csv": saved_selection("csv"),
    "selection parquet": saved_selection("parquet"),
    "vectors csv": lambda ref, spec: Path(write_export(ref, spec, "csv")).read_bytes(),
    "vectors parquet": lambda ref, spec: Path(write_export(ref, spec, "parquet")).read_bytes(),
    "vectors npy": zipped_table("npy", "table.csv"),
    "clusters": lambda ref, spec: table_bytes(rows_table(ref, spec, ClusterParams()), "csv"),
    "hits": search_hits,
    "map csv": map_selection("csv"),
    "map parquet": map_selection("parquet"),
    "outliers": lambda ref, spec: outlier_file(ref, spec, OutlierSettings(k=5, cutoff=Cutoff("percentile", 80))),
    "duplicates": lambda ref, spec: duplicates.group_file(duplicates.DuplicateQuery(ref, spec), 0.5, "first"),
    "label errors": label_errors,
    "coreset": lambda ref, spec: coreset_file(CoresetQuery(ref, spec, "k-center", 5, 0.5)),
    "trends": lambda ref, spec: rows_file(
        TrendQuery(ref, None, "time", group="column", column="label", source=SentimentSource("none", "")), RowFilter()
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_columns_of_a_user_keep_their_values_beside_ours(shop, export):
    table = read(EXPORTS[export](*shop))
    assert len(table)
    assert table.columns.is_unique
    for name in set(NAMES) - {"label", "time"}:
        holding = [column for column in table.columns if str(table[column].iloc[0]).startswith(f"{name} ")]
        assert holding, name
        assert table[holding[0]].str.fullmatch(rf"{name} \d+").all()
    assert any(table[column].astype(str).str.startswith("My ").all() for column in table.columns)


def test_projector_metadata_has_one_header_for_each_column(shop):
    header = zipped_table("projector", "metadata.tsv")(*shop).decode().split("\n")[0].split("\t")
    assert len(set(header)) == len(header)


def test_first_rows_are_shown(shop):
    head = first_rows(shop[0])
    assert head.columns.is_unique
    assert np.all(head["group"].str.startswith("group "))


def test_hits_hold_our_ranks_and_scores_too(shop):
    table = read(search_hits(*shop))
    assert table["rank_"].tolist() == [1, 2, 3, 4, 5]
    assert table["score_"].is_monotonic_decreasing
