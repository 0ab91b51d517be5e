"""An adapter as a stored result of a corpus."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.adapt.fitting import Settings
from core.adapt.results import ADAPTER, AdapterQuery, split_column
from core.adapt.service import use_as_model
from core.adapt.sources import Source, training_rows
from core.corpus.build import read_corpus
from core.errors import InputError
from core.scoreboard.held_out import held_out_rows
from core.scoreboard.labels import read_task_rows
from core.scoreboard.types import Task
from core.scoreboard.verdict import describe_training
from core.store import Workspace
from core.types import CorpusRef, Vectors
from core.vectors.adapters import delete_adapter
from core.vectors.contenders import Contender

QUICK = Settings(epochs=2)


@pytest.fixture
def query(tmp_path, vectors, labels) -> AdapterQuery:
    table = pd.DataFrame({"text": [f"text {i}" for i in range(len(labels))], "category": labels})
    table["split"] = np.where(np.arange(len(labels)) % 4 > 0, "train", "test")
    table.to_csv(tmp_path / "texts.csv", index=False)
    corpus, workspace = read_corpus(tmp_path / "texts.csv", text="text", label="category"), Workspace(tmp_path / "work")
    workspace.save_corpus(corpus)
    workspace.save_vectors(Vectors(vectors.rows.copy(), vectors.model, corpus.digest))
    return AdapterQuery(
        CorpusRef(str(workspace.folder), corpus.digest), vectors.model, Source("labels", "category"), QUICK
    )


def test_it_is_stored_and_loaded(query, vectors):
    assert ADAPTER.load(query) is None
    assert 0 < ADAPTER.seconds(query) < 60
    computed = ADAPTER.get_or_compute(query)
    stored = ADAPTER.load(query)
    assert stored.key == computed.key
    assert stored.report.interval == computed.report.interval
    assert np.array_equal(stored.apply(vectors.rows), computed.apply(vectors.rows))
    assert stored.report.train + stored.report.validation == len(stored.trained_texts)


def test_scores_leave_out_the_rows_an_adapter_was_trained_on(query):
    with_split = replace(query, source=replace(query.source, split_column="split"))
    ADAPTER.get_or_compute(with_split)
    spec = use_as_model(with_split, "topics")
    contenders = (Contender(query.model), Contender(spec))
    choice = held_out_rows(query.corpus, contenders)
    assert (choice.models, choice.rows, choice.total, choice.unknown) == (spec.key, 120, 480, ())
    task = Task.of("labels", column="category", held_out=choice.models)
    _, data = read_task_rows(query.corpus, task)
    assert (data.rows % 4 == 0).all()
    assert (len(data), data.missing) == (120, 0)
    assert describe_training(contenders, choice.models) == ""
    delete_adapter(query.corpus.folder, spec)
    assert held_out_rows(query.corpus, contenders).unknown == (spec.label,)
    with pytest.raises(InputError):
        read_task_rows(query.corpus, task)


def test_rows_are_split_by_a_column(query):
    assert split_column(query.corpus) == "split"
    rows = training_rows(query.corpus, "split")
    assert rows.tolist() == [row for row in range(480) if row % 4 > 0]
    report = ADAPTER.get_or_compute(
        AdapterQuery(query.corpus, query.model, Source("labels", "category", "split"), QUICK)
    ).report
    assert report.train + report.validation == len(rows)
    for column, split in (("missing", ""), ("category", "missing")):
        with pytest.raises(InputError):
            ADAPTER.get_or_compute(AdapterQuery(query.corpus, query.model, Source("labels", column, split), QUICK))
