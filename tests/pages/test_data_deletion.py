"""Renaming and deleting corpora on the Data page."""

from core.jobs.manager import JobManager
from core.jobs.types import JobSpec, JobState
from core.store import Workspace
from pages.shared import session
from tests.pages.data_steps import errors, start, widget


def test_rename(app, corpus, home):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "rename-corpus").click().run()
    app = widget(app, "text_input", "new-name").set_value("Bigger shop").run()
    app = widget(app, "button", "rename-yes").click().run()
    assert not app.exception
    assert Workspace(home).corpora()[0].name == "Bigger shop"


def test_delete_asks_and_says_what_is_freed(app, corpus, home):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    assert any("This frees" in one.value and "kB" in one.value for one in app.markdown)
    assert Workspace(home).corpora()
    app = widget(app, "button", "delete-yes").click().run()
    assert not app.exception
    assert not Workspace(home).corpora()


def test_delete_stops_the_jobs_of_the_corpus_first(app, corpus, home, monkeypatch):
    info, _ = corpus
    app = start(app)
    jobs = [
        JobState(JobSpec("embed", str(home), info.digest, {"model": 1}), "running"),
        JobState(JobSpec("embed", str(home), "f" * 16, {"model": 1}), "running"),
    ]
    cancelled = []

    def cancel(manager, job):
        assert Workspace(home).info(info.digest)
        cancelled.append(job)
        jobs[:] = [one for one in jobs if one.id != job]

    monkeypatch.setattr(JobManager, "list", lambda manager, folder: list(jobs))
    monkeypatch.setattr(JobManager, "cancel", cancel)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    assert any("1 job on it" in warning.value for warning in app.warning)
    here = jobs[0].id
    app = widget(app, "button", "delete-yes").click().run()
    assert not app.exception
    assert cancelled == [here]
    assert not Workspace(home).corpora()


def test_a_job_that_does_not_stop_keeps_the_corpus(app, corpus, home, monkeypatch):
    info, _ = corpus
    app = start(app)
    job = JobState(JobSpec("embed", str(home), info.digest), "running")
    monkeypatch.setattr(JobManager, "list", lambda manager, folder: [job])
    monkeypatch.setattr("pages.shared.corpus.saved_corpora.STOP_SECONDS", 0.2)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    app = widget(app, "button", "delete-yes").click().run()
    assert "has not stopped yet" in errors(app)
    assert Workspace(home).corpora()


def test_a_corpus_that_can_not_be_deleted_says_so(app, corpus, home, monkeypatch):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    monkeypatch.setattr(Workspace, "delete", lambda workspace, corpus: 0)
    app = widget(app, "button", "delete-yes").click().run()
    assert "could not be deleted" in errors(app)


def test_the_sample_comes_back_after_it_was_deleted(app, home):
    app = start(app)
    for _ in range(2):
        app = widget(app, "segmented_control", "add_data").set_value("Sample").run()
        app = widget(app, "button", "open-sample").click().run()
        assert not app.exception
        assert not app.error
        (info,) = Workspace(home).corpora()
        assert app.session_state["corpus"] == info.digest
        assert [job.spec.kind for job in open_jobs(home)] == ["sample"]
        app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
        app = widget(app, "button", "delete-corpus").click().run()
        assert any("1 job on it" in warning.value for warning in app.warning)
        app = widget(app, "button", "delete-yes").click().run()
        assert not app.exception
        assert not app.error
        assert not Workspace(home).corpora()
        assert not open_jobs(home)


def open_jobs(home):
    return [job for job in session.manager().list(str(home)) if job.open]
