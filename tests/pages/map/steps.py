"""What tests of the Map page share."""

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.map.selection import Bounds
from core.map.service import (
    LayoutKey,
    stored_layout,
)
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import Roles
from core.vectors.embedding import embed

PAGE = "pages/explore/map.py"


def opened_page(app: AppTest) -> AppTest:
    return app.run().switch_page(PAGE).run()


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.text, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def linked(app: AppTest, name: str) -> str:
    value = app.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def lasso_around(points: np.ndarray, layout: np.ndarray, margin: float = 0.01) -> dict:
    """A lasso around some points of a layout, as the component tells it."""
    bounds = Bounds.of([layout])
    (left, low), (right, high) = points.min(axis=0) - margin, points.max(axis=0) + margin
    corners = [bounds.steps(*corner) for corner in ((left, low), (right, low), (right, high), (left, high))]
    return {"k": "lasso", "o": "set", "p": [int(part) for part in np.diff(corners, axis=0, prepend=0).ravel()]}


def in_frame(points: np.ndarray, some: np.ndarray, margin: float = 0.01) -> list[int]:
    inside = (points > some.min(axis=0) - margin) & (points < some.max(axis=0) + margin)
    return np.flatnonzero(inside.all(axis=1)).tolist()


def listed(app: AppTest) -> pd.DataFrame:
    """The table of what is selected."""
    return next(frame.value for frame in app.dataframe if "Text" in frame.value and "Cosine" not in frame.value)


def points_of(place: LayoutKey) -> np.ndarray:
    return np.asarray(stored_layout(place).points, dtype=np.float32)


def small_corpus(home, texts: list[str], embedded: bool = True):
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}"), name="<b>Tiny</b>").corpus
    Workspace(home).save_corpus(built)
    if not embedded:
        return built.digest, None
    return built.digest, embed(built, load_embedder("lexical"), Workspace(home)).model
