"""The kinds of jobs, and running one to its end."""

from core.errors import JobError
from core.jobs.chat import name_clusters_job, write_queries_job
from core.jobs.comparison import quality_job, scores_job
from core.jobs.context import JobContext
from core.jobs.embedding import after_embedding, embed_job, map_job, sample_job
from core.jobs.results import KIND, result_job, step_of
from core.jobs.types import JobSpec
from core.results import Step
from core.secret import Secret

KINDS = {
    KIND: result_job,
    "write_queries": write_queries_job,
    "quality": quality_job,
    "scores": scores_job,
    "name_clusters": name_clusters_job,
    "embed": embed_job,
    "map": map_job,
    "sample": sample_job,
}


def run_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """Run a job to its end; gives the jobs that follow it. Raises JobCancelled or a PlanisphereError."""
    if spec.kind not in KINDS:
        raise JobError(f"There is no job of the kind {spec.kind!r}.")
    return KINDS[spec.kind](spec, secret, context) or []


def computes(spec: JobSpec, step: Step) -> bool:
    """Whether a job stores this result on its way: asked for, required first, or computed after embedding."""
    if spec.workspace != step.query.corpus.folder or spec.corpus not in ("", step.query.corpus.digest):
        return False
    parts = [step_of(spec)] if spec.kind == KIND else after_embedding(spec, step.query.corpus)
    return any(missing.key == step.key for part in parts for missing in part.result.missing(part.query))
