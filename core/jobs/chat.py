"""What jobs do that ask a chat model."""

from core.jobs.context import JobContext
from core.jobs.types import JobSpec
from core.secret import Secret
from core.types import ModelSpec


def name_clusters_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Short names of clusters by a chat model. params: model, clusters (a ClusterParams' dict), chat (name, base_url),
    limit (the largest clusters), rename (also those with an edited name)."""
    from core.clusters.methods import ClusterParams
    from core.clusters.naming import name_with_model
    from core.models.chat import ChatModel

    params, chat = ClusterParams(**spec.params["clusters"]), ChatModel(**spec.params["chat"])
    where = (spec.ref, ModelSpec.from_dict(spec.params["model"]), params)
    options = (chat, spec.params["limit"], spec.params["rename"], secret)
    context.call(f"Naming with {chat.name}", name_with_model, *where, *options, progress=True, unit="clusters")


def write_queries_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Search queries written by a chat model. params: chat (name, base_url), sample (texts), seed."""
    from core.models.chat import ChatModel
    from core.scoreboard.llm_queries import write_queries

    chat = ChatModel(**spec.params["chat"])
    where = (spec.ref, chat, spec.params["sample"], spec.params["seed"], secret)
    context.call(f"Writing queries with {chat.name}", write_queries, *where, progress=True, unit="texts")
