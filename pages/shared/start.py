"""What the server does before its first visitor."""

import logging
import pkgutil
from importlib import import_module

from core.errors import PlanisphereError
from pages.shared import corpus, map, session

# what the first pages import while they are drawn
LIBRARIES = ("plotly.graph_objects", "plotly.io", "pyarrow.parquet", "core.figures", "pages.shared.entities.view")
_LOG = logging.getLogger(__name__)


def start_ahead() -> None:
    """Start the workers, and meanwhile import what the Data page and the Map page need."""
    try:
        session.manager()
    except PlanisphereError as error:  # a wrong setting: the pages say so
        _LOG.error("%s %s", error.message, error.remedy)
    for package in (corpus, map):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in LIBRARIES:
        import_module(name)
