"""A compact profile of the texts as chosen, before a corpus is made of them."""

import streamlit as st

from core.corpus.build import Steps
from core.corpus.draft import Draft, draft, draft_windows
from core.corpus.service import Refusal
from core.corpus.staging import Origin
from core.models.registry import capabilities
from core.types import Roles
from pages.shared import session
from pages.shared.corpus import profile
from pages.shared.text import count

LOCAL = tuple(spec for spec in profile.COUNTED if not capabilities(spec).hosted)
HEIGHT = 190  # pixels of the histogram


def show(origin: Origin, roles: Roles, steps: Steps | None) -> None:
    """What the choices above would give; nothing where they give nothing."""
    if steps is None:
        return
    # labels and time change no text, so that choosing them asks for nothing anew
    named = (session.folder(), origin, Roles(roles.text) if roles.text.strip() else roles, steps)
    st.subheader("The texts as chosen", help="What the corpus would hold. It changes with the choices above.")
    with st.skeleton(height=320):
        found = session.ask_once(draft, *named)
    if isinstance(found, Refusal):
        return
    _profile(found)
    profile.window_title()
    with st.skeleton(height=110):
        uses = session.ask_once(draft_windows, *named, LOCAL)
    profile.window_table(uses)


def _profile(found: Draft) -> None:
    if found.looked < found.rows:
        st.caption(f"Passages of {count(found.looked, 'row')} of {found.rows:,}, drawn at random.")
    profile.figures(found.profile)
    left, right = st.columns([3, 2], gap="large")
    with left:
        profile.lengths(found.profile, HEIGHT)
    with right:
        profile.languages(found.profile)
