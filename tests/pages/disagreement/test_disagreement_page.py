"""The Disagreement page: every part on contenders whose disagreement is known, and what it says where it can't."""

from dataclasses import replace

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.disagreement import blind_vote, service
from core.disagreement.results import (
    COMPARISON,
    ComparisonQuery,
)
from core.disagreement.triplets import load_votes
from core.jobs.results import step_of
from core.map.coloring import disagreement_link
from core.map.results import LayoutQuery
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.contenders import Contender
from pages.shared import result_view
from tests.pages.disagreement.steps import fine, keep, open_page
from tests.pages.test_embed_page import visible_text


def test_every_part_is_drawn(own, app, monkeypatch):
    asked, jobs = own[0], []
    monkeypatch.setattr(result_view, "submit_jobs", lambda *submitted: jobs.extend(submitted))
    text = fine(open_page(app, asked))
    assert "share" in text
    assert "95% CI" in text
    assert "Chance level" in text
    for part in ("Rows", "Explanations", "Shifted groups", "Maps", "Single query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        text = fine(app)
        if part == "Maps":
            assert "2 maps to compute" in text
            next(button for button in app.button if button.label == "Compute maps").click().run()
    queries = [step_of(job).query for job in jobs]
    corpus = CorpusRef(asked.corpus.folder, asked.corpus.digest)
    assert queries == [LayoutQuery(corpus, contender.model, LayoutParams()) for contender in asked.contenders]
    app.query_params |= {"color": "(disagreement)", "between": disagreement_link(asked, 10)}
    app.switch_page("pages/explore/map.py").run()
    assert app.selectbox(key="color").value == "(disagreement)"


def test_heat_maps_by_every_measure(own, app):
    asked, _ = own
    at = open_page(app, asked)
    for measure in ("jaccard", "rbo", "cka", "rsa"):
        at.segmented_control(key="alike").set_value(measure).run()
        assert "95% CI" in fine(at), measure
    seen = service.pairwise_similarity(asked, "rsa", 10)
    assert -1 <= seen.low[0, 1] < seen.values[0, 1] < seen.high[0, 1] <= 1
    at.segmented_control(key="alike").set_value("overlap").run()
    at.select_slider(key="depth").set_value(50).run()
    assert "50 nearest texts" in fine(at)


def test_three_contenders_are_compared_pair_by_pair(own, app):
    asked, gone = own
    small = ComparisonQuery(asked.corpus, (*asked.contenders, Contender(asked.contenders[0].model, 128)))
    COMPARISON.get_or_compute(small)
    seen = service.pairwise_similarity(small, "overlap", 10)
    assert seen.values[0, 2] > seen.values[1, 2]
    assert (seen.low[0, 1], seen.high[0, 1]) == (seen.low[1, 0], seen.high[1, 0])
    assert seen.low[0, 2] < seen.values[0, 2] < seen.high[0, 2]
    curve = service.overlap_by_k(small, "overlap")
    assert curve.pairs == ((0, 1), (0, 2), (1, 2))
    assert curve.values[0, curve.depths.index(10)] == pytest.approx(seen.values[0, 1])
    text = fine(open_page(app, small, "Rows"))
    assert "3 contenders" in text
    table = app.dataframe[0].value
    assert set(table.index[: len(gone)]) == set(gone)
    app.selectbox(key="pair").set_value(
        app.selectbox(key="pair").options and f"{small.contenders[0].key}~{small.contenders[2].key}"
    ).run()
    fine(app)


def test_a_query_leaves_out_who_cannot_embed_it(own, app):
    asked, _ = own
    text = fine(open_page(app, asked, "Single query", disagree_query="lamp arrived late"))
    assert "mine" in text
    assert "left out" in text
    app.text_input(key="disagree_query").set_value("").run()
    app.number_input(key="disagree_query_row").set_value(4).run()
    assert "Row 4" in fine(app)
    assert "rank-biased overlap" in visible_text(app)


def test_votes_go_to_whom_the_text_shown_belongs(own, app, home):
    asked, _ = own
    at = open_page(app, asked, "Blind vote")
    fine(at)
    seen = " ".join(str(each.value) for kind in (at.markdown, at.caption, at.text) for each in kind)
    assert "mine" not in seen
    assert "lexical" not in seen
    for choice in ("first", "second", "none", "skip"):
        at.button(key=f"disagree_{choice}").click().run()
        fine(at)
    votes = load_votes(Workspace(home), asked.corpus.digest)
    assert len(votes) == 4
    assert [vote.choice for vote in votes[2:]] == ["none", "skip"]
    at.toggle(key="disagree_reveal").set_value(True).run()
    assert "2 votes" in fine(at) or "in" in visible_text(at)
    at.button(key="disagree_undo").click().run()
    assert len(load_votes(Workspace(home), asked.corpus.digest)) == 3
    assert len(blind_vote.votes_file(asked).decode("utf-8-sig").splitlines()) == 4


def test_many_rows_are_offered_as_a_job(own, app, monkeypatch):
    asked, _ = own
    new = replace(asked, contenders=(asked.contenders[0], Contender(asked.contenders[0].model, 32)))
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    text = fine(open_page(app, new))
    assert "2 contenders have not been compared" in text
    assert any(button.label == "Compare" for button in app.button)


def test_without_a_corpus_or_models_it_says_what_to_do(app):
    assert "Add data" in fine(open_page(app))


def test_two_rows_are_compared_and_the_rest_is_explained(home, app):
    table = pd.DataFrame({"text": ["one lamp", "two chairs"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Two").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    text = fine(open_page(app, asked))
    assert "100%" in text
    for part in ("Rows", "Shifted groups", "Single query", "Blind vote"):
        app.segmented_control(key="differ").set_value(part).run()
        fine(app)
    app.segmented_control(key="differ").set_value("Explanations").run()
    assert not app.exception
    assert "too few" in str(app.error[0].value)


def test_one_text_in_all_rows_has_no_neighbors(home, app):
    table = pd.DataFrame({"text": ["the same lamp"] * 12})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="One").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    assert "All rows have the same text" in fine(open_page(app, asked))


def test_markup_in_texts_is_shown_as_it_stands(home, app):
    table = pd.DataFrame({"text": [f"**bold** <b>{i}</b> lamp {i % 7}" for i in range(30)]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="**B**").corpus
    base = keep(home, built)
    asked = ComparisonQuery(CorpusRef(str(home), built.digest), (Contender(base), Contender(base, 64)))
    for part in ("Rows", "Shifted groups", "Single query", "Blind vote"):
        at = open_page(app, asked, part, disagree_query="**lamp**")
        fine(at)
        assert "**bold**" not in " ".join(str(each.value) for kind in (at.markdown, at.caption) for each in kind)


def test_the_first_rows_are_kept_as_a_selection(own, app):
    asked, gone = own
    at = open_page(app, asked, "Rows")
    at.text_input(key="disagree_name").set_value("Moved").run()
    at.button(key="disagree_save").click().run()
    fine(at)
    kept = saved_selections(Workspace(asked.corpus.folder), asked.corpus.digest)[0]
    assert kept.name == "Moved"
    assert set(gone) <= set(selection_rows(Workspace(asked.corpus.folder), asked.corpus.digest, kept.key))
