"""The kinds of jobs, and running one to its end. Every step is skipped where its result is stored.

Most jobs are of the kind "result" (core.jobs.results): one stored result and what it requires.
"""

import time
from dataclasses import replace

import numpy as np

from core.corpus.keyword_index import KEYWORD_INDEX, KeywordQuery
from core.corpus.service import import_file
from core.errors import JobError
from core.jobs.context import JobContext, wait_seconds
from core.jobs.results import KIND, result_job, run_step, step_of
from core.jobs.types import JobSpec
from core.models.base import ServerState
from core.models.openai_client.packing import SERVER_INPUTS
from core.models.registry import capabilities
from core.results import Step
from core.secret import Keys, Secret
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, ModelSpec
from core.vectors import embedding
from core.vectors.loaders import store_index


def embed_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Corpus -> vectors -> neighbor graph -> search indexes -> the default map -> the default clusters.

    params: model (a ModelSpec's dict), limit_usd (for paid models). An adapted model takes the vectors of its base.
    """
    model = ModelSpec.from_dict(spec.params["model"])
    base: ModelSpec | None = model.base
    if not model.adapter or Workspace(spec.workspace).load_vectors(spec.corpus, model.base) is None:
        base = embed_with_model(spec, model.base, secret, context)
    if base is None:
        return
    model = replace(base, adapter=model.adapter, adapter_name=model.adapter_name)
    if model.adapter:
        context.call("Applying the adapter", embedding.store_adapted_vectors, spec.ref, model)
    map_job(replace(spec, params={**spec.params, "model": model.to_dict()}), secret, context)


def embed_with_model(spec: JobSpec, model: ModelSpec, secret: Secret | None, context: JobContext) -> ModelSpec | None:
    """Store the vectors of a model; gives its spec, filled in. None where some rows were refused, as the job's note
    says."""
    started = time.time()
    model = context.call("Preparing the model", embedding.prepare_model, spec.ref, model, secret)
    plan, left_out = context.call("Planning", embedding.plan_batches, spec.ref, model, spec.params.get("limit_usd"))
    if plan:
        context.call("Checking the model", embedding.check_model, spec.ref, model, secret, resumes=False)
    sizes, refused, server = [len(batch) for batch in plan], dict[int, str](), ServerState()
    if capabilities(model).hosted:
        refused, server = embed_with_server(spec.ref, model, secret, plan, context)
    else:
        items = [(spec.ref, model, secret, batch) for batch in plan]
        context.map(f"Embedding with {model.label}", embedding.embed_texts, items, sizes, "texts")
    if left_out:
        message = f"The spending limit was reached: {sum(sizes):,} texts are embedded, {left_out:,} are left."
        raise JobError(message, "Start the model again with a higher limit; only the rest is computed.")
    arguments = (spec.ref, model, secret, sum(sizes) - len(refused), started, refused, server.notes)
    if note := context.call("Merging vectors", embedding.collect_vectors, *arguments, resumes=False):
        context.set_state(context.job, note=note)
        return None
    return model


def embed_with_server(
    corpus: CorpusRef, model: ModelSpec, secret: Secret | None, plan: list[np.ndarray], context: JobContext
) -> tuple[dict[int, str], ServerState]:
    """One batch after another, each with several requests in flight, since a server's limits hold for all of them.

    Gives what the server said of texts it refused, by position, and what was learned of it. Where it limits requests,
    nothing is sent for as long as it says. Raises RateLimitError where it says too long, or waiting does not help.
    """
    server, refused, done, fruitless = ServerState(), dict[int, str](), 0, 0
    set_done = context.steps(f"Embedding with {model.label}", sum(map(len, plan)), "texts")
    for batch in plan:
        while len(batch):
            result = context.step(embedding.embed_with_server, corpus, model, secret, batch, server)
            refused |= result.refused
            done += len(batch) - len(result.left)
            set_done(done)
            fruitless = 0 if len(result.left) < len(batch) else fruitless + 1
            batch, server = result.left, result.server
            if result.limit is not None and len(batch):
                server = slow_down(server, fruitless)
                context.wait(wait_seconds(result.limit, fruitless))
    return refused, server


def slow_down(server: ServerState, fruitless: int) -> ServerState:
    """Fewer requests at once after a limit was reached; smaller ones where waiting alone did not help."""
    inputs = max(1, (server.inputs or SERVER_INPUTS) // 2) if fruitless > 1 else server.inputs
    return replace(server, concurrency=max(1, server.concurrency // 2), inputs=inputs)


def map_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What pages read of vectors, and the search index. params: model, and optionally layout (a LayoutParams' dict)."""
    layout, *others = after_embedding(spec, spec.ref)
    run_step(layout, None, context)
    model = ModelSpec.from_dict(spec.params["model"])
    context.call("Building the search index", store_index, spec.ref, model, progress=True, unit="rows")
    run_step(Step(KEYWORD_INDEX, KeywordQuery(spec.ref.source)), secret, context)
    for step in others:
        run_step(step, secret, context)


def after_embedding(spec: JobSpec, corpus: CorpusRef) -> tuple[Step, ...]:
    """The results that a job of one of these kinds stores once there are vectors; none for another kind."""
    from core.clusters.results import CLUSTER_TRUST, ClusterQuery
    from core.map.results import LAYOUTS, LayoutQuery
    from core.vectors.contact_report import CONTACT, ContactQuery

    if spec.kind not in ("embed", "map", "sample"):
        return ()
    model = ModelSpec.from_dict(spec.params["model"])
    layout = LayoutQuery(corpus, model, LayoutParams(**spec.params.get("layout", {})))
    contact = ContactQuery(corpus, model)
    return Step(LAYOUTS, layout), Step(CONTACT, contact), Step(CLUSTER_TRUST, ClusterQuery(corpus, model))


def sample_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """A file on this machine -> corpus -> all that embed_job computes. params: path, name, columns, model, and more:
    the models to compare it with, each embedded by a background job."""
    digest = context.call("Reading the sample", import_file, spec.workspace, spec.params)
    first = replace(spec, kind="embed", corpus=digest, params={"model": spec.params["model"]})
    embed_job(first, secret, context)
    name, models = spec.params["name"], [ModelSpec.from_dict(values) for values in spec.params.get("more", ())]
    return [
        replace(first, params={"model": model.to_dict()}, title=f"{model.label} on {name}", background=True)
        for model in models
    ]


def scores_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Every contender scored in a task, side by side. params: contenders (their dicts), task (a Task's dict).

    One that can't do the task has its message stored; the others go on.
    """
    from core.scoreboard.results import ScoresQuery, score_or_record_failure
    from core.scoreboard.types import Task
    from core.vectors.contenders import Contender

    contenders = [Contender.from_dict(contender) for contender in spec.params["contenders"]]
    task = Task.from_dict(spec.params["task"])
    items = [
        (ScoresQuery(spec.ref, contender, task), _service_key(contender.model, secret)) for contender in contenders
    ]
    context.map("Scoring the contenders", score_or_record_failure, items, [1] * len(items), "contenders")


def _service_key(model: ModelSpec, secret: Secret | None) -> Secret | None:
    """The key of a model's own service; a key without a service's name goes to none."""
    return secret.of(capabilities(model).key_name) if isinstance(secret, Keys) else None


def name_clusters_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Short names of clusters by a chat model. params: model, clusters (a ClusterParams' dict), chat (name, base_url),
    limit (the largest clusters), rename (also those with an edited name)."""
    from core.clusters.methods import ClusterParams
    from core.clusters.names import edited_names
    from core.clusters.naming import name_with_model
    from core.models.chat import ChatModel

    params, chat = ClusterParams(**spec.params["clusters"]), ChatModel(**spec.params["chat"])
    query = (spec.ref, ModelSpec.from_dict(spec.params["model"]), params)
    before = edited_names(Workspace(spec.workspace), spec.corpus, *query[1:]) if spec.params["rename"] else None
    options = (chat, spec.params["limit"], before, secret)
    context.call(f"Naming with {chat.name}", name_with_model, *query, *options, progress=True, unit="clusters")


def write_queries_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Search queries written by a chat model. params: chat (name, base_url), sample (texts), seed."""
    from core.models.chat import ChatModel
    from core.scoreboard.llm_queries import write_queries

    chat = ChatModel(**spec.params["chat"])
    options = (chat, spec.params["sample"], spec.params["seed"], secret)
    context.call(f"Writing queries with {chat.name}", write_queries, spec.ref, *options, progress=True, unit="texts")


KINDS = {
    KIND: result_job,
    "write_queries": write_queries_job,
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
    """Whether a job stores this result on its way: itself, as a requirement, or after embedding."""
    if spec.workspace != step.query.corpus.folder or spec.corpus not in ("", step.query.corpus.digest):
        return False
    parts = [step_of(spec)] if spec.kind == KIND else after_embedding(spec, step.query.corpus)
    return any(missing.key == step.key for part in parts for missing in part.result.missing(part.query))
