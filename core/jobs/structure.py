"""What jobs do that look for structure. Every step is skipped where its result is kept."""

from core.jobs.context import JobContext
from core.jobs.results import run_step
from core.jobs.types import JobSpec
from core.results import Step
from core.secret import Secret
from core.types import CorpusRef, ModelSpec


def texts_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Near-duplicates by wording. params: unit, "characters" or "words"."""
    from core.answers.anomalies.text_copies import compare_texts

    where = (spec.workspace, spec.corpus, spec.params["unit"])
    context.call("Comparing the wording", compare_texts, *where, progress=True, unit="texts")


def odd_rows_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """The default groups, then every row's scores of oddness. params: model, k."""
    from core.answers.anomalies.listed import score_corpus
    from core.clusters.results import CLUSTERS, ClusterQuery

    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]))
    run_step(Step(CLUSTERS, ClusterQuery(CorpusRef(spec.workspace, spec.corpus), where[2])), None, context)
    context.call("Scoring the rows", score_corpus, *where, spec.params["k"], progress=True, unit="kinds of scores")


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
