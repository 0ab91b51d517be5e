"""What jobs do that compare contenders. Every step is skipped where its result is kept."""

from core.jobs.context import JobContext
from core.jobs.types import JobSpec
from core.models.backends import capabilities
from core.secret import Keys, Secret
from core.types import ModelSpec


def scores_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """Every contender scored in a task, side by side. params: contenders (their dicts), task (a Task's dict).

    One that can't do the task has its message kept; the others go on.
    """
    from core.scoreboard.results import ScoresQuery, score_or_record_failure
    from core.scoreboard.types import Task
    from core.vectors.contenders import Contender

    contenders = [Contender.from_dict(contender) for contender in spec.params["contenders"]]
    task = Task.from_dict(spec.params["task"])
    items = [(ScoresQuery(spec.ref, contender, task), _own_key(contender.model, secret)) for contender in contenders]
    context.map("Scoring the contenders", score_or_record_failure, items, [1] * len(items), "contenders")


def _own_key(model: ModelSpec, secret: Secret | None) -> Secret | None:
    """The key of a model's own service; a key that is not named goes to none of several."""
    return secret.of(capabilities(model).key_name) if isinstance(secret, Keys) else None
