"""What jobs do that compare contenders. Every step is skipped where its result is kept."""

from core.jobs.context import JobContext
from core.jobs.results import run_step
from core.jobs.types import JobSpec
from core.models.backends import capabilities
from core.secret import Keys, Secret
from core.types import CorpusRef, ModelSpec


def scores_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Every contender scored in a task, side by side. params: contenders (their dicts), task (a Task's dict).

    One that can't do the task has its message kept; the others go on.
    """
    from core.scoreboard import results as score_tasks
    from core.scoreboard.types import Task
    from core.vectors.contenders import Contender

    contenders = [Contender.from_dict(contender) for contender in spec.params["contenders"]]
    task = Task.from_dict(spec.params["task"])
    items = [(spec.ref, contender, task, _own_key(contender.model, secret)) for contender in contenders]
    context.map("Scoring the contenders", score_tasks.try_score, items, [1] * len(items), "contenders")


def quality_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Robustness of one contender to changed texts. params: its dict, and limit_usd where it is paid."""
    from core.quality import results as quality_tasks
    from core.vectors.contenders import Contender, graph_step

    contender = Contender.from_dict(spec.params)
    run_step(graph_step(CorpusRef(spec.workspace, spec.corpus), contender), None, context)
    # of one model: the key is its server's
    arguments = (spec.ref, contender, secret, spec.params.get("limit_usd"))
    context.call("Embedding changed texts", quality_tasks.measure_wording, *arguments, progress=True, unit="texts")


def _own_key(model: ModelSpec, secret: Secret | None) -> Secret | None:
    """The key of a model's own service; a key that is not named goes to none of several."""
    return secret.of(capabilities(model).key_name) if isinstance(secret, Keys) else None
