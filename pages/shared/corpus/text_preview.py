"""A compact profile of the texts as chosen, before a corpus is made of them."""

import streamlit as st

from core.corpus.build import Steps
from core.corpus.draft import DraftProfile, draft_profile, draft_windows
from core.corpus.service import InvalidInput
from core.corpus.staging import ImportSource
from core.models.backends import capabilities
from core.types import Roles
from pages.shared import session
from pages.shared.corpus import profile
from pages.shared.text import count

LOCAL = tuple(spec for spec in profile.COUNTED if not capabilities(spec).hosted)
HEIGHT = 190  # pixels of the histogram


def show_text_preview(origin: ImportSource, roles: Roles, steps: Steps | None) -> None:
    """What the choices above would give; nothing where they give nothing."""
    if steps is None:
        return
    # labels and time change no text, so that choosing them asks for nothing anew
    named = (session.folder(), origin, Roles(roles.text) if roles.text.strip() else roles, steps)
    st.subheader("The texts as chosen", help="What the corpus would hold. It changes with the choices above.")
    with st.skeleton(height=320):
        found = session.ask_once(draft_profile, *named)
    if isinstance(found, InvalidInput):
        return
    _draft_profile(found)
    profile.show_truncation_title()
    with st.skeleton(height=110):
        uses = session.ask_once(draft_windows, *named, LOCAL)
    profile.show_truncation_table(uses)


def _draft_profile(found: DraftProfile) -> None:
    if found.looked < found.rows:
        st.caption(f"Passages of {count(found.looked, 'row')} of {found.rows:,}, drawn at random.")
    profile.show_counts(found.profile)
    left, right = st.columns([3, 2], gap="large")
    with left:
        profile.show_lengths(found.profile, HEIGHT)
    with right:
        profile.show_languages(found.profile)
