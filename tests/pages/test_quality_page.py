"""The Quality page: every part with its finding, without labels, with one contender, and in edge cases."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError, ModelError, StorageError
from core.jobs.kinds import run_job
from core.jobs.results import result_spec
from core.models.registry import load_embedder
from core.quality import service
from core.quality.results import EDIT_ROBUSTNESS, EditQuery, load_space
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender, has_graph
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import result_view
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/quality.py"
IMPORTED = ModelSpec("imported", "my *own*", dimensions=12)


def open_page(app, part="Similarity", **query):
    for key, value in ({"quality_part": part} | query).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


@pytest.fixture
def embedded(home):
    """120 texts of six subjects, some copied, under the lexical model, a variant of it, and imported vectors."""
    texts = [f"My {s} number {i}, the {s}, {m}." for s in SUBJECTS for i in range(4) for m in MOODS]
    texts[-3:] = texts[:3]
    table = pd.DataFrame({"text": texts, "subject": [s for s in SUBJECTS for _ in range(20)], "alone": range(120)})
    table.loc[117:, "subject"] = SUBJECTS[0]
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(6, 12)) + 0.5
    rows = centers[np.repeat(np.arange(6), 20)] + generator.normal(size=(120, 12))
    rows[117:] = rows[:3]
    workspace.save_vectors(Vectors(unit_rows(rows), IMPORTED, info.digest))
    for model in (spec, IMPORTED):
        NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), model))
    return str(home), info.digest, Contender(spec), Contender(IMPORTED)


def link(*contenders):
    return {"contenders": ".".join(contender.key for contender in contenders)}


def turn_to(at, part):
    return at.segmented_control(key="quality_part").set_value(part).run()


def fine(at):
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def test_similarity_is_drawn_and_summarized(embedded, app):
    at = open_page(app, **link(*embedded[2:]))
    text = fine(at)
    assert "same-label pairs are more similar than 95% of random pairs" in text
    assert "of 117 unique texts" in text
    assert "seed 0" in text
    table = at.dataframe[0].value
    assert table["contender"].tolist() == ["lexical baseline", "my *own*"]
    folder, digest, _, mine = embedded
    result = service.similarity(CorpusRef(folder, digest), mine, "subject")
    assert table["first"][1] == pytest.approx(result.medians["first"])
    at.segmented_control(key="quality_scale").set_value("euclidean").run()
    fine(at)


def test_without_labels_neighbors_are_compared(embedded, app):
    at = open_page(app, **link(*embedded[2:]))
    at.selectbox(key="quality_label").set_value("").run()
    text = fine(at)
    assert "more similar than a random pair" in text
    assert "above" not in at.dataframe[0].value


def test_dimension_usage_names_every_measure(embedded, app):
    at = open_page(app, "Dimension usage", **link(*embedded[2:]))
    assert "RankMe: exp(" in fine(at)
    table = at.dataframe[0].value
    assert table["measure"][0] == "Dimensions"
    assert len(table) == 13
    assert table["my *own*"][0] == "12"
    assert any("TwoNN" in name for name in table["measure"])


def test_hubs_are_listed_with_their_repair(embedded, app):
    at = open_page(app, "Hubness", **link(*embedded[2:]))
    assert "by chance" in fine(at)
    table, hubs = at.dataframe[0].value, at.dataframe[1].value
    assert table["repair"].tolist() == ["Cosine", "CSLS", "Mutual proximity"] * 2
    assert hubs["none"].is_monotonic_decreasing
    folder, digest, lexical, _ = embedded
    ids = load_space(CorpusRef(folder, digest), lexical).ids[:, :10]
    assert hubs["none"].iloc[0] == np.bincount(ids.ravel()).max()


def test_length_bias_is_drawn(embedded, app):
    at = open_page(app, "Length bias", **link(*embedded[2:]))
    assert "Spearman" in fine(at)
    at.segmented_control(key="quality_length_by").set_value("occurrences").run()
    fine(at)


def test_a_cosine_is_calibrated(embedded, app):
    at = open_page(app, "Calibration", quality_cosine="0.5", **link(*embedded[2:]))
    text = fine(at)
    assert "reach a cosine of 0.50" in text
    assert "isotonic regression" in text
    table = at.dataframe[0].value
    folder, digest, lexical, mine = embedded
    level = service.cosine_distribution(CorpusRef(folder, digest), lexical).above(0.5)
    assert table["equal"].tolist() == pytest.approx(
        [0.5, service.cosine_distribution(CorpusRef(folder, digest), mine).cosine(level)]
    )
    at.number_input(key="quality_cosine").set_value(1.0).run()
    assert "No pair reaches a cosine of 1.00" in fine(at)


def test_migration_shows_what_changes(embedded, app):
    at = open_page(app, "Migration", **link(*embedded[2:]))
    text = fine(at)
    assert "top-10 lists change" in text
    assert "imported vectors" in text
    assert len(at.dataframe[0].value) == 20
    assert "seed 0" in text
    at.selectbox(key="quality_to").set_value(0).run()
    assert "are the same" in fine(at)


def test_typed_queries_are_compared(embedded, app):
    folder, digest, lexical, _ = embedded
    small = Contender(lexical.model, 32)
    at = open_page(app, "Migration", **link(lexical, small))
    fine(at)
    at.text_area(key="quality_typed").set_value("my lamp broke\n\nteapot late\nmy lamp broke")
    at.button(key="quality_query_go").click().run()
    text = fine(at)
    assert "of 2 typed queries" in text
    table = at.dataframe[0].value
    assert set(table["query"]) == {"my lamp broke", "teapot late"}
    same = service.compare_typed_queries(CorpusRef(folder, digest), lexical, lexical, ("my lamp broke",), (None, None))
    assert same[0].overlap == same[0].k == 10
    assert same[0].same_top_hit
    assert "lamp" in same[0].top_a


def test_noise_is_drawn(embedded, app):
    at = open_page(app, "Robustness", quality_change="Noise on vectors", **link(*embedded[2:]))
    assert "noise of length 0.3" in fine(at)


def test_edit_robustness_is_offered_measured_and_stored(embedded, app):
    folder, digest, lexical, mine = embedded
    corpus = CorpusRef(folder, digest)
    at = open_page(app, "Robustness", **link(*embedded[2:]))
    text = fine(at)
    assert "my *own*: imported vectors" in text
    assert "edited texts to embed" in text
    assert at.button(key="quality_edits_start")
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            function(*arguments, progress=lambda done, total: None)
            stages.append(stage)

    run_job(result_spec(EDIT_ROBUSTNESS, EditQuery(corpus, lexical), ""), None, Context())
    assert stages == ["Embedding edited texts"]  # its neighbors are stored
    text = fine(at.run())
    assert "most (" in text
    table, examples = at.dataframe[0].value, at.dataframe[1].value
    assert table["meaning"].tolist().count("changed") == 2
    assert (examples["text"] != examples["edited"]).all()
    assert service.plan_edits(corpus, lexical).measured
    with pytest.raises(ModelError):
        EDIT_ROBUSTNESS.get_or_compute(EditQuery(corpus, mine))
    with pytest.raises(StorageError):
        service.edit_robustness(corpus, mine)


def test_stored_drops_are_those_of_embedding(embedded):
    """The drop in the list of examples, from vectors computed here."""
    folder, digest, lexical, _ = embedded
    corpus, variant = CorpusRef(folder, digest), Contender(lexical.model, 64, "int8")
    for contender in (lexical, variant):
        EDIT_ROBUSTNESS.get_or_compute(EditQuery(corpus, contender))
    frame = service.edit_examples(corpus, lexical, "typos")
    model = load_embedder("lexical")
    drops = 1 - np.sum(model.embed(frame["text"].tolist()) * model.embed(frame["edited"].tolist()), axis=1)
    np.testing.assert_allclose(frame["drop"], drops, atol=1e-5)
    assert frame["drop"].is_monotonic_decreasing
    one, other = (
        service.edit_robustness(corpus, contender).probe("typos").drop.value for contender in (lexical, variant)
    )
    assert one != other
    assert one == pytest.approx(other, abs=0.1)


def test_a_paid_model_is_priced_before_it_starts(embedded, app, monkeypatch):
    folder, digest, lexical, _ = embedded
    corpus = CorpusRef(folder, digest)
    spec = ModelSpec("openai", "text-embedding-3-small", dimensions=12, max_tokens=8191)
    Workspace(folder).save_vectors(Vectors(unit_rows(np.random.default_rng(1).normal(size=(120, 12))), spec, digest))
    plan = service.plan_edits(corpus, Contender(spec))
    assert plan.paid
    assert plan.can_embed
    assert 100 < plan.texts <= plan.total  # an edited text may be another row's
    assert 0 < plan.usd < 0.01
    with pytest.raises(JobError, match="nothing was sent"):
        EDIT_ROBUSTNESS.get_or_compute(EditQuery(corpus, Contender(spec), plan.usd / 2))
    jobs = []
    monkeypatch.setattr(result_view, "submit_jobs", lambda *submitted: jobs.extend(submitted))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    at = open_page(app, "Robustness", **link(lexical, Contender(spec)))
    assert "needs the OpenAI API key" in fine(at)
    assert not at.button(key="quality_edits_start").disabled  # of the other one
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    assert f"at most ${plan.usd:.4f}" in fine(at.run())
    assert at.button(key="quality_edits_start").disabled
    next(box for box in at.checkbox if str(box.key).startswith("agreed-")).check().run()
    assert not at.button(key="quality_edits_start").disabled
    at.button(key="quality_edits_start").click().run()
    assert [job.params["query"]["limit_usd"] for job in jobs] == [None, 0.01]
    assert {job.params["result"] for job in jobs} == {"edit_robustness"}


def test_one_contender_is_enough_but_not_for_a_migration(embedded, app):
    at = open_page(app, "Migration", **link(embedded[2]))
    assert "second contender" in fine(at)
    assert "skewness" in fine(turn_to(at, "Hubness"))


def test_a_variant_is_given_its_neighbors_at_once(embedded, app):
    folder, digest, lexical, _ = embedded
    small = Contender(lexical.model, 16, "binary")
    assert has_graph(CorpusRef(folder, digest), lexical)
    assert not has_graph(CorpusRef(folder, digest), small)
    fine(open_page(app, **link(lexical, small)))
    assert has_graph(CorpusRef(folder, digest), small)


def test_many_rows_are_offered_as_a_job(embedded, app, monkeypatch):
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    at = open_page(app, **link(embedded[2], Contender(embedded[2].model, 8)))
    assert "Find nearest neighbors" in fine(at)
    assert not at.dataframe


def test_labels_without_repetition_are_not_offered(embedded, app):
    folder, digest, _, _ = embedded
    at = open_page(app, **link(*embedded[2:]))
    assert "alone" not in at.selectbox(key="quality_label").options
    with pytest.raises(InputError):
        service.similarity(CorpusRef(folder, digest), embedded[2], "alone")


@pytest.mark.parametrize("texts", [["one"], ["the same text"] * 30, ["first thing", "second thing", "third one"]])
def test_hardly_any_texts_are_explained(home, app, texts):
    built = build_corpus(RawTable(pd.DataFrame({"text": texts}), (), (), None, ""), Roles("{text}"), name="Few").corpus
    info = Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    at = open_page(app, **link(Contender(spec)))
    if len(set(texts)) < 3:
        assert "only 1 unique text" in fine(at)
        return
    for part in ("Dimension usage", "Robustness", "Hubness", "Length bias", "Calibration"):
        turn_to(at, part)
        assert not at.exception, (part, at.exception)


def test_an_empty_workspace_says_what_to_do(home, app):
    at = open_page(app)
    assert not at.exception
    assert "Add data" in visible_text(at)
