"""What jobs do that look for structure. Every step is skipped where its result is kept."""

from dataclasses import replace

from core.jobs.context import JobContext
from core.jobs.types import JobSpec
from core.secret import Secret
from core.types import ModelSpec


def texts_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Near-duplicates by wording. params: unit, "characters" or "words"."""
    from core.answers.anomalies.text_copies import compare_texts

    where = (spec.workspace, spec.corpus, spec.params["unit"])
    context.call("Comparing the wording", compare_texts, *where, progress=True, unit="texts")


def odd_rows_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """The default groups, then every row's scores of oddness. params: model, k."""
    from core.answers.anomalies.listed import score_corpus
    from core.clusters import tasks as cluster_tasks
    from core.clusters.methods import ClusterParams

    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]))
    context.call("Finding groups", cluster_tasks.find_clusters, *where, ClusterParams(), progress=True, unit="steps")
    context.call("Scoring the rows", score_corpus, *where, spec.params["k"], progress=True, unit="kinds of scores")


def clusters_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """A clustering, then what is asked of it. params: model, clusters (a ClusterParams' dict), what ("clusters",
    "stability", "sweep" or "sweep_all", of all methods). Methods that numba compiles run on the worker that makes
    layouts."""
    from core.answers.clusters.page import describe
    from core.clusters import tasks as cluster_tasks
    from core.clusters.methods import METHODS, ClusterParams

    params, what = ClusterParams(**spec.params["clusters"]), spec.params.get("what", "clusters")
    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]), params)
    if what in ("sweep", "sweep_all"):
        for method in METHODS if what == "sweep_all" else (params.method,):
            stage, on = f"Trying settings of {method}", _worker_of(method)
            tried = (*where[:3], replace(params, method=method))
            context.call(stage, cluster_tasks.try_settings, *tried, progress=True, unit="clusterings", on=on)
        return
    on = _worker_of(params.method)
    context.call("Grouping", cluster_tasks.find_clusters, *where, progress=True, unit="steps", on=on)
    context.call("Describing the groups", describe, *where)
    if what == "stability":
        task = cluster_tasks.measure_stability
        context.call("Grouping parts of the rows again", task, *where, progress=True, unit="resamples", on=on)


def _worker_of(method: str) -> str:
    return "layout" if method in ("hdbscan", "evoc") else "job"


def name_clusters_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Short names of clusters by a chat model. params: model, clusters (a ClusterParams' dict), chat (name, base_url),
    most (the largest clusters), again (also those that have a given name)."""
    from core.answers.clusters.naming import name_with_model
    from core.clusters.llm_chat import ChatModel
    from core.clusters.methods import ClusterParams

    params, chat = ClusterParams(**spec.params["clusters"]), ChatModel(**spec.params["chat"])
    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]), params)
    asked = (chat, spec.params["most"], spec.params["again"], secret)
    context.call(f"Naming with {chat.name}", name_with_model, *where, *asked, progress=True, unit="groups")
