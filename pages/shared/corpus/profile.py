"""What a corpus looks like: counts, lengths, languages, models' windows, columns and first rows."""

import numpy as np
import streamlit as st

from core.corpus.language import NAMES
from core.corpus.profile import Profile
from core.corpus.service import first_rows, profile
from core.models.costs import TruncationReport
from core.models.registry import PRESETS
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.service import truncation_by_model
from pages.shared import session
from pages.shared.text import count, plain

LANGUAGES_SHOWN = 6
COUNTED = tuple(spec for spec in PRESETS if spec.max_tokens and spec.precision == "float32")  # int8 reads the same


def show(info: CorpusInfo) -> None:
    st.subheader(plain(info.name))
    with st.skeleton(height=320):
        facts = session.ask_once(profile, session.corpus_ref(info))
    figures(facts)
    left, right = st.columns([3, 2], gap="large")
    with left:
        lengths(facts)
    with right:
        languages(facts)
    _windows(info)
    _tables(info, facts)


def figures(facts: Profile) -> None:
    with st.grid(4, min_column_width=140):
        st.metric("Rows", f"{facts.rows:,}", help="Texts in the corpus.")
        st.metric("Empty texts", f"{facts.missing:,}", help="Rows without anything to read.")
        st.metric(
            "Exact duplicates", f"{facts.exact_duplicates:,}", help="Rows whose text is the same as an earlier row's."
        )
        st.metric("Median length", f"{facts.lengths.median:,.0f}", help="Characters; half of the texts are shorter.")


def lengths(facts: Profile, height: int = 220) -> None:
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


def languages(facts: Profile) -> None:
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
    window_title()
    with st.skeleton(height=120):
        found = session.ask_once(truncation_by_model, session.corpus_ref(info), COUNTED)
    window_table(found)


def window_title() -> None:
    st.markdown(
        "**How much each model would read**",
        help="A model reads a text up to its window, counted in tokens (word pieces), never the rest. Splitting "
        "long texts into passages avoids that. Longer texts are those that exceed the window; what is unread is a "
        "share of all the text.",
    )


def window_table(found: tuple[TruncationReport, ...]) -> None:
    """Models with a window as counted, then those without one."""
    lines = [_window(use) for use in found] + [_no_window(spec) for spec in PRESETS if not spec.max_tokens]
    st.dataframe(lines, hide_index=True, alt="Windows of models and the texts that exceed them")
    sampled = next((use for use in found if use.counted < use.texts), None)
    if sampled:
        st.caption(f"Counted on {count(sampled.counted, 'text')} of {sampled.texts:,}")


def _window(use: TruncationReport) -> dict[str, str]:
    about = "" if use.exact else "about "
    over = f"{about}{use.long_texts:,} of {use.counted:,} ({use.long_share:.1%})" if use.long_texts else "none"
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
