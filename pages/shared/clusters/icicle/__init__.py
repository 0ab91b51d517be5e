"""The cluster hierarchy as a Streamlit component: an icicle of buttons.

Not a Plotly chart: Streamlit binds Plotly's events anew at every draw, and a click in between is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from core.clusters.hierarchy import Bar

HEIGHT = 540  # pixels
_WEB = Path(__file__).parent
_ICICLE = st.components.v2.component(
    "planisphere_icicle",
    css=(_WEB / "icicle.css").read_text(encoding="utf-8"),
    js=(_WEB / "icicle.js").read_text(encoding="utf-8"),
)


def draw(bars: Sequence[Bar], heads: Sequence[str], *, key: str, alt: str, on_click: Callable[[], None]) -> None:
    """Mount it. heads: a title for each level. on_click: called when a bar is clicked; its node is `clicked` in the
    state of the key."""
    data = {"bars": [asdict(bar) for bar in bars], "heads": list(heads), "height": HEIGHT, "alt": alt}
    _ICICLE(data=data, key=key, on_clicked_change=on_click)
