"""What the server does before its first visitor."""

import logging
import pkgutil
from importlib import import_module

import numpy as np

from core.errors import PlanisphereError
from core.figures import histogram_figure
from pages.shared import corpus, map, session

# beside the widgets of the Data and Map pages, what these import while they are drawn
MODULES = ("pages.shared.frame", "pages.shared.entities.view", "PIL.Image", "plotly.tools", "pyarrow.pandas_compat",
           "pyarrow.parquet", "streamlit.material_icon_names")  # fmt: skip
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
    for name in MODULES:
        import_module(name)
    histogram_figure(np.ones(1), np.arange(2), theme="light", title="").to_json()  # Plotly imports each part at its use
