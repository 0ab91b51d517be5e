"""The rows of one group selected on every page at once: the Map shows them, Search looks within them. Kept for the
visit, and in the link."""

import streamlit as st

from core.clusters.selection import Clicked, forget
from core.corpus.selections import SavedSelection, rename_selection, saved_selections
from core.map.selection import MapSelection, SelectionStep
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import session
from pages.shared.filters import form
from pages.shared.map import state
from pages.shared.text import count, plain

NAME = "selected"


def current(info: CorpusInfo) -> SavedSelection | None:
    """What is selected of this corpus; ended where a person has chosen other rows on the Map or in Search."""
    known = session.remembered(NAME)
    if known is None and NAME in st.query_params:
        known = _from_link(info)
    if not known or known["corpus"] != info.digest:
        return None
    saved = _kept(info, known["key"])
    if saved is None or not state.contains_saved_selection(known["key"]) or _left_out(known["key"]):
        end()
        return None
    return saved


def take(info: CorpusInfo, clicked: Clicked) -> None:
    """Select the rows of a group instead of what was selected; in a callback, or before what shows it."""
    saved, known = clicked.saved, session.remembered(NAME)
    if known and known["key"] != saved.key:
        end()
    session.remember(NAME, {"corpus": info.digest, "key": saved.key, "own": saved.name if clicked.new else ""})
    session.set_widget(form.WITHIN, [saved.key])
    state.show_selection_on_last_map(MapSelection((SelectionStep("rows", "set", key=saved.key),)))


def keep(info: CorpusInfo, saved: SavedSelection, name: str) -> SavedSelection:
    """A person keeps these rows: they stay when no longer selected, and get the name unless they had one before.
    Raises InputError for a bad or taken name."""
    known = session.remembered(NAME)
    if not known or not known["own"] or (known["corpus"], known["key"]) != (info.digest, saved.key):
        return saved
    if saved.name == known["own"] and name.strip() != saved.name:
        saved = rename_selection(session.workspace(), info.digest, saved.key, name)
    session.remember(NAME, known | {"own": ""})
    return saved


def end() -> None:
    """Select nothing: on the Map and in Search, too. What a click alone had kept goes."""
    known = session.remembered(NAME)
    session.remember(NAME, {})
    if not known:
        return
    key = known["key"]
    if state.contains_saved_selection(key):
        state.show_selection_on_last_map(MapSelection())
    within = session.widget_value(form.WITHIN)
    if within and key in within:
        session.set_widget(form.WITHIN, [each for each in within if each != key])
    if known["own"]:
        forget(CorpusRef(session.folder(), known["corpus"]), key, known["own"])


def in_link() -> None:
    """Write what is selected into the address, so that it outlives a reload on any page."""
    info = session.current_corpus()
    saved = current(info) if info else None
    if saved and st.query_params.get(NAME) != saved.key:
        st.query_params[NAME] = saved.key
    elif not saved and NAME in st.query_params:
        del st.query_params[NAME]


def line(info: CorpusInfo) -> None:
    """How many rows are selected, of which group, and the button that ends it; nothing where none are."""
    in_link()
    saved = current(info)
    if saved is None:
        return
    with st.container(key="selected_rows", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/check_box: **{count(saved.rows, 'row')} selected** · {plain(saved.name)}",
            width="content",
            help="The Map shows these rows, Search looks within them, and the list of selections has them, until you "
            "clear them, click another group or choose other rows there.",
        )
        if st.button(
            "Clear",
            key="selected_clear",
            type="tertiary",
            icon=":material/close:",
            help="Selects nothing, on every page.",
        ):
            end()  # in no callback: the map's fragment would first take up what its component still tells
            st.rerun()


def _from_link(info: CorpusInfo) -> dict[str, str] | None:
    """Taken up once a visit; the Map's and Search's own links come before it."""
    saved = _kept(info, str(st.query_params[NAME]))
    if saved is None:
        return None
    known = {"corpus": info.digest, "key": saved.key, "own": ""}
    session.remember(NAME, known)
    session.widget_default(form.WITHIN, [saved.key])
    return known


def _kept(info: CorpusInfo, key: str) -> SavedSelection | None:
    return next(
        (selection for selection in saved_selections(session.workspace(), info.digest) if selection.key == key), None
    )


def _left_out(key: str) -> bool:
    """Whether Search's own choice of selections no longer has it."""
    within = session.widget_value(form.WITHIN)
    return within is not None and key not in within
