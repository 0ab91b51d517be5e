"""What a corpus or a draft of one contains: counts, lengths, languages, truncation by model, columns, first rows."""

import numpy as np
import pandas as pd
import streamlit as st

from core.corpus.language import common_languages
from core.corpus.preprocess import Steps
from core.corpus.profile import PROFILE, Profile, ProfileQuery
from core.corpus.service import InvalidInput, first_rows, load_profile
from core.corpus.staging import ImportSource
from core.models.costs import TruncationReport
from core.models.registry import PRESETS, capabilities
from core.stats.proportions import rounded_percentages
from core.store import CorpusInfo
from core.types import Roles
from core.vectors.service import draft_truncation
from core.vectors.splitting import draft_profile
from core.vectors.truncation import COUNTED, load_truncation, stored_truncation
from pages.shared import session
from pages.shared.corpus.added_columns import show_added_columns
from pages.shared.tables import draw_frame, text
from pages.shared.text import count, plain

MAX_LANGUAGES, OTHER_LANGUAGES = 6, "Other or uncertain"
MAX_NOTES = 8  # on what was assumed and what is missing
LOCAL = tuple(spec for spec in COUNTED if not capabilities(spec).hosted)


def show_profile(info: CorpusInfo) -> None:
    """What is stored is read here, so that the page of a cold server waits for no worker."""
    corpus = session.corpus_ref(info).source
    st.subheader(plain(info.name))
    profile = PROFILE.load(ProfileQuery(corpus))
    if profile is None:
        with st.skeleton(height=320):
            profile = session.ask_once(load_profile, corpus)
    _show_overview(profile)
    for note in info.origin.get("notes", [])[:MAX_NOTES]:
        st.caption(f":material/info: {plain(note)}")
    _show_truncation_title()
    reports = stored_truncation(corpus, COUNTED)
    if reports is None:
        with st.skeleton(height=120):
            reports = session.ask_once(load_truncation, corpus, COUNTED)
    _show_truncation(reports)
    _show_tables(info, profile)
    show_added_columns(info)


def show_draft(source: ImportSource, roles: Roles, steps: Steps) -> None:
    """The texts that the current settings would give, before a corpus is created."""
    # labels and time change no text, so that selecting them computes nothing
    settings = (session.folder(), source, Roles(roles.text) if roles.text.strip() else roles, steps)
    st.subheader("Preview", help="The texts of the corpus with the settings above.")
    with st.skeleton(height=320):
        draft = session.ask_once(draft_profile, *settings)
    if isinstance(draft, InvalidInput):
        return
    if draft.sampled < draft.rows:
        st.caption(f"Based on a random sample of {count(draft.sampled, 'row')} of {draft.rows:,}.")
    _show_overview(draft.profile, height=190)
    _show_truncation_title()
    with st.skeleton(height=110):
        reports = session.ask_once(draft_truncation, *settings, LOCAL)
    _show_truncation(reports)


