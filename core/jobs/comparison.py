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


def disagreement_job(spec: JobSpec, secret: Secret | None, context: JobContext) -> None:
    """What each pair of contenders shares, and what may explain it. params: contenders (their dicts); with moved (k)
    instead of the latter the groups of texts that moved together between the first two."""
    from core.disagreement import results as steps
    from core.disagreement.service import Asked
    from core.disagreement.shift_results import find_moves
    from core.vectors.contenders import Contender

    chosen = tuple(Contender.from_dict(contender) for contender in spec.params["contenders"])
    where = (spec.ref, chosen)
    context.call("Finding neighbors", steps.find_graphs, *where, progress=True, unit="rows")
    context.call("Comparing neighbors", steps.compare_pairs, *where, progress=True, unit="pairs")
    if "moved" in spec.params:
        asked = (Asked(*where), spec.params["moved"])
        context.call("Finding what moved together", find_moves, *asked, progress=True, unit="texts")
        return
    context.call("Grouping", steps.group_rows, *where, progress=True, unit="steps")
    context.call("Looking at the texts", steps.look_at_texts, *where, progress=True, unit="texts")


def _own_key(model: ModelSpec, secret: Secret | None) -> Secret | None:
    """The key of a model's own service; a key that is not named goes to none of several."""
    return secret.of(capabilities(model).key_name) if isinstance(secret, Keys) else None
