"""The Clusters page on no, small and ordinary corpora, and the answers behind it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.clusters import selection
from core.clusters import service as answers
from core.clusters.agreement import agreement, compare_with_column
from core.clusters.agreement import compare_clusterings as compared_with
from core.clusters.hierarchy import hierarchy
from core.clusters.methods import ClusterParams
from core.clusters.names import save_names
from core.clusters.results import CLUSTER_STABILITY, CLUSTER_SWEEP, CLUSTER_TRUST, ClusterQuery, SweepQuery
from core.clusters.selection import save_cluster_selection
from core.clusters.service import cluster_set, clustering, default_clusters, group_values
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.corpus.terms import load_terms
from core.errors import InputError, StorageError
from core.jobs import kinds as pipeline
from core.jobs.results import Estimate, result_spec
from core.map.regions import CLUSTER_LABELS, layout_regions
from core.map.service import ColorBy, LayoutKey, color_of
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import session
from pages.shared.clusters import icicle, tuning
from pages.shared.filters import SELECTION_KEY
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
    return ClusterQuery(*where)


def test_without_a_corpus_it_says_what_to_do(app):
    assert "add data first" in words(opened_page(app))


def test_groups_their_figures_and_texts_are_shown(app, where):
    page = opened_page(app)
    assert not page.exception
    found = default_clusters(*where[:2])
    assert f"**{len(found.names)} clusters** of 60 rows" in words(page)
    table = page.dataframe[0].value
    assert table["rows"].sum() == 60
    assert table["rows"].is_monotonic_decreasing
    assert found.names[0] in words(page).replace("\\", "")


def test_the_groups_are_the_moods_and_not_the_subjects(where):
    found, table, values = compare_with_column(*where, "subject")
    assert values == 6
    assert found.rows == 60
    assert found.v_measure == pytest.approx(0, abs=1e-9)  # every mood is said of every subject alike
    assert table.to_numpy().sum() == 60
    moods = np.arange(60) % 5
    assert agreement(clustering(*where).labels, moods).v_measure > 0.9
    with pytest.raises(InputError, match="no column"):
        compare_with_column(*where, "nothing")


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
    assert f"**{count} clusters**" in words(page)


def test_rows_of_a_group_are_kept_once_for_every_page(app, where):
    page = opened_page(app)
    page.text_input[0].set_value("My group")
    next(button for button in page.button if button.label == "Save selection").click().run()
    assert not page.exception
    assert not page.error
    kept = saved_selections(Workspace(where[0].folder), where[0].digest)
    assert [each.name for each in kept] == ["My group"]
    labels = clustering(*where).labels
    assert (
        selection_rows(Workspace(where[0].folder), where[0].digest, kept[0].key).tolist()
        == np.flatnonzero(labels == 0).tolist()
    )
    again = save_cluster_selection(*where, (0,), "Another name")
    assert again.name == "My group"  # the same rows are the same selection


def test_a_clicked_group_is_selected_on_all_pages_until_it_is_cleared(app, where):
    first = selection.save_clicked(*where, 0)
    labels, workspace = clustering(*where).labels, Workspace(where[0].folder)
    assert first.is_new
    assert first.saved.name == default_clusters(*where[:2]).names[0]
    rows = selection_rows(workspace, where[0].digest, first.saved.key)
    assert rows.tolist() == np.flatnonzero(labels == 0).tolist()
    again = selection.save_clicked(*where, 0)
    assert (again.is_new, again.saved.key) == (False, first.saved.key)
    assert selection.cluster_of_selection(*where, first.saved.key, len(rows)) == (3, 0)
    assert selection.cluster_of_selection(*where, first.saved.key, len(rows) + 1) is None
    page = opened_page(app, selected=first.saved.key)
    assert not page.exception
    assert f"**{len(rows)} rows selected**" in words(page)
    page.switch_page("pages/explore/search.py").run()
    assert f"**{len(rows)} rows selected**" in words(page)
    assert page.multiselect(key=SELECTION_KEY).value == [first.saved.key]
    page.button(key="selected_clear").click().run()
    assert "selected**" not in words(page)
    assert "selected" not in page.query_params
    assert page.multiselect(key=SELECTION_KEY).value == []
    page.switch_page(PAGE).run()
    assert "selected**" not in words(page)


def test_what_a_click_kept_goes_unless_it_was_renamed(where):
    one, other = (selection.save_clicked(*where, label).saved for label in (0, 1))
    selection.delete_clicked(*where[:1], one.key, one.name)
    selection.delete_clicked(*where[:1], other.key, "before it was renamed")
    assert saved_selections(Workspace(where[0].folder), where[0].digest) == (other,)
    taken = selection.save_clicked(*where, 0).saved
    save_names(Workspace(where[0].folder), where[0].digest, where[1], ClusterParams(), {2: taken.name, 0: "Else"})
    assert selection.save_clicked(*where, 2).saved.name == f"{taken.name} (2)"


def test_what_describes_clusters_is_stored_and_the_same_when_read(where, monkeypatch):
    computed = answers.cluster_overview(*where)
    nodes = hierarchy(*where)
    assert CLUSTER_TRUST.missing(query_of(where)) == ()
    for cache in (answers.keyword_names, answers.clustering, load_terms):
        cache.cache_clear()
    for name in ("cluster_trust", "keywords", "cluster_names", "load_terms"):
        monkeypatch.setattr(f"core.clusters.results.{name}", None)
    read = answers.cluster_overview(*where)
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
    layout = LayoutKey(*where[:2], LayoutParams())
    spec = color_of(layout, ColorBy("clusters", "3.x"))
    names = default_clusters(*where[:2]).names
    assert {category.label for category in spec.categories} == set(names)
    broad = cluster_set(*where[:2], ClusterParams(level=2)).names
    regions = layout_regions(layout, f"{CLUSTER_LABELS}2.x")
    assert {region.text for region in regions if region.level == 0} <= set(broad)
    assert {region.level for region in regions} == {0, 1}


def test_stability_is_measured_by_a_job(app, where, monkeypatch):
    monkeypatch.setattr(Estimate, "inline", False)
    answers.cluster_overview(*where)
    page = opened_page(app, look="Stability")
    next(button for button in page.button if button.label == "Measure").click().run()
    wait_for_jobs(page)
    assert "clusters are stable" in words(page)
    stable = CLUSTER_STABILITY.get(query_of(where))
    assert stable.runs == 50
    assert stable.recovered.max() <= 50
    overview = answers.cluster_overview(*where)
    assert overview.runs == 50
    assert "recovered" in overview.table


def test_stability_measured_at_once_lists_the_least_stable(app, where):
    assert not CLUSTER_STABILITY.exists(query_of(where))
    page = opened_page(app, look="Stability")
    stable = CLUSTER_STABILITY.get(query_of(where))
    assert f"mean Jaccard {stable.jaccard.min():.2f}" in words(page)


def test_another_method_is_offered_and_made_by_a_job(app, where, monkeypatch):
    monkeypatch.setattr(Estimate, "inline", False)
    page = opened_page(app, grouping="Fixed number (k-means)", groups="6")
    assert "has not been computed yet" in words(page)
    next(button for button in page.button if button.label == "Find clusters").click().run()
    wait_for_jobs(page)
    assert "**6 clusters** of 60 rows" in words(page)
    params = ClusterParams("kmeans", k=6)
    compared = compared_with(*where[:2], params, where[1], ClusterParams())
    assert compared.agreement.ami > 0.8
    assert compared.pairs["rows"].sum() == 60
    with pytest.raises(StorageError, match="not been computed"):
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
    assert stages == [("Parameter sweep of leiden", "job"), ("Parameter sweep of kmeans", "job")]
    tried = answers.finished_sweeps(corpus, model)
    assert set(tried) == {"leiden", "kmeans"}
    assert {clustering.seed for clustering in tried["kmeans"]} == {0, 1, 2}
    at = opened_page(app, look="Tune")
    assert not at.exception
    assert "**Neighbor graph (Leiden)**" in words(at)
    assert "**Fixed number (k-means)**" in words(at)
    assert "liff" in words(at)  # where it is, or that there is none
    assert [button.label for button in at.button if button.label.startswith("Sweep")] == ["Sweep all four methods"]


def test_the_same_grouping_is_not_compared_with_itself(app, where):
    page = opened_page(app, look="Compare with another clustering")
    assert "rows changed clusters" in words(page)  # the next finer level
    page.selectbox(key="other_level").set_value("medium").run()
    assert "the clustering above" in words(page)


@pytest.mark.parametrize("texts", [["one", "two", "three"], ["the same text"] * 12, ["", "  ", "a", "b", "c d"]])
def test_few_and_equal_rows_are_one_or_some_groups(home, texts):
    folder, corpus, spec = brought(home, texts)
    made = answers.cluster_overview(CorpusRef(folder, corpus), spec, ClusterParams())
    assert made.table["rows"].sum() == made.total == sum(bool(text.strip()) for text in texts)
    assert len(set(made.table["name"])) == len(made.table)
    for label in range(len(made.table)):
        told = answers.cluster_detail(CorpusRef(folder, corpus), spec, ClusterParams(), label)
        inside = clustering(CorpusRef(folder, corpus), spec, ClusterParams()).labels == label
        own = {text for text, here in zip(texts_of(home, corpus), inside, strict=True) if here}
        assert len(told.representative) == min(5, len(own))
        assert set(told.representative["text"]) <= own
    with pytest.raises(InputError, match="no cluster"):
        answers.cluster_detail(CorpusRef(folder, corpus), spec, ClusterParams(), 99)


def test_three_rows_on_the_page(app, home):
    brought(home, ["one", "two", "three"])
    page = opened_page(app)
    assert not page.exception
    assert "Too few rows" in words(page)


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
    page.query_params["selected"] = selection.save_clicked(*where, 0).saved.key
    page.run()
    assert [bar.node for bar in drawn[-1]["bars"] if bar.selected] == [position]
    assert drawn[-1]["key"] == drawn[0]["key"]


@pytest.mark.parametrize(
    ("counts", "said", "cliff"),
    [
        ([90, 80, 20, 15], "**Cliff** at the line: 80 clusters at 10, 20", 1),
        ([90, 60, 40, 25], "No cliff: the largest step is 40 clusters at 25, 25", None),
    ],
)
def test_a_sweep_says_where_its_cliff_is(counts, said, cliff):
    rows = pd.DataFrame({"value": [5.0, 10.0, 25.0, 50.0], "seed": 0, "clusters": counts, "noise": 0.1})
    told, at = tuning.summarize_sweep("hdbscan", "Clusters", rows)
    assert said in told
    assert at == cliff
    assert tuning.summarize_sweep("kmeans", "Noise", rows.assign(noise=np.nan))[1] is None


def test_another_model_with_vectors_but_no_graph_is_named_and_not_compared(app, where):
    corpus, spec, params = where
    static = embed(
        Workspace(corpus.folder).load_corpus(corpus.digest), load_embedder("static"), Workspace(corpus.folder)
    )
    overview = answers.cluster_overview(corpus, spec, params)
    assert overview.models == ()
    assert overview.not_compared == (static.model.label,)
    page = opened_page(app, model=spec.key)
    assert not page.exception
    assert not page.error
    NEIGHBORS.get_or_compute(ModelQuery(corpus, static.model))
    assert answers.cluster_overview(corpus, spec, params).models == (static.model.label,)
