"""What a page says where vectors are missing: the way to them, or that they are coming."""

import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.jobs.types import JobSpec, JobState
from core.store import Workspace
from core.types import Roles
from pages.shared import session
from tests.pages.test_embed_page import visible_text


def test_vectors_that_are_coming_are_waited_for(home, app, monkeypatch):
    raw = RawTable(pd.DataFrame({"text": ["one", "two", "three"]}), (), (), None, "")
    digest = Workspace(home).save_corpus(build_corpus(raw, Roles("{text}"), name="Three").corpus).digest
    jobs: list[JobState] = []
    monkeypatch.setattr(session.manager(), "list", lambda folder: jobs)
    app = app.run().switch_page("pages/compare/scoreboard.py").run()
    assert "has not been embedded yet" in visible_text(app)
    assert any("Embed" in link.proto.label for link in app.get("page_link"))
    jobs.append(JobState(JobSpec("embed", str(home), "another"), status="running"))
    jobs.append(JobState(JobSpec("sample", str(home), "", {"name": "Shop feedback (sample)"})))
    assert "has not been embedded yet" in visible_text(app.run())
    jobs.append(JobState(JobSpec("embed", str(home), digest)))
    app = app.run()
    assert not app.exception
    assert "is being embedded" in visible_text(app)
    assert "ot embedded yet" not in visible_text(app)
    assert not app.main.get("page_link")


def test_in_a_new_workspace_the_sample_is_waited_for(home, app, monkeypatch):
    jobs: list[JobState] = []
    monkeypatch.setattr(session.manager(), "list", lambda folder: jobs)
    app = app.run().switch_page("pages/compare/scoreboard.py").run()
    assert "nothing to compare" in visible_text(app)
    jobs.append(JobState(JobSpec("sample", str(home), "", {"name": "Shop feedback (sample)"}), status="running"))
    app = app.run()
    assert not app.exception
    assert "A sample is being loaded and embedded" in visible_text(app)
    assert any("Data page" in link.proto.label for link in app.get("page_link"))