def _show_overview(profile: Profile, height: int = 220) -> None:
    with st.grid(4, min_column_width=140):
        st.metric("Rows", f"{profile.rows:,}", help="Texts in the corpus.")
        st.metric("Empty texts", f"{profile.missing:,}", help="Rows whose text is empty or blank.")
        st.metric("Exact duplicates", f"{profile.exact_duplicates:,}", help="Rows that repeat an earlier text.")
        st.metric("Median length", f"{profile.lengths.median:,.0f}", help="In characters.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_lengths(profile, height)
    with right:
        _show_languages(profile)


def _show_lengths(profile: Profile, height: int) -> None:
    from core.figures import histogram_figure

    st.markdown("**Text length**", help="In characters. Bins are wider for longer texts.")
    edges, lengths = profile.histogram_edges, profile.lengths
    if not len(profile.histogram_counts):
        st.caption("There is no text to measure.")
        return
    positions = np.arange(len(edges))
    figure = histogram_figure(
        profile.histogram_counts, positions, theme=session.theme(), title="characters", height=height
    )
    step = -(-len(positions) // 7)  # few enough labels for a phone
    figure.update_xaxes(tickvals=positions[::step], ticktext=[f"{edges[position]:,}" for position in positions[::step]])
    hover = [
        f"{low:,} to {high - 1:,} characters: {texts:,}"
        for low, high, texts in zip(edges, edges[1:], profile.histogram_counts, strict=False)
    ]
    figure.update_traces(hovertext=hover)
    st.plotly_chart(figure, key="lengths", config={"displayModeBar": False}, alt="Text lengths in characters")
    st.caption(f"Min {lengths.shortest:,} · 95th percentile {lengths.p95:,.0f} · max {lengths.longest:,} characters")


def _show_languages(profile: Profile) -> None:
    st.markdown("**Languages**", help="Detected automatically. Very short texts are often misidentified.")
    total = max(1, sum(profile.languages.values()))
    common, rest = common_languages(profile.languages, MAX_LANGUAGES)
    listed = common + ([(OTHER_LANGUAGES, rest)] if rest else [])
    shares = rounded_percentages([texts for _, texts in listed])
    for (name, texts), share in zip(listed, shares, strict=True):
        st.progress(texts / total, text=f"{plain(name)}: {texts:,} of {total:,} ({share:.1f}%)")
    if profile.languages_sample < profile.rows:
        st.caption(f"Detected on a sample of {count(profile.languages_sample, 'text')} of {profile.rows:,}")


def _show_truncation_title() -> None:
    help = "A model ignores what is beyond its maximum number of tokens (word pieces). Splitting texts avoids this."
    st.markdown("**Truncation by model**", help=help)


def _show_truncation(reports: tuple[TruncationReport, ...]) -> None:
    """Models with a limit as counted, then those without one."""
    lines = [_truncation_row(use) for use in reports]
    unlimited = {"Max. tokens": "no limit", "Truncated texts": "none", "Text lost": "0.0%"}
    lines += [{"Model": spec.label, **unlimited} for spec in PRESETS if not spec.max_tokens]
    columns = {
        "Max. tokens": text(help="Tokens of a text that the model reads."),
        "Truncated texts": text(help="Texts with more tokens than that."),
        "Text lost": text(help="Share of all tokens that the model does not read."),
    }
    draw_frame(pd.DataFrame(lines), "Truncated texts by model", columns)
    sampled = next((use for use in reports if use.counted < use.texts), None)
    if sampled:
        st.caption(f"Counted on a sample of {count(sampled.counted, 'text')} of {sampled.texts:,}")


def _truncation_row(use: TruncationReport) -> dict[str, str]:
    about = "" if use.exact else "about "
    truncated = f"{about}{use.long_texts:,} of {use.counted:,} ({use.long_share:.1%})" if use.long_texts else "none"
    lost = "0.0% (long texts are split)" if use.splits else f"{use.unseen_share:.1%}"
    limit = f"{use.max_tokens:,}" if use.max_tokens else "no limit"
    return {"Model": use.model, "Max. tokens": limit, "Truncated texts": truncated, "Text lost": lost}


def _show_tables(info: CorpusInfo, profile: Profile) -> None:
    rows, columns, source = st.tabs(["First rows", "Columns", "Source"])
    corpus = session.corpus_ref(info)
    head = session.ask_once(first_rows, corpus) if corpus.columns else first_rows(corpus)  # as imported: read here
    with rows:
        numbered = head.set_axis(range(1, len(head) + 1))
        draw_frame(numbered, "The first rows of the corpus", height=320, hide_index=False)
    names = ("Column", "Type", "Missing", "Unique values", "Examples")
    lines = [(c.name, c.kind, c.missing, c.distinct, " | ".join(c.examples)) for c in profile.columns]
    summary, descriptions = pd.DataFrame(lines, columns=names), info.origin.get("descriptions", {})
    if descriptions:
        summary["Description"] = [descriptions.get(c.name, "") for c in profile.columns]
    with columns:
        draw_frame(summary, "The columns of the corpus")
    with source:
        _show_origin(info)


def _show_origin(info: CorpusInfo) -> None:
    for source in info.origin.get("sources", []):
        parts = [source.get("format"), source.get("encoding"), count(int(source.get("rows", 0)), "row")]
        st.caption(f"**{plain(source.get('name', ''))}**: " + plain(", ".join(part for part in parts if part)))
        for note in source.get("notes", []):
            st.caption(plain(note))
    for file in info.origin.get("skipped", []):
        st.caption(f":material/block: {plain(file.get('message', ''))}")
    for step in info.origin.get("steps", []):
        st.caption(plain(f"{step['step']}: {step['note']} ({step['before']:,} → {step['after']:,})"))
    st.caption("Text template:")
    st.code(info.roles.text or "(the ID of the row)", language=None, wrap_lines=True)
