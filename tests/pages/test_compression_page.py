"""The Compression page: empty, measured at once, what its figures say, its job, and its errors."""

import pandas as pd
import pytest

from core.compression import service as answers
from core.compression.results import COMPRESSION, PARTS, STAGES, usual_seconds
from core.compression.service import CompressedContender, LabelQuality
from core.jobs.kinds import run_job
from core.jobs.results import result_spec
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Vectors, unit_rows
from core.vectors.contenders import Contender
from pages.shared.compression.dimensions import curve_table
from tests.core.compression.conftest import grouped_rows
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/compression.py"


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


@pytest.fixture
def asked(home):
    """Three hundred texts in twenty kinds, with vectors brought in, two texts the same; nothing measured."""
    from core.corpus.build import build_corpus
    from core.corpus.reading.values import RawTable
    from core.types import Roles

    rows, group = grouped_rows(300)
    table = pd.DataFrame({"text": [f"text {i}" for i in range(300)], "kind": [f"kind {each}" for each in group]})
    table.loc[250, "text"] = "text 3"
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("kind",)), name="A *list*").corpus
    info = Workspace(home).save_corpus(built)
    spec = ModelSpec("imported", "mine", dimensions=48)
    Workspace(home).save_vectors(Vectors(unit_rows(rows), spec, info.digest))
    return CompressedContender(CorpusRef(str(home), info.digest), Contender(spec))


class Steps:
    """A job's context that runs each step at once."""

    def __init__(self):
        self.stages = []

    def call(self, stage, function, *args, progress=False, unit="", on="job"):
        self.stages.append(stage)
        seen = []
        function(*args, progress=lambda done, total: seen.append((done, total)))
        assert not seen or seen[-1][0] == seen[-1][1]


def test_what_was_timed_on_the_corpus_tells_how_long_the_next_takes(asked):
    before = {part: COMPRESSION.seconds(asked.query(part)) for part in PARTS}
    assert before == usual_seconds(299, 48)
    for width, seconds in ((24, 6.0), (48, 18.0), (12, 3.0)):
        smaller = Contender(asked.contender.model, width)
        query = CompressedContender(asked.corpus, smaller).query("quantization")
        facts = {"seconds": seconds, "width": width}
        Workspace(asked.corpus.folder).save(
            "compression", asked.corpus.digest, COMPRESSION.stored_inputs(query), {}, facts
        )
    after = {part: COMPRESSION.seconds(asked.query(part)) for part in PARTS}
    assert after == before | {"quantization": 48 * 0.25}


def test_without_a_corpus_the_page_says_what_to_do(home, app):
    at = open_page(app)
    assert not at.exception
    assert "Add data" in at.info[0].value


def test_few_rows_are_measured_at_once(asked, app):
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    text = visible_text(at)
    assert "299 queries among 299 distinct texts, seed 0" in text
    assert "With all 48 dimensions" in text
    assert "of 48 dimensions have a recall" in text
    assert answers.measured_parts(asked) == ("dimensions",)


SENTENCES = {
    "Quantization": "Binary alone",
    "Index": "per query",
    "Capacity planner": "At 1,000,000 rows, exact search over float32 needs **192 MB**",
}


@pytest.mark.slow
def test_every_part_says_what_it_shows(asked, app):
    for part in PARTS:
        COMPRESSION.get_or_compute(asked.query(part))
    at = open_page(app, compress_part="Quantization")
    for part, sentence in SENTENCES.items():
        at.segmented_control(key="compress_part").set_value(part).run()
        assert not at.exception, at.exception
        assert not at.error
        assert sentence in visible_text(at).replace("\\", "")
        assert len(at.dataframe) == 1
    at.segmented_control(key="compress_part").set_value("Index").run()
    assert "faiss.normalize_L2" in at.code[0].value
    at.select_slider(key="compress_recall").set_value(0.999).run()
    assert not at.exception
    assert "99.9%" in visible_text(at).replace("\\", "")


@pytest.mark.slow
def test_the_job_measures_all_parts_once(asked):
    context = Steps()
    for _ in range(2):
        for part in PARTS:
            run_job(result_spec(COMPRESSION, asked.query(part), "Compression"), None, context)
        records = list(COMPRESSION.records(asked.query("quantization").corpus))
        assert len(records) == 3
    assert context.stages == [STAGES[part] for part in PARTS]
    assert answers.measured_parts(asked) == PARTS


def test_quality_by_labels_is_that_of_the_stored_neighbors(asked):
    COMPRESSION.get_or_compute(asked.query("dimensions"))
    view = answers.dimension_view(asked, LabelQuality("kind", "first"))
    curve = view.quality[0]
    assert view.sample.labeled == 299
    rows, group = grouped_rows(300)
    rows[250] = rows[3]  # a copy: not asked, not found
    cosines = unit_rows(rows) @ unit_rows(rows).T
    cosines[:, 250] = -2
    cosines[range(300), range(300)] = -2
    right = (group[cosines.argmax(axis=1)] == group)[[i for i in range(300) if i != 250]]
    assert curve.values[-1] == pytest.approx(right.mean(), abs=1e-6)
    assert curve.values[0] < curve.values[-1]
    assert set(curve_table(view)["measure"]) == {"recall@10", "quality"}


def test_a_column_without_shared_labels_is_told(asked):
    COMPRESSION.get_or_compute(asked.query("dimensions"))
    assert answers.dimension_view(asked, LabelQuality("text")).quality == ()
    assert answers.dimension_view(asked, LabelQuality()).quality == ()
    assert answers.dimension_view(asked, LabelQuality("gone")).quality == ()


def test_fewer_bits_of_a_contender_are_compressed_from_its_float32_vectors(asked, app):
    key = Contender(asked.contender.model, 16, "binary").key
    at = open_page(app, contenders=key)
    assert not at.exception
    assert "With all 16 dimensions" in visible_text(at)


def test_too_few_texts_are_explained(home, app, asked):
    from core.corpus.build import build_corpus
    from core.corpus.reading.values import RawTable
    from core.types import Roles

    table = pd.DataFrame({"text": ["one", "two"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Two").corpus
    info = Workspace(home).save_corpus(built)
    spec = ModelSpec("imported", "mine", dimensions=48)
    Workspace(home).save_vectors(Vectors(unit_rows(grouped_rows(20)[0][:2]), spec, info.digest))
    at = open_page(app, corpus=info.digest)
    assert not at.exception
    assert "20 are needed" in str(at.error[0].value)
