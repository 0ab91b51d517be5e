"""What a page says where vectors are missing: the way to them, or that they are coming."""

import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.jobs.types import JobSpec, JobState
from core.store import Workspace
from core.types import Roles
from pages.shared import session
from tests.pages.test_embed_page import visible_text


def open_jobs(monkeypatch) -> list[JobState]:
    """The jobs that the job manager reports, none at first."""
    jobs: list[JobState] = []
    monkeypatch.setattr(session.manager(), "list", lambda folder: jobs)
    monkeypatch.setattr(session.manager(), "get", lambda job: next(state for state in jobs if state.id == job))
    return jobs


def cancel_buttons(app) -> list[str]:
    """The keys of the buttons that cancel a job whose progress is shown within the page."""
    return [str(button.key) for button in app.main.get("button") if str(button.key).startswith("page-cancel-")]


def test_vectors_that_are_coming_are_waited_for(home, app, monkeypatch):
    raw = RawTable(pd.DataFrame({"text": ["one", "two", "three"]}), (), (), None, "")
    digest = Workspace(home).save_corpus(build_corpus(raw, Roles("{text}"), name="Three").corpus).digest
    jobs = open_jobs(monkeypatch)
    app = app.run().switch_page("pages/compare/scoreboard.py").run()
    assert "has not been embedded yet" in visible_text(app)
    assert any("Embed" in link.proto.label for link in app.get("page_link"))
    jobs.append(JobState(JobSpec("embed", str(home), "another"), status="running"))
    jobs.append(JobState(JobSpec("sample", str(home), "", {"name": "Shop feedback (sample)"})))
    assert "has not been embedded yet" in visible_text(app.run())
    jobs.append(JobState(JobSpec("embed", str(home), digest)))
    app = app.run()
    assert not app.exception
    assert cancel_buttons(app) == [f"page-cancel-{jobs[-1].id}"]
    assert "ot embedded yet" not in visible_text(app)
    assert not app.main.get("page_link")


def test_in_a_new_workspace_the_sample_is_waited_for(home, app, monkeypatch):
    jobs = open_jobs(monkeypatch)
    app = app.run().switch_page("pages/compare/scoreboard.py").run()
    assert "nothing to compare" in visible_text(app)
    jobs.append(JobState(JobSpec("sample", str(home), "", {"name": "Shop feedback (sample)"}), status="running"))
    app = app.run()
    assert not app.exception
    assert cancel_buttons(app) == [f"page-cancel-{jobs[0].id}"]
    assert any("Data page" in link.proto.label for link in app.get("page_link"))
