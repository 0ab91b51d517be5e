"""What all figures share, and a figure as a file of its own."""

import html
from typing import Any

import plotly.graph_objects as go

from core.palette import GROUND, INK, Theme

CLEAR = "rgba(0,0,0,0)"
CONFIG = {"displaylogo": False, "scrollZoom": True, "responsive": True}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; background: {ground}; color: {ink}; font-family: system-ui, sans-serif; }}
body {{ display: flex; flex-direction: column; }}
h1 {{ font-size: 1rem; margin: 0.75rem 1rem; }}
main {{ flex: 1; min-height: 0; }}
</style>
</head>
<body>
<h1>{title}</h1>
<main>{figure}</main>
</body>
</html>
"""


def base_layout(theme: Theme, height: int) -> dict[str, Any]:
    """A clear ground, so that the page shows through, and ink to be read on it; `uirevision` keeps zoom and legend."""
    return {
        "template": "none",
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": INK[theme]},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "uirevision": "kept",
        "hoverlabel": {"align": "left"},
    }


def save_html(figure: go.Figure, title: str, theme: Theme = "light") -> bytes:
    """One page, UTF-8, that holds all it needs (plotly.js too, some 5 MB) and works without a network."""
    page = go.Figure(figure)
    page.update_layout(height=None, autosize=True)
    inner = page.to_html(
        full_html=False, include_plotlyjs=True, include_mathjax=False, config=CONFIG, default_height="100%"
    )
    safe = html.escape(" ".join(title.split()))
    return PAGE.format(title=safe, ground=GROUND[theme], ink=INK[theme], figure=inner).encode("utf-8", "replace")
