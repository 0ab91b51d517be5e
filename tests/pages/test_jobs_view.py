"""Jobs in the sidebar: those that have ended are dismissed one by one or together, for good."""

import pytest

from core.jobs.records import load_records, take_lease, write_record
from core.jobs.types import JobSpec, JobState

TITLES = {"cancelled": "Cancelled one", "failed": "Failed one", "interrupted": "Interrupted one"}


@pytest.fixture
def jobs(home):
    """Jobs that ended in each way, and one that another server runs: id by title."""
    specs = {}
    for status, title in {**TITLES, "running": "Running one"}.items():
        # paid for, so that an interrupted one is not resumed by itself
        params = {"model": {"name": title}, "limit_usd": 1.0}
        specs[title] = spec = JobSpec("embed", str(home), "c" * 16, params, title=title)
        recorded = "running" if status == "interrupted" else status
        lease = take_lease(spec) if status == "running" else None
        write_record(JobState(spec, status=recorded, stage="Embedding", done=20, total=60, unit="texts"))
    yield {title: spec.id for title, spec in specs.items()}
    lease.release()


def test_what_was_refused_for_its_input_is_dismissed_and_not_continued(home, app):
    spec = JobSpec("embed", str(home), "c" * 16, {"model": {"name": "x"}}, title="Refused one")
    failure = {"error": "The file has no words.", "remedy": "Upload another.", "refused": True}
    write_record(JobState(spec, status="failed", **failure))
    at = app.run()
    assert titles(at) == ["Refused one"]
    assert any("The file has no words" in caption.value for caption in at.sidebar.caption)
    assert not [button for button in at.button if button.key == f"again-{spec.id}"]
    at = at.button(key=f"forget-{spec.id}").click().run()
    assert titles(at) == []


def dismiss_keys(at):
    return {button.key for button in at.button if str(button.key).startswith(("dismiss-", "forget-"))}


def titles(at):
    return [element.value.strip("*") for element in at.sidebar.markdown if element.value.endswith("one**")]


def test_all_ended_jobs_are_dismissed_by_one_click_and_stay_away(jobs, home, app):
    at = app.run()
    assert not at.exception, at.exception
    assert sorted(titles(at)) == sorted(jobs)
    at = at.button(key="dismiss-ended").click().run()
    assert titles(at) == ["Running one"]
    assert [state.spec.title for state in load_records(str(home))] == ["Running one"]
    reloaded = type(app).from_file(at._script_path, default_timeout=at.default_timeout).run()
    assert titles(reloaded) == ["Running one"]
    assert not dismiss_keys(reloaded)


def test_a_single_ended_job_has_its_own_button_only(jobs, home, app):
    at = app.run()
    for title in ("Failed one", "Interrupted one"):
        at = at.button(key=f"forget-{jobs[title]}").click().run()
    assert dismiss_keys(at) == {f"forget-{jobs['Cancelled one']}"}
    assert sorted(titles(at)) == ["Cancelled one", "Running one"]
