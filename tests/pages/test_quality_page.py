"""The Quality page: every part draws and says what it found, without labels, with one contender, and in bad cases."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError, ModelError, StorageError
from core.jobs.kinds import run_job
from core.jobs.types import JobSpec
from core.models.registry import load_embedder
from core.quality import calibration_service as meaning
from core.quality import results as quality_tasks
from core.quality import robustness as robust
from core.quality import service as measures
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender, get_or_compute_neighbors, has_graph
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared.quality import measure
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/quality.py"
IMPORTED = ModelSpec("imported", "my *own*", dimensions=12)


def open_page(app, part="Similarity", **query):
    for key, value in ({"quality_part": part} | query).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


@pytest.fixture
def made(home):
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
    assert not at.error, [each.value for each in at.error]
    return visible_text(at).replace("\\", "")


def test_similarity_is_drawn_and_said(made, app):
    at = open_page(app, **link(*made[2:]))
    text = fine(at)
    assert "pairs with the same label are nearer than 95% of random pairs" in text
    assert "of 117 different texts" in text
    assert "seed 0" in text
    table = at.dataframe[0].value
    assert table["contender"].tolist() == ["lexical baseline", "my *own*"]
    folder, digest, _, mine = made
    found = measures.similarity(CorpusRef(folder, digest), mine, "subject")
    assert table["first"][1] == pytest.approx(found.medians["first"])
    at.segmented_control(key="quality_scale").set_value("euclidean").run()
    fine(at)


def test_without_labels_neighbors_are_told(made, app):
    at = open_page(app, **link(*made[2:]))
    at.selectbox(key="quality_label").set_value("").run()
    text = fine(at)
    assert "nearer than a random pair" in text
    assert "above" not in at.dataframe[0].value


def test_density_names_every_measure(made, app):
    at = open_page(app, "Information density", **link(*made[2:]))
    assert "RankMe: exp(" in fine(at)
    table = at.dataframe[0].value
    assert table["measure"][0] == "Dimensions"
    assert len(table) == 13
    assert table["my *own*"][0] == "12"
    assert any("TwoNN" in each for each in table["measure"])


def test_hubs_are_listed_with_their_repair(made, app):
    at = open_page(app, "Hubness", **link(*made[2:]))
    assert "by chance" in fine(at)
    table, hubs = at.dataframe[0].value, at.dataframe[1].value
    assert table["repair"].tolist() == ["As they are", "CSLS", "Mutual proximity"] * 2
    assert hubs["none"].is_monotonic_decreasing
    folder, digest, lexical, _ = made
    ids = quality_tasks.space(CorpusRef(folder, digest), lexical).ids[:, :10]
    assert hubs["none"].iloc[0] == np.bincount(ids.ravel()).max()


def test_length_is_told(made, app):
    at = open_page(app, "Length bias", **link(*made[2:]))
    assert "Spearman" in fine(at)
    at.segmented_control(key="quality_length_by").set_value("listed").run()
    fine(at)


def test_a_cosine_is_translated(made, app):
    at = open_page(app, "Calibrated similarity", quality_cosine="0.5", **link(*made[2:]))
    text = fine(at)
    assert "Under lexical baseline a cosine of 0.50 is reached by" in text
    assert "isotonic regression" in text
    table = at.dataframe[0].value
    folder, digest, lexical, mine = made
    level = meaning.scale(CorpusRef(folder, digest), lexical).above(0.5)
    assert table["equal"].tolist() == pytest.approx([0.5, meaning.scale(CorpusRef(folder, digest), mine).cosine(level)])
    at.number_input(key="quality_cosine").set_value(1.0).run()
    assert "No pair looked at reaches 1.00" in fine(at)


def test_migration_says_what_changes(made, app):
    at = open_page(app, "Migration", **link(*made[2:]))
    text = fine(at)
    assert "top-10 lists change" in text
    assert "texts here stand in for them" in text
    assert len(at.dataframe[0].value) == 20
    assert "seed 0" in text
    at.selectbox(key="quality_to").set_value(0).run()
    assert "the same contender" in fine(at)


def test_typed_queries_are_asked_of_both(made, app):
    folder, digest, lexical, _ = made
    small = Contender(lexical.model, 32)
    at = open_page(app, "Migration", **link(lexical, small))
    fine(at)
    at.text_area(key="quality_typed").set_value("my lamp broke\n\nteapot late\nmy lamp broke")
    at.button(key="quality_query_go").click().run()
    text = fine(at)
    assert "of 2 typed queries" in text
    table = at.dataframe[0].value
    assert set(table["query"]) == {"my lamp broke", "teapot late"}
    same = meaning.typed_queries(CorpusRef(folder, digest), lexical, lexical, ("my lamp broke",), (None, None))
    assert same[0].kept == same[0].k == 10
    assert same[0].first_same
    assert "lamp" in same[0].before


def test_noise_is_drawn(made, app):
    at = open_page(app, "Robustness", quality_change="Noise on vectors", **link(*made[2:]))
    assert "Noise 0.3 times as long as the vector" in fine(at)


def test_wording_is_offered_measured_and_kept(made, app):
    folder, digest, lexical, mine = made
    at = open_page(app, "Robustness", **link(*made[2:]))
    text = fine(at)
    assert "my *own*: vectors that were brought in" in text
    assert "changed texts to embed" in text
    assert at.button(key="quality_wording_start")
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            function(*arguments, progress=lambda done, total: None)
            stages.append(stage)

    run_job(JobSpec("quality", folder, digest, {"what": "wording", **lexical.to_dict()}), None, Context())
    assert stages == ["Embedding changed texts"]  # its neighbors are stored
    text = fine(at.run())
    assert "costs most" in text
    table, examples = at.dataframe[0].value, at.dataframe[1].value
    assert table["meaning"].tolist().count("turns") == 2
    assert (examples["text"] != examples["changed"]).all()
    plan = robust.plan(CorpusRef(folder, digest), lexical)
    assert plan.kept
    with pytest.raises(ModelError):
        quality_tasks.measure_wording(CorpusRef(folder, digest), mine)
    with pytest.raises(StorageError):
        robust.wording(CorpusRef(folder, digest), mine)


def test_what_the_job_keeps_is_what_embedding_gives(made):
    """The drop in the list of examples, from vectors made here."""
    folder, digest, lexical, _ = made
    variant = Contender(lexical.model, 64, "int8")
    get_or_compute_neighbors(CorpusRef(folder, digest), variant)
    quality_tasks.measure_wording(CorpusRef(folder, digest), lexical)
    frame = robust.examples(CorpusRef(folder, digest), lexical, "typos")
    model = load_embedder("lexical")
    drops = 1 - np.sum(model.embed(frame["text"].tolist()) * model.embed(frame["changed"].tolist()), axis=1)
    np.testing.assert_allclose(frame["drop"], drops, atol=1e-5)
    assert frame["drop"].is_monotonic_decreasing
    quality_tasks.measure_wording(CorpusRef(folder, digest), variant)
    one, other = (
        robust.wording(CorpusRef(folder, digest), each).line("typos").drop.value for each in (lexical, variant)
    )
    assert one != other
    assert one == pytest.approx(other, abs=0.1)


def test_a_paid_model_is_priced_before_it_starts(made, app, monkeypatch):
    folder, digest, lexical, _ = made
    spec = ModelSpec("openai", "text-embedding-3-small", dimensions=12, max_tokens=8191)
    Workspace(folder).save_vectors(Vectors(unit_rows(np.random.default_rng(1).normal(size=(120, 12))), spec, digest))
    plan = robust.plan(CorpusRef(folder, digest), Contender(spec))
    assert plan.sends
    assert plan.able
    assert 100 < plan.texts <= plan.total  # a changed text may be another row's
    assert 0 < plan.usd < 0.01
    with pytest.raises(JobError, match="nothing was sent"):
        quality_tasks.measure_wording(CorpusRef(folder, digest), Contender(spec), None, plan.usd / 2)
    jobs = []
    monkeypatch.setattr(measure, "_submit", jobs.extend)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    at = open_page(app, "Robustness", **link(lexical, Contender(spec)))
    assert "needs the OpenAI API key" in fine(at)
    assert not at.button(key="quality_wording_start").disabled  # of the other one
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    assert f"for at most ${plan.usd:.4f}" in fine(at.run())
    assert at.button(key="quality_wording_start").disabled
    agreed = next(each for each in at.checkbox if each.label == "I agree to pay up to this limit")
    agreed.check().run()
    assert not at.button(key="quality_wording_start").disabled
    at.button(key="quality_wording_start").click().run()
    assert [job.params.get("limit_usd") for job in jobs] == [None, 0.01]


def test_one_contender_is_enough_but_not_for_a_move(made, app):
    at = open_page(app, "Migration", **link(made[2]))
    assert "Choose a second contender" in fine(at)
    assert "lists have a skewness" in fine(turn_to(at, "Hubness"))


def test_a_variant_is_given_its_neighbors_at_once(made, app):
    folder, digest, lexical, _ = made
    small = Contender(lexical.model, 16, "binary")
    assert has_graph(CorpusRef(folder, digest), lexical)
    assert not has_graph(CorpusRef(folder, digest), small)
    fine(open_page(app, **link(lexical, small)))
    assert has_graph(CorpusRef(folder, digest), small)


def test_many_rows_are_offered_as_a_job(made, app, monkeypatch):
    from pages.shared.quality import start

    monkeypatch.setattr(start, "graph_seconds", lambda *_: 600.0)
    at = open_page(app, **link(made[2], Contender(made[2].model, 8)))
    assert "Find neighbors first" in fine(at)
    assert not at.dataframe


def test_labels_that_are_all_unlike_are_explained(made, app):
    folder, digest, _, _ = made
    at = open_page(app, **link(*made[2:]))
    assert "alone" not in at.selectbox(key="quality_label").options
    with pytest.raises(InputError):
        measures.similarity(CorpusRef(folder, digest), made[2], "alone")


@pytest.mark.parametrize("texts", [["one"], ["the same text"] * 30, ["first thing", "second thing", "third one"]])
def test_hardly_any_texts_are_explained(home, app, texts):
    built = build_corpus(RawTable(pd.DataFrame({"text": texts}), (), (), None, ""), Roles("{text}"), name="Few").corpus
    info = Workspace(home).save_corpus(built)
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    at = open_page(app, **link(Contender(spec)))
    if len(set(texts)) < 3:
        assert "1 different text; pairs and neighbors need at least 3" in fine(at)
        return
    for part in ("Information density", "Robustness", "Hubness", "Length bias", "Calibrated similarity"):
        turn_to(at, part)
        assert not at.exception, (part, at.exception)


def test_an_empty_workspace_says_what_to_do(home, app):
    at = open_page(app)
    assert not at.exception
    assert "bring in some text" in visible_text(at)
