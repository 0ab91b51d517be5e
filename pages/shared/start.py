"""What the server does before its first visitor."""

import inspect
import logging
import pkgutil
from importlib import import_module

import numpy as np

from core.errors import PlanisphereError
from core.figures import histogram_figure
from core.jobs.sample import prepared_folder
from pages.shared import corpus, map, session
from pages.shared.web_server import freeze_objects

# beside the widgets of the Data and Map pages, what these import while they are drawn
MODULES = ("pages.shared.frame", "pages.shared.entities.view", "PIL.Image", "plotly.tools", "pyarrow.pandas_compat",
           "pyarrow.parquet", "streamlit.material_icon_names")  # fmt: skip
_LOG = logging.getLogger(__name__)


def start_ahead() -> None:
    """Import what the Data page and the Map page need, and have the workers start, without waiting for them."""
    for package in (corpus, map):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in MODULES:
        import_module(name)
    prepared_folder()
    histogram_figure(np.ones(1), np.arange(2), theme="light", title="").to_json()  # Plotly imports each part at its use
    inspect.stack()  # by which Streamlit looks for a REPL at the first element: it reads the paths of all modules once
    freeze_objects()
    try:
        session.manager()  # last, since its thread imports much, too
    except PlanisphereError as error:  # a wrong setting: the pages say so
        _LOG.error("%s %s", error.message, error.remedy)
