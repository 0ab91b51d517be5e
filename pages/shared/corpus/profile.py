"""What a corpus looks like: counts, lengths, languages, models' windows, columns and first rows."""

import numpy as np
import streamlit as st

from core.corpus.build import Steps
from core.corpus.draft import DraftProfile, draft_profile, draft_windows
from core.corpus.language import NAMES
from core.corpus.profile import Profile
from core.corpus.service import InvalidInput, first_rows, load_profile
from core.corpus.staging import ImportSource
from core.models.backends import capabilities
from core.models.registry import PRESETS
from core.models.truncation import WindowUse
from core.store import CorpusInfo
from core.types import ModelSpec, Roles
from core.vectors.service import load_truncation
from pages.shared import session
from pages.shared.text import count, plain

LANGUAGES_SHOWN = 6
COUNTED = tuple(spec for spec in PRESETS if spec.max_tokens and spec.precision == "float32")  # int8 reads the same


def show_profile(info: CorpusInfo) -> None:
    st.subheader(plain(info.name))
    with st.skeleton(height=320):
        facts = session.ask_once(load_profile, session.corpus_ref(info))
    show_counts(facts)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_lengths(facts)
    with right:
        show_languages(facts)
    _windows(info)
    _tables(info, facts)


def show_counts(facts: Profile) -> None:
    with st.grid(4, min_column_width=140):
        st.metric("Rows", f"{facts.rows:,}", help="Texts in the corpus.")
        st.metric("Empty texts", f"{facts.missing:,}", help="Rows without anything to read.")
        st.metric(
            "Exact duplicates", f"{facts.exact_duplicates:,}", help="Rows whose text is the same as an earlier row's."
        )
        st.metric("Median length", f"{facts.lengths.median:,.0f}", help="Characters; half of the texts are shorter.")


def show_lengths(facts: Profile, height: int = 220) -> None:
    from core.figures_bars import histogram_figure
    from core.palette import Theme

    st.markdown(
        "**Length of the texts**",
        help="In characters. Bars cover wider ranges for longer texts, so that all lengths show.",
    )
    edges = facts.histogram_edges
    if not len(facts.histogram_counts):
        st.caption("There is no text to measure.")
        return
    places = np.arange(len(edges))
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    figure = histogram_figure(facts.histogram_counts, places, theme=theme, title="characters", height=height)
    every = -(-len(places) // 7)  # labels stay apart on a phone too
    figure.update_xaxes(tickvals=places[::every], ticktext=[f"{edges[place]:,}" for place in places[::every]])
    hover = [
        f"{low:,} to {high - 1:,} characters: {texts:,}"
        for low, high, texts in zip(edges, edges[1:], facts.histogram_counts, strict=False)
    ]
    figure.update_traces(hovertext=hover)
    st.plotly_chart(
        figure, key="lengths", config={"displayModeBar": False}, alt="Histogram of text lengths in characters"
    )
    found = facts.lengths
    st.caption(f"Shortest {found.shortest:,}, 95% up to {found.p95:,.0f}, longest {found.longest:,} characters")


def show_languages(facts: Profile) -> None:
    st.markdown("**Languages**", help="Very short texts are often taken for another language.")
    total = max(1, sum(facts.languages.values()))
    for code, texts in list(facts.languages.items())[:LANGUAGES_SHOWN]:
        name = plain(NAMES.get(code, code))
        st.progress(texts / total, text=f"{name}: {texts:,} of {total:,} ({texts / total:.1%})")
    rest = sum(list(facts.languages.values())[LANGUAGES_SHOWN:])
    if rest:
        st.caption(f"Other languages: {rest:,} of {total:,}")
    st.caption(f"Found on {count(facts.languages_sample, 'text')} of {facts.rows:,}")


def _windows(info: CorpusInfo) -> None:
    show_truncation_title()
    with st.skeleton(height=120):
        found = session.ask_once(load_truncation, session.corpus_ref(info), COUNTED)
    show_truncation_table(found)


def show_truncation_title() -> None:
    st.markdown(
        "**How much each model would read**",
        help="A model reads a text up to its window, counted in tokens (word pieces), never the rest. Splitting "
        "long texts into passages avoids that. Longer texts are those that exceed the window; what is unread is a "
        "share of all the text.",
    )


def show_truncation_table(found: tuple[WindowUse, ...]) -> None:
    """Models with a window as counted, then those without one."""
    lines = [_window(use) for use in found] + [_no_window(spec) for spec in PRESETS if not spec.max_tokens]
    st.dataframe(lines, hide_index=True, alt="Windows of models and the texts that exceed them")
    sampled = next((use for use in found if use.counted < use.texts), None)
    if sampled:
        st.caption(f"Counted on {count(sampled.counted, 'text')} of {sampled.texts:,}")


def _window(use: WindowUse) -> dict[str, str]:
    about = "" if use.exact else "about "
    over = f"{about}{use.over:,} of {use.counted:,} ({use.over_share:.1%})" if use.over else "none"
    unseen = "0.0% (long texts are split)" if use.splits else f"{use.unseen_share:.1%}"
    window = f"{use.max_tokens:,} tokens" if use.max_tokens else "no limit"
    return {"Model": use.model, "Window": window, "Longer texts": over, "Unread": unseen}


def _no_window(spec: ModelSpec) -> dict[str, str]:
    return {"Model": spec.label, "Window": "no limit", "Longer texts": "none", "Unread": "0.0%"}


def _tables(info: CorpusInfo, facts: Profile) -> None:
    rows, columns, origin = st.tabs(["First rows", "Columns", "Where it came from"])
    with rows:
        st.dataframe(
            session.ask_once(first_rows, session.corpus_ref(info)), height=320, alt="The first rows of the corpus"
        )
    lines = [
        {
            "Column": c.name,
            "Kind": c.kind,
            "Missing": c.missing,
            "Different": c.distinct,
            "Examples": " | ".join(c.examples),
        }
        for c in facts.columns
    ]
    columns.dataframe(lines, hide_index=True, alt="What each column holds")
    with origin:
        _origin(info)


def _origin(info: CorpusInfo) -> None:
    for source in info.origin.get("sources", []):
        parts = [source.get("format"), source.get("encoding"), count(int(source.get("rows", 0)), "row")]
        st.caption(f"**{plain(source.get('name', ''))}**: " + plain(", ".join(part for part in parts if part)))
    for step in info.origin.get("steps", []):
        st.caption(plain(f"{step['step']}: {step['note']} ({step['before']:,} → {step['after']:,})"))
    st.caption("Text of a row:")
    st.code(info.roles.text or "(the id of the row)", language=None, wrap_lines=True)


LOCAL = tuple(spec for spec in COUNTED if not capabilities(spec).hosted)
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
    show_truncation_title()
    with st.skeleton(height=110):
        uses = session.ask_once(draft_windows, *named, LOCAL)
    show_truncation_table(uses)


def _draft_profile(found: DraftProfile) -> None:
    if found.looked < found.rows:
        st.caption(f"Passages of {count(found.looked, 'row')} of {found.rows:,}, drawn at random.")
    show_counts(found.profile)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_lengths(found.profile, HEIGHT)
    with right:
        show_languages(found.profile)
