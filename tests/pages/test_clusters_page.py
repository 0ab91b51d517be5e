"""The Clusters page on no, small and ordinary corpora, and the answers behind it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.clusters import cluster_set as clusters
from core.clusters import selection
from core.clusters import service as answers
from core.clusters.agreement import agreement
from core.clusters.cluster_set import cluster_set, clustering, default_clusters, group_values
from core.clusters.compare import against_column
from core.clusters.compare import compared as compared_with
from core.clusters.descriptions import CLUSTER_TRUST
from core.clusters.edited_names import save_names
from core.clusters.methods import ClusterParams
from core.clusters.results import CLUSTER_STABILITY, CLUSTER_SWEEP, ClusterQuery, SweepQuery
from core.clusters.tree import hierarchy
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.corpus.terms import load_terms
from core.errors import InputError, StorageError
from core.jobs import kinds as pipeline
from core.jobs.results import Estimate, result_spec
from core.map.regions import GROUPS, regions
from core.map.service import ColorBy, Place, color_of
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import session
from pages.shared.clusters import icicle, sweep
from tests.waiting import wait_until

PAGE = "pages/explore/clusters.py"


def opened_page(app: AppTest, **link: str) -> AppTest:
    app.run()
    for name, value in link.items():
        app.query_params[name] = value
    return app.switch_page(PAGE).run()


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.text, app.warning, app.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def wait_for_jobs(app: AppTest) -> None:
    wait_until(lambda: not any(job.open for job in session.manager().list(session.folder())))
    app.run()


def brought(home, texts: list[str]) -> tuple:
    """A corpus of these texts, embedded with the lexical model, with its graph."""
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}", (), None, None), name="Other").corpus
    workspace = Workspace(home)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    return str(home), built.digest, spec


def texts_of(home, corpus: str) -> list[str]:
    return Workspace(home).load_corpus(corpus).texts


@pytest.fixture
def where(home, corpus) -> tuple:
    info, spec = corpus
    return CorpusRef(str(home), info.digest), spec, ClusterParams()


def query_of(where) -> ClusterQuery:
    return ClusterQuery(CorpusRef(*where[:1]), *where[2:])


def test_without_a_corpus_it_says_what_to_do(app):
    assert "bring in some text" in words(opened_page(app))


def test_groups_their_figures_and_texts_are_shown(app, where):
    page = opened_page(app)
    assert not page.exception
    found = default_clusters(*where[:2])
    assert f"**{len(found.names)} groups** of 60 rows" in words(page)
    table = page.dataframe[0].value
    assert table["rows"].sum() == 60
    assert table["rows"].is_monotonic_decreasing
    assert found.names[0] in words(page).replace("\\", "")


def test_the_groups_are_the_moods_and_not_the_subjects(where):
    found, table, values = against_column(*where, "subject")
    assert values == 6
    assert found.rows == 60
    assert found.v_measure == pytest.approx(0, abs=1e-9)  # every mood is said of every subject alike
    assert table.to_numpy().sum() == 60
    moods = np.arange(60) % 5
    assert agreement(clustering(*where).labels, moods).v_measure > 0.9
    with pytest.raises(InputError, match="no column"):
        against_column(*where, "nothing")


def test_the_hierarchy_holds_every_row_on_every_level(where):
    nodes = hierarchy(*where)
    for level in {node.level for node in nodes}:
        assert sum(node.rows for node in nodes if node.level == level) == 60
    for node in nodes:
        if node.parent >= 0:
            parent = nodes[node.parent]
            assert parent.level == node.level - 1
            assert parent.start <= node.start
            assert node.start + node.rows <= parent.start + parent.rows


def test_a_finer_level_by_the_link(app, where):
    page = opened_page(app, fine="finest")
    assert page.select_slider[0].value == "finest"
    count = len(cluster_set(*where[:2], ClusterParams(level=5)).names)
    assert f"**{count} groups**" in words(page)


def test_rows_of_a_group_are_kept_once_for_every_page(app, where):
    page = opened_page(app)
    page.text_input[0].set_value("My group")
    next(each for each in page.button if each.label == "Keep these rows").click().run()
    assert not page.exception
    assert not page.error
    kept = saved_selections(Workspace(where[0].folder), where[0].digest)
    assert [each.name for each in kept] == ["My group"]
    labels = clustering(*where).labels
    assert (
        selection_rows(Workspace(where[0].folder), where[0].digest, kept[0].key).tolist()
        == np.flatnonzero(labels == 0).tolist()
    )
    again = answers.keep_cluster(*where, (0,), "Another name")
    assert again.name == "My group"  # the same rows are the same selection


def test_a_clicked_group_is_selected_on_all_pages_until_it_is_cleared(app, where):
    first = selection.select_cluster(*where, 0)
    labels, workspace = clustering(*where).labels, Workspace(where[0].folder)
    assert first.new
    assert first.saved.name == default_clusters(*where[:2]).names[0]
    rows = selection_rows(workspace, where[0].digest, first.saved.key)
    assert rows.tolist() == np.flatnonzero(labels == 0).tolist()
    again = selection.select_cluster(*where, 0)
    assert (again.new, again.saved.key) == (False, first.saved.key)
    assert selection.selected_cluster(*where, first.saved.key, len(rows)) == (3, 0)
    assert selection.selected_cluster(*where, first.saved.key, len(rows) + 1) is None
    page = opened_page(app, selected=first.saved.key)
    assert not page.exception
    assert f"**{len(rows)} rows selected**" in words(page)
    page.switch_page("pages/explore/search.py").run()
    assert f"**{len(rows)} rows selected**" in words(page)
    within = next(each for each in page.multiselect if each.label == "Within a selection")
    assert within.value == [first.saved.key]
    next(each for each in page.button if each.key == "selected_clear").click().run()
    assert "selected**" not in words(page)
    assert "selected" not in page.query_params
    assert next(each for each in page.multiselect if each.label == "Within a selection").value == []
    page.switch_page(PAGE).run()
    assert "selected**" not in words(page)


def test_what_a_click_kept_goes_unless_it_was_renamed(where):
    one, other = (selection.select_cluster(*where, label).saved for label in (0, 1))
    selection.forget(*where[:1], one.key, one.name)
    selection.forget(*where[:1], other.key, "before it was renamed")
    assert saved_selections(Workspace(where[0].folder), where[0].digest) == (other,)
    taken = selection.select_cluster(*where, 0).saved
    save_names(Workspace(where[0].folder), where[0].digest, where[1], ClusterParams(), {2: taken.name, 0: "Else"})
    assert selection.select_cluster(*where, 2).saved.name == f"{taken.name} (2)"


def test_what_describes_clusters_is_stored_and_the_same_when_read(where, monkeypatch):
    computed = answers.overview(*where)
    nodes = hierarchy(*where)
    assert CLUSTER_TRUST.missing(query_of(where)) == ()
    for cache in (clusters.own_names, clusters.clustering, load_terms):
        cache.cache_clear()
    for name in ("cluster_trust", "keywords", "cluster_names", "terms"):
        monkeypatch.setattr(f"core.clusters.descriptions.{name}", None)
    read = answers.overview(*where)
    pd.testing.assert_frame_equal(read.table, computed.table)
    assert read.trust.overall_silhouette == pytest.approx(computed.trust.overall_silhouette)
    assert (read.trust.noise, read.trust.k) == (computed.trust.noise, computed.trust.k)
    assert hierarchy(*where) == nodes


def test_given_names_are_shown_and_taken_by_the_map(where):
    own = default_clusters(*where[:2]).names
    save_names(Workspace(where[0].folder), where[0].digest, where[1], ClusterParams(), {0: "The <b>first</b>"})
    assert default_clusters(*where[:2]).names == ("The <b>first</b>", *own[1:])
    values = group_values(*where[:2], "3.any")
    assert (values == "The <b>first</b>").sum() == (clustering(*where).labels == 0).sum()
    with pytest.raises(InputError, match="Two clusters"):
        save_names(Workspace(where[0].folder), where[0].digest, where[1], ClusterParams(), {0: "Same", 1: "same"})


def test_the_map_is_colored_and_lettered_by_groups(where):
    place = Place(*where[:2], LayoutParams())
    spec = color_of(place, ColorBy("groups", "3.x"))
    names = default_clusters(*where[:2]).names
    assert {category.label for category in spec.categories} == set(names)
    broad = cluster_set(*where[:2], ClusterParams(level=2)).names
    lettered = regions(place, f"{GROUPS}2.x")
    assert {each.text for each in lettered if each.level == 0} <= set(broad)
    assert {each.level for each in lettered} == {0, 1}


def test_stability_is_measured_by_a_job(app, where, monkeypatch):
    monkeypatch.setattr(Estimate, "inline", False)
    answers.overview(*where)
    page = opened_page(app, look="Found again?")
    next(button for button in page.button if button.label == "Measure").click().run()
    wait_for_jobs(page)
    assert "groups are stable" in words(page)
    stable = CLUSTER_STABILITY.get(query_of(where))
    assert stable.runs == 50
    assert stable.found.max() <= 50
    overview = answers.overview(*where)
    assert overview.runs == 50
    assert "found" in overview.table


def test_another_method_is_offered_and_made_by_a_job(app, where, monkeypatch):
    monkeypatch.setattr(Estimate, "inline", False)
    page = opened_page(app, grouping="Fixed number (k-means)", groups="6")
    assert "has not been made yet" in words(page)
    next(button for button in page.button if button.label == "Find the clusters").click().run()
    wait_for_jobs(page)
    assert "**6 groups** of 60 rows" in words(page)
    params = ClusterParams("kmeans", k=6)
    compared = compared_with(*where[:2], params, where[1], ClusterParams())
    assert compared.agreement.ami > 0.8
    assert compared.partners["rows"].sum() == 60
    with pytest.raises(StorageError, match="not been made"):
        cluster_set(*where[:2], ClusterParams("kmeans", k=7))


def test_settings_of_several_methods_are_tried_and_shown_beside_each_other(app, where):
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            stages.append((stage, on))
            function(*arguments, progress=lambda done, total: None)

    corpus, model = where[:2]
    for method in ("leiden", "kmeans"):
        query = SweepQuery(corpus, model, method)
        pipeline.run_job(result_spec(CLUSTER_SWEEP, query, "Sweep"), None, Context())
    assert stages == [("Trying settings of leiden", "job"), ("Trying settings of kmeans", "job")]
    tried = answers.sweeps_of(corpus, model)
    assert set(tried) == {"leiden", "kmeans"}
    assert {clustering.seed for clustering in tried["kmeans"]} == {0, 1, 2}
    at = opened_page(app, look="Try settings")
    assert not at.exception
    assert "**Neighbor graph (Leiden)**" in words(at)
    assert "**Fixed number (k-means)**" in words(at)
    assert "liff" in words(at)  # where it is, or that there is none
    assert [button.label for button in at.button if button.label.startswith("Try")] == ["Try all four methods"]


def test_the_same_grouping_is_not_compared_with_itself(app, where):
    page = opened_page(app, look="Against another")
    assert "rows changed" in words(page)  # the next finer level
    next(each for each in page.selectbox if each.key == "other_level").set_value("medium").run()
    assert "the grouping shown above" in words(page)


@pytest.mark.parametrize("texts", [["one", "two", "three"], ["the same text"] * 12, ["", "  ", "a", "b", "c d"]])
def test_few_and_equal_rows_are_one_or_some_groups(home, texts):
    folder, corpus, spec = brought(home, texts)
    made = answers.overview(CorpusRef(folder, corpus), spec, ClusterParams())
    assert made.table["rows"].sum() == made.total == sum(bool(text.strip()) for text in texts)
    assert len(set(made.table["name"])) == len(made.table)
    for label in range(len(made.table)):
        told = answers.detail(CorpusRef(folder, corpus), spec, ClusterParams(), label)
        inside = clustering(CorpusRef(folder, corpus), spec, ClusterParams()).labels == label
        own = {text for text, here in zip(texts_of(home, corpus), inside, strict=True) if here}
        assert len(told.central) == min(5, len(own))
        assert set(told.central["text"]) <= own
    with pytest.raises(InputError, match="no group"):
        answers.detail(CorpusRef(folder, corpus), spec, ClusterParams(), 99)


def test_three_rows_on_the_page(app, home):
    brought(home, ["one", "two", "three"])
    page = opened_page(app)
    assert not page.exception
    assert "nothing to group" in words(page)


@pytest.fixture
def drawn(monkeypatch) -> list[dict[str, Any]]:
    """What each run of the page gives the icicle, which draws nothing in an AppTest."""
    runs: list[dict[str, Any]] = []
    monkeypatch.setattr(icicle, "draw", lambda bars, heads, **rest: runs.append({"bars": bars, "heads": heads, **rest}))
    return runs


def test_the_icicle_holds_all_clusters(app, where, drawn):
    opened_page(app)
    assert [bar.node for bar in drawn[-1]["bars"]] == list(range(len(hierarchy(*where))))
    assert drawn[-1]["heads"] == ("broadest", "broader", "broad", "medium")
    assert max(bar.level for bar in drawn[-1]["bars"]) == 3
    assert not any(bar.selected for bar in drawn[-1]["bars"])


def test_a_selected_cluster_is_marked_in_the_icicle_whose_key_stays(app, where, drawn):
    nodes = hierarchy(*where)
    position = next(i for i, node in enumerate(nodes) if (node.level, node.label) == (3, 0))
    page = opened_page(app)
    page.query_params["selected"] = selection.select_cluster(*where, 0).saved.key
    page.run()
    assert [bar.node for bar in drawn[-1]["bars"] if bar.selected] == [position]
    assert drawn[-1]["key"] == drawn[0]["key"]


@pytest.mark.parametrize(
    ("counts", "said", "cliff"),
    [
        ([90, 80, 20, 15], "**Cliff** at the line: 80 groups at 10, 20", 1),
        ([90, 60, 40, 25], "No cliff: 40 groups at 25, 25", None),
    ],
)
def test_a_sweep_says_where_its_cliff_is(counts, said, cliff):
    rows = pd.DataFrame({"value": [5.0, 10.0, 25.0, 50.0], "seed": 0, "clusters": counts, "noise": 0.1})
    told, at = sweep.read("hdbscan", "Groups", rows)
    assert said in told
    assert at == cliff
    assert sweep.read("kmeans", "Noise", rows.assign(noise=np.nan))[1] is None
