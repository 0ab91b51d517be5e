"""What jobs do that make vectors and maps. Every step is skipped where its result is kept."""

import time
from dataclasses import replace

from core.corpus.service import import_file
from core.errors import JobError
from core.jobs.context import JobContext
from core.jobs.results import run_step
from core.jobs.types import JobSpec
from core.results import Step
from core.secret import Secret
from core.types import CorpusRef, LayoutParams, ModelSpec


def embed_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Corpus -> vectors -> neighbor graph -> search index -> the default map -> the default groups.

    params: model (a ModelSpec's dict), limit_usd (for paid models).
    """
    from core.vectors import pipeline as tasks

    model, started = ModelSpec.from_dict(spec.params["model"]), time.time()
    model = context.call("Preparing the model", tasks.prepare_model, spec.ref, model, secret)
    where = (spec.ref, model)
    plan, left_out = context.call("Planning", tasks.plan_batches, *where, spec.params.get("limit_usd"))
    items = [(*where, secret, places) for places in plan]
    sizes = [len(places) for places in plan]
    context.map(f"Embedding with {model.label}", tasks.embed_places, items, sizes, "texts")
    if left_out:
        raise JobError(
            f"The spending limit was reached: {sum(sizes):,} texts are embedded and kept, {left_out:,} are left.",
            "Start the model again with a higher limit; only the rest is computed.",
        )
    context.call("Collecting the vectors", tasks.collect_vectors, *where, secret, sum(sizes), started)
    map_job(replace(spec, params={**spec.params, "model": model.to_dict()}), secret, context)


def map_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What pages read of vectors, and the search index. params: model, layout (a LayoutParams' dict, the default if
    missing)."""
    from core.vectors import pipeline as tasks

    where = (spec.ref, ModelSpec.from_dict(spec.params["model"]))
    layout, *others = after_embedding(spec, CorpusRef(spec.workspace, spec.corpus))
    run_step(layout, None, context)
    context.call("Preparing the search", tasks.open_index, *where)
    for step in others:
        run_step(step, None, context)


def after_embedding(spec: JobSpec, corpus: CorpusRef) -> tuple[Step, ...]:
    """The results that a job of one of these kinds stores once there are vectors; none for another kind."""
    from core.clusters.results import CLUSTER_TRUST, ClusterQuery
    from core.map.results import LAYOUTS, LayoutQuery

    if spec.kind not in ("embed", "map", "sample"):
        return ()
    model = ModelSpec.from_dict(spec.params["model"])
    layout = LayoutQuery(corpus, model, LayoutParams(**spec.params.get("layout", {})))
    return Step(LAYOUTS, layout), Step(CLUSTER_TRUST, ClusterQuery(corpus, model))


def sample_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """A file on this machine -> corpus -> all that embed_job makes. params: path, name, columns, model, and more: the
    models to compare it with, each embedded by a job aside."""

    digest = context.call("Reading the sample", import_file, spec.workspace, spec.params)
    first = replace(spec, kind="embed", corpus=digest, params={"model": spec.params["model"]})
    embed_job(first, secret, context)
    more = map(ModelSpec.from_dict, spec.params.get("more", ()))
    titled = [(model, f"{model.label} on {spec.params['name']}") for model in more]
    return [replace(first, params={"model": model.to_dict()}, title=title, aside=True) for model, title in titled]
