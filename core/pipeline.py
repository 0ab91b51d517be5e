"""What the kinds of jobs do, step by step. Every step is skipped where its result is kept."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.errors import JobError
from core.job_context import JobContext
from core.job_types import JobSpec
from core.secret import Keys, Secret
from core.types import LayoutParams, ModelSpec


def run_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """Run a job to its end; gives the jobs that follow it. Raises JobCancelled or a PlanisphereError."""
    if spec.kind not in _KINDS:
        raise JobError(f"There is no job of the kind {spec.kind!r}.")
    return _KINDS[spec.kind](spec, secret, context) or []


def embed_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Corpus -> vectors -> neighbor graph -> search index -> the default map -> the default groups.

    params: model (a ModelSpec's dict), limit_usd (for paid models).
    """
    from core import tasks

    model, started = ModelSpec.from_dict(spec.params["model"]), time.time()
    where = (spec.workspace, spec.corpus, model)
    context.call("Preparing the model", tasks.prepare_model, spec.workspace, model, secret)
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
    map_job(spec, secret, context)


def map_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Neighbor graph, index, a layout and the default groups. params: model, layout (a LayoutParams' dict, the default
    if missing)."""
    from core import cluster_tasks, tasks
    from core.answers.cluster_page import describe
    from core.clusters.methods import ClusterParams

    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]))
    layout = LayoutParams(**spec.params.get("layout", {}))
    context.call("Finding neighbors", tasks.find_neighbors, *where, progress=True, unit="rows")
    context.call("Drawing the map", tasks.lay_out, *where, layout, progress=True, unit="steps", on="layout")
    context.call("Preparing the search", tasks.open_index, *where)
    context.call("Finding groups", cluster_tasks.find_clusters, *where, ClusterParams(), progress=True, unit="steps")
    context.call("Describing the groups", describe, *where, ClusterParams())


def sample_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> list[JobSpec]:
    """A file on this machine -> corpus -> all that embed_job makes. params: path, name, columns, model, and more: the
    models to compare it with, each embedded by a job aside."""
    from core import tasks

    digest = context.call("Reading the sample", tasks.bring_file, spec.workspace, spec.params)
    first = replace(spec, kind="embed", corpus=digest, params={"model": spec.params["model"]})
    embed_job(first, secret, context)
    more = map(ModelSpec.from_dict, spec.params.get("more", ()))
    titled = [(model, f"{model.label} on {spec.params['name']}") for model in more]
    return [replace(first, params={"model": model.to_dict()}, title=title, aside=True) for model, title in titled]


def texts_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Near-duplicates by wording. params: unit, "characters" or "words"."""
    from core.answers.text_copies import compare_texts

    where = (spec.workspace, spec.corpus, spec.params["unit"])
    context.call("Comparing the wording", compare_texts, *where, progress=True, unit="texts")


def odd_rows_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """The default groups, then every row's scores of oddness. params: model, k."""
    from core import cluster_tasks
    from core.answers.anomalies import score_corpus
    from core.clusters.methods import ClusterParams

    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]))
    context.call("Finding groups", cluster_tasks.find_clusters, *where, ClusterParams(), progress=True, unit="steps")
    context.call("Scoring the rows", score_corpus, *where, spec.params["k"], progress=True, unit="kinds of scores")


def label_doubts_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """The labels of one column judged. params: model, column."""
    from core import label_tasks

    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]))
    context.call("Judging labels", label_tasks.judge_labels, *where, spec.params["column"], progress=True, unit="folds")


def clusters_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """A clustering, then what is asked of it. params: model, clusters (a ClusterParams' dict), what ("clusters",
    "stability", "sweep" or "sweep_all", of all methods). Methods that numba compiles run on the worker that makes
    layouts."""
    from core import cluster_tasks
    from core.answers.cluster_page import describe
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
    from core.answers.cluster_naming import name_with_model
    from core.clusters.llm_chat import ChatModel
    from core.clusters.methods import ClusterParams

    params, chat = ClusterParams(**spec.params["clusters"]), ChatModel(**spec.params["chat"])
    where = (spec.workspace, spec.corpus, ModelSpec.from_dict(spec.params["model"]), params)
    asked = (chat, spec.params["most"], spec.params["again"], secret)
    context.call(f"Naming with {chat.name}", name_with_model, *where, *asked, progress=True, unit="groups")


