"""The active selection: the rows of one clicked group, selected on all pages. The Map shows them, Search searches
within them; stored in the session and in the link."""

import streamlit as st

from core.clusters.selection import ClickedCluster, delete_clicked
from core.corpus.selections import SavedSelection, rename_selection, saved_selections
from core.map.selection import MapSelection, SelectionStep
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import filters, session
from pages.shared.map import state
from pages.shared.text import count, plain

NAME = "selected"


def active_selection(info: CorpusInfo) -> SavedSelection | None:
    """The active selection of this corpus; cleared where other rows were selected on the Map or in Search."""
    active = session.remembered(NAME)
    if active is None and NAME in st.query_params:
        active = _read_link(info)
    if not active or active["corpus"] != info.digest:
        return None
    saved = _saved_selection(info, active["key"])
    if saved is None or not state.contains_saved_selection(active["key"]) or _removed_in_search(active["key"]):
        clear_active()
        return None
    return saved


def activate(info: CorpusInfo, clicked: ClickedCluster) -> None:
    """Select the rows of a group instead of the active ones; call it in a callback, or before the Map or Search."""
    saved, active = clicked.saved, session.remembered(NAME)
    if active and active["key"] != saved.key:
        clear_active()
    temporary = saved.name if clicked.is_new else ""
    session.remember(NAME, {"corpus": info.digest, "key": saved.key, "temporary": temporary})
    session.set_widget(filters.SELECTION_KEY, [saved.key])
    state.show_selection_on_last_map(MapSelection((SelectionStep("rows", "set", key=saved.key),)))


def save_active(info: CorpusInfo, saved: SavedSelection, name: str) -> SavedSelection:
    """Save these rows permanently, under the name unless they were saved before. Raises InputError for a bad or
    existing name."""
    active = session.remembered(NAME)
    if not active or not active["temporary"] or (active["corpus"], active["key"]) != (info.digest, saved.key):
        return saved
    if saved.name == active["temporary"] and name.strip() != saved.name:
        saved = rename_selection(session.workspace(), info.digest, saved.key, name)
    session.remember(NAME, active | {"temporary": ""})
    return saved


def clear_active() -> None:
    """Select nothing, also on the Map and in Search. Selections saved by a click only are deleted."""
    active = session.remembered(NAME)
    session.remember(NAME, {})
    if not active:
        return
    key = active["key"]
    if state.contains_saved_selection(key):
        state.show_selection_on_last_map(MapSelection())
    within = session.widget_value(filters.SELECTION_KEY)
    if within and key in within:
        session.set_widget(filters.SELECTION_KEY, [other for other in within if other != key])
    if active["temporary"]:
        delete_clicked(CorpusRef(session.folder(), active["corpus"]), key, active["temporary"])


def write_link() -> None:
    """Write the active selection into the address, so that it outlives a reload on any page."""
    info = session.current_corpus()
    saved = active_selection(info) if info else None
    session.set_link(NAME, saved.key if saved else "")


def show_active(info: CorpusInfo) -> None:
    """The number of selected rows, the name of their group, and a button that clears them; nothing without any."""
    write_link()
    saved = active_selection(info)
    if saved is None:
        return
    with st.container(key="selected_rows", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/check_box: **{count(saved.rows, 'row')} selected** · {plain(saved.name)}",
            width="content",
            help="The Map shows these rows and Search searches within them, until you clear them or select other rows.",
        )
        pressed = st.button(
            "Clear", key="selected_clear", type="tertiary", icon=":material/close:", help="Clears it on all pages."
        )
        if pressed:
            clear_active()  # not in a callback: the map's fragment would first apply the state of its component
            st.rerun()


def _read_link(info: CorpusInfo) -> dict[str, str] | None:
    """Applied once per visit; the links of the Map and Search take precedence."""
    saved = _saved_selection(info, str(st.query_params[NAME]))
    if saved is None:
        return None
    active = {"corpus": info.digest, "key": saved.key, "temporary": ""}
    session.remember(NAME, active)
    session.widget_default(filters.SELECTION_KEY, [saved.key])
    return active


def _saved_selection(info: CorpusInfo, key: str) -> SavedSelection | None:
    selections = saved_selections(session.workspace(), info.digest)
    return next((selection for selection in selections if selection.key == key), None)


def _removed_in_search(key: str) -> bool:
    within = session.widget_value(filters.SELECTION_KEY)
    return within is not None and key not in within
