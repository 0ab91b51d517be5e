"""What Ask stores: the passages that retrieval pipelines give for a set of questions."""

from core.ask.pipelines import PipelineRun, RunQuery, pipeline_inputs, pipeline_seconds, run_pipeline
from core.results import Result

RETRIEVAL_RUNS = Result(
    "retrieval_runs", 1, RunQuery, PipelineRun, inputs=pipeline_inputs, compute=run_pipeline, seconds=pipeline_seconds,
    stage=lambda query: f"Retrieving with {query.pipeline.label}", unit="questions", needs_secret=True,
    absence="This pipeline has not been run on these questions yet.",
    remedy="Run it on the Ask page, Retrieval evaluation.",
)  # fmt: skip
