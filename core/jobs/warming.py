"""What workers load and compile while a person still chooses."""

from collections.abc import Callable
from typing import Any


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
    from core.models.registry import PRESETS
    from core.vectors.loaders import cached_embedder

    cached_embedder(folder, PRESETS[0], None, 1).embed(["warm"])


def warm_layouts(folder: str) -> None:
    """Import umap-learn and compile its kernels."""
    from core.map.layout import warm_up as warm_projection

    warm_projection()


def warm_answers(folder: str) -> None:
    """Import what reading files takes, and load the default model as searches use it."""
    import pyarrow.parquet  # noqa: F401

    from core.models.registry import PRESETS
    from core.vectors.loaders import cached_embedder

    cached_embedder(folder, PRESETS[0]).embed_query(["warm"])
    warm_comparisons(folder)


def warm_comparisons(folder: str) -> None:
    """Import what the comparison of contenders takes."""
    from core.disagreement.results import warm_up as warm_disagreement

    warm_disagreement()
