"""Maps of the contenders, laid onto each other and colored by disagreement; pointing works on all at once."""

from typing import Any

import streamlit as st

from core.digest import digest_json
from core.disagreement.service import Asked
from core.map import disagreement_colors as answers
from core.map.color_codes import CONTEXT
from core.map.scene import Colors, Geometry, details, geometry
from core.map.service import Place
from core.store import CorpusInfo
from pages.shared import cached, scatter, session
from pages.shared.disagreement import controls as choice
from pages.shared.disagreement import missing_layouts as undrawn
from pages.shared.map import captions as words
from pages.shared.map import settings
from pages.shared.text import plain

HEIGHT = 520


def show(asked: Asked, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        between = choice.pair(asked)
        k = choice.depth(asked)
    places = session.ask(answers.places_of, between)
    undrawn.show(between, places, info)
    if not places:
        return
    shape = _kept(geometry, places)
    colors = session.ask_once(answers.disagreement_colors, between, k, places, session.theme())
    _say_where(between, k)
    unsupported = _draw(info, places, shape, colors)
    if unsupported:
        st.info("This browser has no WebGL2, so the maps can't be shown here.", icon=":material/info:")
        return
    st.caption(
        f"Showing {shape.drawn:,} of {shape.total:,} rows. The lighter, the more {choice.who(between)} "
        f"disagree on a row's {k} nearest texts, judged in their own spaces, not on the maps (1 less the Jaccard "
        "overlap). The maps are turned and scaled onto the first (Procrustes); point at a row to find it on all."
    )
    with st.expander("How far these maps can be trusted"):
        words.trust_lines(tuple(place.model.label for place in places), shape.trust)
    _link(between, k, places)


def _say_where(asked: Asked, k: int) -> None:
    """What the colors say, in a sentence."""
    ends = session.ask(answers.extreme_groups, asked, k)  # names of groups change, so it is not kept
    if ends:
        (most, high), (least, low) = ends
        st.markdown(
            f"Of the groups, **{plain(most)}** is disagreed on most (mean {high:.0%}), **{plain(least)}** least "
            f"({low:.0%})."
        )


def _draw(info: CorpusInfo, places: tuple[Place, ...], shape: Geometry, colors: Colors) -> bool:
    # as maps come one by one, a new drawing for each number of them: one that stands does not take in another panel
    told = scatter.draw(_data(info, places, shape, colors), key=f"disagree_map_{len(places)}")
    with st.container(gap=None):
        scatter.send([each for each in (colors.codes, shape.ids, *shape.points) if each])
        scatter.send_rows(_details_key(places), session.ask_once(details, places[0], None, ()))
    return bool(told.get("unsupported"))


def _data(info: CorpusInfo, places: tuple[Place, ...], shape: Geometry, colors: Colors) -> dict[str, Any]:
    """What the component needs, see its README."""
    theme, bounds = session.theme(), shape.bounds
    stamp = digest_json([packet.key for packet in shape.points])
    panels = [
        {"array": packet.key, "title": place.model.label, "labels": [], "contours": []}
        for packet, place in zip(shape.points, places, strict=True)
    ]
    return {
        "key": stamp,
        "reset": stamp,
        "panels": panels,
        "ids": shape.ids.key if shape.ids else None,
        "bounds": {"x": bounds.x, "y": bounds.y, "side": bounds.side, "width": bounds.width, "height": bounds.height},
        "color": {"key": "disagreement", "array": colors.codes.key if colors.codes else None, **colors.look},
        "columns": [],
        "details": _details_key(places),
        "theme": theme,
        "context": CONTEXT[theme],
        "height": HEIGHT,
        "simple": True,
        "alt": f"Maps of {shape.drawn:,} texts of {info.name} under {len(places)} models, colored by disagreement",
        "file": words.file_stem(info.name),
        "command": {"stamp": stamp, "view": None, "choice": {}},
    }


def _link(asked: Asked, k: int, places: tuple[Place, ...]) -> None:
    others = ".".join(settings.place_key(place) for place in places[1:])
    color = {"color": settings.DISAGREEMENT, "between": answers.link_text(asked, k)}
    st.page_link(
        "pages/explore/map.py",
        label="Select on these maps on the Map page",
        icon=":material/scatter_plot:",
        query_params={"corpus": places[0].corpus.digest, "model": places[0].model.key, **color}
        | ({"with": others} if others else {}),
        help="With these colors.",
    )
    st.caption(
        "There a lasso selects on all maps at once, and the rows can be kept, searched or taken out. The first map is "
        f"that of {plain(places[0].model.label)}."
    )


def _details_key(places: tuple[Place, ...]) -> str:
    return digest_json([places[0].corpus.folder, places[0].corpus.digest, places[0].model.key])


def _kept(function: Any, places: tuple[Place, ...]) -> Any:
    names = [(position.corpus, position.model.key, position.params, position.made) for position in places]
    return cached.computed_once(lambda: session.ask(function, places), function.__name__, *names)
