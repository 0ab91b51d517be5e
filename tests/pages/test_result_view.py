"""A result on a page: computed at once where that is quick; else offered, followed, cancelled and retried."""

import time

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.duplicates.results import TEXT_DUPLICATES, TextQuery
from core.jobs.results import Estimate
from core.jobs.types import JobSpec, JobState
from core.results import Step
from core.store import Workspace
from core.types import CorpusRef, Roles
from pages.shared import result_view, session
from pages.shared.jobs_view import progress_text


class Manager:
    """Holds jobs; answers questions in this process."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobState] = {}
        self.cancelled: list[str] = []

    def list(self, workspace):
        return list(self.jobs.values())

    def get(self, job):
        return self.jobs.get(job)

    def submit(self, spec, secret=None):
        self.jobs[spec.id] = JobState(spec)
        return spec.id

    def cancel(self, job):
        self.cancelled.append(job)

    def ask(self, function, *arguments, **options):
        return function(*arguments)


@pytest.fixture
def manager(monkeypatch) -> Manager:
    fake = Manager()
    monkeypatch.setattr(session, "manager", lambda: fake)
    return fake


@pytest.fixture
def query(home) -> TextQuery:
    table = pd.DataFrame({"text": ["the same words", "the same words", "other words"]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}")).corpus
    return TextQuery(CorpusRef(str(home), Workspace(home).save_corpus(built).digest), "words")


@pytest.fixture
def page(query) -> AppTest:
    def script(query):
        import streamlit as st

        from core.duplicates.results import TEXT_DUPLICATES
        from pages.shared import result_view

        duplicates = result_view.ready_value(
            TEXT_DUPLICATES, query, headline="Not there", description="About texts.", title="A job", button="Go"
        )
        st.text("missing" if duplicates is None else f"{len(duplicates.links.first)} pairs")

    return AppTest.from_function(script, args=(query,), default_timeout=60)


def visible_text(page: AppTest) -> str:
    assert not page.exception, page.exception
    return " ".join(str(element.value) for kind in (page.text, page.markdown, page.error) for element in kind)


def test_what_is_quick_is_computed_at_once(page, query, manager):
    assert "1 pairs" in visible_text(page.run())
    assert TEXT_DUPLICATES.exists(query)
    assert not manager.jobs


def test_what_is_slow_is_offered_followed_and_cancelled(page, query, manager, monkeypatch):
    monkeypatch.setattr(Estimate, "inline", False)
    page.run()
    assert "Not there" in visible_text(page)
    assert "missing" in visible_text(page)
    page.button[0].click().run()
    (job,) = manager.jobs
    assert manager.jobs[job].spec.params["result"] == "text_duplicates"
    manager.jobs[job] = manager.jobs[job].with_(status="running", stage="Comparing", done=1, total=4, unit="texts")
    page.run()
    assert "A job" in visible_text(page)
    assert [button.label for button in page.button] == ["Cancel"]
    page.button[0].click().run()
    assert manager.cancelled == [job]


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
def test_what_stopped_says_why_and_can_be_retried(page, query, manager, monkeypatch, status):
    monkeypatch.setattr(Estimate, "inline", False)
    page.run().button[0].click().run()
    (job,) = manager.jobs
    error = "Memory *ran* out." if status == "failed" else ""
    manager.jobs[job] = manager.jobs[job].with_(status=status, error=error)
    page.run()
    assert (r"Memory \*ran\* out" in visible_text(page)) == (status == "failed")
    assert [button.label for button in page.button] == ["Retry"]
    page.button[0].click().run()
    assert manager.jobs[job].status == "queued"


def test_a_job_that_comes_to_it_later_is_waited_for(home, corpus, manager):
    from core.clusters.results import CLUSTERS, ClusterQuery

    info, model = corpus
    step = Step(CLUSTERS, ClusterQuery(CorpusRef(str(home), info.digest), model))
    assert result_view.running_job(step) is None
    embedding = JobSpec("embed", str(home), info.digest, {"model": model.to_dict()})
    manager.submit(JobSpec("embed", str(home), "0" * 16, {"model": model.to_dict()}))
    assert result_view.running_job(step) is None
    manager.submit(embedding)
    state = result_view.running_job(step)
    assert state is not None
    assert state.id == embedding.id


@pytest.mark.parametrize("total", [0, 40])
def test_a_wait_for_a_servers_limit_is_shown_in_every_stage(total):
    spec = JobSpec("embed", "folder", "corpus")
    state = JobState(spec, "running", "Checking the model", 0, total, "texts", resumes=time.time() + 90)
    assert "limit" in progress_text(state)
    assert "limit" not in progress_text(state.with_(resumes=None))