def compression_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What compressing one contender loses, part after part. params: contender (a Contender's dict)."""
    from core import compression_tasks
    from core.contenders import Contender

    where = (spec.workspace, spec.corpus, Contender.from_dict(spec.params["contender"]))
    stages = {"dimensions": "Trying fewer dimensions", "bits": "Trying fewer bits", "indexes": "Trying indexes"}
    for part in compression_tasks.PARTS:
        context.call(stages[part], compression_tasks.measure, *where, part, progress=True, unit="settings")


def scores_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Every contender scored in a task, side by side. params: contenders (their dicts), task (a Task's dict).

    One that can't do the task has its message kept; the others go on.
    """
    from core import score_tasks
    from core.contenders import Contender
    from core.scoring.types import Task

    contenders = [Contender.from_dict(each) for each in spec.params["contenders"]]
    task = Task.from_dict(spec.params["task"])
    items = [(spec.workspace, spec.corpus, each, task, _own_key(each.model, secret)) for each in contenders]
    context.map("Scoring the contenders", score_tasks.try_score, items, [1] * len(items), "contenders")


def quality_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What the Quality page reads. params: what ("graphs": neighbors of `contenders`, a list of their dicts; "wording":
    robustness to changed texts of one contender, whose dict the other params are, with limit_usd where it is paid)."""
    from core import quality_tasks
    from core.contenders import Contender

    where, wording = (spec.workspace, spec.corpus), spec.params["what"] == "wording"
    asked = [spec.params] if wording else spec.params["contenders"]
    for contender in map(Contender.from_dict, asked):
        stage = f"Finding neighbors: {contender.label}"
        context.call(stage, quality_tasks.find_graph, *where, contender, progress=True, unit="rows")
        if wording:
            given = (*where, contender, secret, spec.params.get("limit_usd"))  # of one model: the key is its server's
            context.call("Embedding changed texts", quality_tasks.measure_wording, *given, progress=True, unit="texts")


def disagreement_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What each pair of contenders shares, and what may explain it. params: contenders (their dicts); with moved (k)
    instead of the latter the groups of texts that moved together between the first two."""
    from core import disagreement_tasks as steps
    from core.answers.disagreement import Asked
    from core.answers.disagreement_moved import find_moves
    from core.contenders import Contender

    chosen = tuple(Contender.from_dict(each) for each in spec.params["contenders"])
    where = (spec.workspace, spec.corpus, chosen)
    context.call("Finding neighbors", steps.find_graphs, *where, progress=True, unit="rows")
    context.call("Comparing neighbors", steps.compare_pairs, *where, progress=True, unit="pairs")
    if "moved" in spec.params:
        asked = (Asked(*where), spec.params["moved"])
        context.call("Finding what moved together", find_moves, *asked, progress=True, unit="texts")
        return
    context.call("Grouping", steps.group_rows, *where, progress=True, unit="steps")
    context.call("Looking at the texts", steps.look_at_texts, *where, progress=True, unit="texts")


def write_queries_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Search queries written by a chat model. params: chat (name, base_url), sample (texts), seed."""
    from core.clusters.llm_chat import ChatModel
    from core.scoring.written import write_queries

    chat = ChatModel(**spec.params["chat"])
    where = (spec.workspace, spec.corpus, chat, spec.params["sample"], spec.params["seed"], secret)
    context.call(f"Writing queries with {chat.name}", write_queries, *where, progress=True, unit="texts")


def _own_key(model: ModelSpec, secret: Secret | None) -> Secret | None:
    """The key of a model's own server. A single key of a job of several models is OpenAI's, which no other may see."""
    if model.backend != "openai":
        return None
    return secret.of(model.base_url) if isinstance(secret, Keys) else None if model.base_url else secret


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


def warm_up(client: Any, folder: str) -> list[Any]:
    """Have workers load and compile what they will need while the person still chooses; gives the futures.

    folder: the workspace whose models folder is used. Layouts have one worker where resources are offered.
    """
    futures = []
    for worker, facts in client.scheduler_info(n_workers=-1)["workers"].items():
        offers = facts.get("resources", {})
        for place, task in enumerate(_warm_tasks(offers)):
            futures.append(client.submit(task, folder, workers=[worker], pure=False, priority=-10 - place))
    return futures


def _warm_tasks(offers: dict[str, float]) -> list[Callable[[str], None]]:
    if "answer" in offers:
        return [warm_answers]
    if "layout" in offers or not offers:
        return [warm_embedder, warm_layouts, warm_comparisons]
    return [warm_embedder, warm_comparisons]


def warm_embedder(folder: str) -> None:
    """Load the default model as jobs use it. A failure here shows up in the job itself."""
    from core import opened
    from core.embedders.registry import PRESETS

    opened.embedder(folder, PRESETS[0], None, 1).embed(["warm"])


def warm_layouts(folder: str) -> None:
    """Import umap-learn and compile its kernels."""
    from core.projection import warm_up as warm_projection

    warm_projection()


def warm_answers(folder: str) -> None:
    """Import what reading files takes, and load the default model as searches use it."""
    import pyarrow.parquet  # noqa: F401

    from core import corpus, opened  # noqa: F401
    from core.embedders.registry import PRESETS

    opened.embedder(folder, PRESETS[0]).embed_query(["warm"])
    warm_comparisons(folder)


def warm_comparisons(folder: str) -> None:
    """Import what the comparison of contenders takes."""
    from core.disagreement_tasks import warm_up as warm_disagreement

    warm_disagreement()
