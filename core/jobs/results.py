"""The job that computes a stored result, and the list of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from core.errors import JobError
from core.jobs.context import JobContext
from core.jobs.types import JobSpec
from core.results import INLINE_SECONDS, Result, Step
from core.secret import Secret
from core.types import Progress

KIND = "result"
_DECLARED = {
    "core.vectors.loaders": ["neighbors"],
    "core.vectors.contact_report": ["contact"],
    "core.vectors.failed_rows": ["failed_rows"],
    "core.vectors.contenders": ["variant_neighbors"],
    "core.clusters.results": [
        "clusters",
        "cluster_stability",
        "cluster_levels",
        "cluster_sweep",
        "cluster_keywords",
        "cluster_trust",
    ],
    "core.disagreement.results": ["comparison", "pair_comparison", "text_facts", "truncated_texts", "neighbor_shifts"],
    "core.compression.results": ["compression"],
    "core.adapt.results": ["adapter", "adapter_check"],
    "core.finetune.results": ["fine_tuned"],
    "core.ask.retrieval_results": ["retrieval_runs", "chunk_sizes"],
    "core.ask.chat_judge": ["chat_judge"],
    "core.ask.answer_runs": ["written_answers"],
    "core.ask.faithfulness_judge": ["faithfulness"],
    "core.ask.results": ["faq_assistant", "faq_out_of_scope"],
    "core.ask.refusal_result": ["refusal"],
    "core.classify.results": ["trained", "learning_curve"],
    "core.classify.file_predictions": ["file_predictions"],
    "core.label_errors.results": ["label_errors", "label_set_errors"],
    "core.outliers.results": ["isolation_forest", "outlier_scores"],
    "core.duplicates.results": ["text_duplicates"],
    "core.entities.results": ["entities"],
    "core.graphs.results": ["graph", "node_vectors", "link_quality"],
    "core.map.results": ["layouts"],
    "core.quality.results": ["edit_robustness"],
    "core.recommend.results": ["histories", "recommendations"],
    "core.corpus.profile": ["profile"],
    "core.corpus.keyword_index": ["keyword_index"],
    "core.corpus.terms": ["terms"],
    "core.vectors.truncation": ["truncation"],
    "core.word_vectors.results": ["trained_words", "word_file", "word_map", "word_changes"],
    "core.scoreboard.results": ["scores", "embedding_times", "search_times"],
}
# where each result is declared, by its name; imported when it is used
RESULTS = {name: f"{module}:{name.upper()}" for module, names in _DECLARED.items() for name in names}
RESULTS["cluster_keyword_names"] = "core.clusters.results:CLUSTER_NAMES"


@dataclass(frozen=True)
class Estimate:
    """seconds: about how long all that is missing takes; inline: whether a page computes it at once."""

    seconds: float

    @property
    def inline(self) -> bool:
        return self.seconds <= INLINE_SECONDS


def result_by_name(name: str) -> Result[Any, Any]:
    """Raises JobError where there is none."""
    if name not in RESULTS:
        raise JobError(f"There is no result {name[:40]!r}.", "Reload the page and start it anew.")
    module, _, attribute = RESULTS[name].partition(":")
    return getattr(import_module(module), attribute)


def result_spec(result: Result[Any, Any], query: Any, title: str) -> JobSpec:
    """The job that computes a result; equal queries have the same job."""
    params = {"result": result.name, "query": result.query_to_dict(query)}
    return JobSpec(KIND, query.corpus.folder, query.corpus.digest, params, title=title)


def step_of(spec: JobSpec) -> Step:
    """What a job of this kind computes. Raises JobError where it is unknown or has another shape."""
    result = result_by_name(str(spec.params.get("result")))
    try:
        return Step(result, result.query_from_dict(spec.ref, spec.params["query"]))
    except (TypeError, ValueError, KeyError) as error:
        raise JobError("This job was recorded by another version.", "Dismiss it and start it anew.") from error


def result_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """A result and what it requires. params: result (its name), query (a dict without the corpus)."""
    run_step(step_of(spec), secret, context)


def run_step(step: Step, secret: Secret | None, context: JobContext) -> None:
    """Compute what is missing of a result, prerequisites first, each as a stage of the job."""
    for part in step.result.missing(step.query):
        result, query = part.result, part.query
        arguments = (result.name, query, secret if result.needs_secret else None)
        context.call(
            result.stage_of(query), compute, *arguments, progress=True, unit=result.unit, on=result.worker_of(query)
        )


def compute(name: str, query: Any, secret: Secret | None = None, progress: Progress | None = None) -> None:
    """Compute and store a result, unless it is stored; runs in a worker."""
    result_by_name(name).get_or_compute(query, progress, secret)


def job_seconds(spec: JobSpec) -> float:
    """About how long a job of this kind takes; like `estimate`."""
    step = step_of(spec)
    return estimate([(step.result.name, step.query)]).seconds


def estimate(named: Sequence[tuple[str, Any]]) -> Estimate:
    """The time to compute the results of these names and queries; runs in a worker, since it may read vectors.

    Raises what makes computing impossible.
    """
    missing = {step.key: step for name, query in named for step in result_by_name(name).missing(query)}
    return Estimate(sum(float(step.result.seconds(step.query)) for step in missing.values()))
