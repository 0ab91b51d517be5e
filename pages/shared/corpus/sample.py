"""The sample corpus, with which a new workspace begins."""

from core.files import write_json
from core.jobs import sample
from pages.shared import session


def prepare_sample() -> None:
    """In a new workspace: store the sample as it was prepared at install, else start the job that prepares it."""
    mark = session.workspace().folder / "started.json"
    if mark.exists():
        return
    copied = sample.copy_sample(session.folder())
    write_json(mark, {"sample": sample.FILE.name})
    if not copied:
        start_sample()


def start_sample() -> None:
    """Queue the job of the sample, which skips what is stored."""
    session.manager().submit(sample.sample_job(session.folder()))
