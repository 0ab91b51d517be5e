"""The clustering a page shows: computed at once where that is quick, else offered as a job."""

from core.clusters.results import CLUSTER_TRUST
from pages.shared import result_view
from pages.shared.clusters.controls import METHODS, Chosen
from pages.shared.text import count, plain

METHOD_NOTES = {
    "hdbscan": "It needs a layout in five dimensions first, which takes a minute or more from some 10,000 rows on.",
    "evoc": "Its code is compiled at the first use, which takes a minute or two.",
    "kmeans": "With no number given it tries a dozen.",
    "leiden": "Communities of the neighbor graph are found on six levels.",
}


def ready(chosen: Chosen) -> bool:
    """Whether the clusters and what describes them are stored; else shows their progress or how to start."""
    return result_view.ready(
        CLUSTER_TRUST,
        chosen.query,
        headline="This clustering has not been made yet.",
        description=f"{count(chosen.info.rows, 'row')} are clustered. {METHOD_NOTES[chosen.params.method]}",
        button="Find the clusters",
        title=title("Clusters", chosen),
    )


def title(what: str, chosen: Chosen) -> str:
    """Of a job."""
    names = {method: name for name, method in METHODS.items()}
    return f"{what}: {plain(chosen.info.name)}, {names[chosen.params.method]}"
