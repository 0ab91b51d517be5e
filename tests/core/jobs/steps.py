"""What tests of jobs share."""

import pandas as pd

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec
from core.models.registry import PRESETS
from core.store import Workspace
from core.types import ModelSpec, Roles
from tests.waiting import wait_until

ROWS = 640
IN_FLIGHT = 4 * 32  # requests a worker has open, texts in each
LEXICAL = next(spec for spec in PRESETS if spec.backend == "lexical")


def add_corpus(workspace: Workspace, rows: int = ROWS) -> str:
    table = pd.DataFrame({"text": [f"text number {i} {'x' * (i % 40)}" for i in range(rows)]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    return workspace.save_corpus(build_corpus(raw, Roles("{text}")).corpus).digest


def job_on(workspace: Workspace, corpus: str, model: ModelSpec) -> JobSpec:
    return JobSpec("embed", str(workspace.folder), corpus, {"model": model.to_dict()}, title="A job")


def finish(manager: JobManager, job: str):
    wait_until(lambda: not manager.get(job).open)
    return manager.get(job)
