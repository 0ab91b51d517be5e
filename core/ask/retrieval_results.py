"""What the retrieval evaluation stores: the passages that pipelines give for questions, and chunk sizes compared."""

from core.ask.chunk_runs import ChunkQuery, chunk_inputs, chunk_seconds, run_chunk_sizes
from core.ask.chunk_sizes import ChunkComparison
from core.ask.pipelines import PipelineRun, RunQuery, pipeline_inputs, pipeline_seconds, run_pipeline
from core.results import Result

RETRIEVAL_RUNS = Result(
    "retrieval_runs", 1, RunQuery, PipelineRun, inputs=pipeline_inputs, compute=run_pipeline, seconds=pipeline_seconds,
    stage=lambda query: f"Retrieving with {query.pipeline.label}", unit="questions", needs_secret=True,
    absence="This pipeline has not been run on these questions yet.",
    remedy="Run it on the Ask page, Retrieval evaluation.",
)  # fmt: skip
CHUNK_SIZES = Result(
    "chunk_sizes", 1, ChunkQuery, ChunkComparison, inputs=chunk_inputs, compute=run_chunk_sizes, seconds=chunk_seconds,
    stage="Comparing chunk sizes", unit="sizes", needs_secret=True,
    absence="These chunk sizes have not been compared yet.", remedy="Compare them on the Ask page.",
)  # fmt: skip
