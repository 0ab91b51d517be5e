"""The kinds of jobs, and running one to its end."""

from core.errors import JobError
from core.jobs.comparison import compression_job, disagreement_job, quality_job, scores_job, write_queries_job
from core.jobs.context import JobContext
from core.jobs.embedding import embed_job, map_job, sample_job
from core.jobs.structure import clusters_job, label_doubts_job, name_clusters_job, odd_rows_job, texts_job
from core.jobs.types import JobSpec
from core.secret import Secret

_KINDS = {
    "write_queries": write_queries_job,
    "disagreement": disagreement_job,
    "quality": quality_job,
    "scores": scores_job,
    "name_clusters": name_clusters_job,
    "clusters": clusters_job,
    "embed": embed_job,
    "map": map_job,
    "sample": sample_job,
    "texts": texts_job,
    "label_doubts": label_doubts_job,
    "compression": compression_job,
    "odd_rows": odd_rows_job,
}


def run_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """Run a job to its end; gives the jobs that follow it. Raises JobCancelled or a PlanisphereError."""
    if spec.kind not in _KINDS:
        raise JobError(f"There is no job of the kind {spec.kind!r}.")
    return _KINDS[spec.kind](spec, secret, context) or []
