"""Entities on the Data page: extract them, check the most frequent ones, add them as columns."""

import pandas as pd
import streamlit as st

from core.entities.service import (
    BY_NAME,
    DEFAULT_REGION,
    ENTITIES,
    ENTITY_TYPES,
    GROUPS,
    REGIONS,
    EntitiesQuery,
    Summary,
    TypeName,
    add_columns,
    column_name,
    entity_columns,
    summaries,
)
from core.results import Step
from core.store import CorpusInfo
from pages.shared import result_view, session, tables
from pages.shared.entities.precision import precision_notes, show_precision
from pages.shared.text import count, plain

ALL_ROWS, SAMPLE_ROWS = "All rows", 1_000
LOCAL_TYPES = ("phone numbers", "amounts", "dates")  # that depend on the country


def show_entities(info: CorpusInfo) -> None:
    """The whole section; nothing is extracted before a type is selected."""
    st.subheader(
        "Entities",
        help="People, places, amounts and more in the texts. As columns, they can be used in filters, map colors, "
        "Trends and Scoreboard; a row counts in each of its values.",
    )
    _show_added()
    names = _select_types()
    if not names:
        st.caption("Select what to extract. Everything runs locally.")
        return
    region, limit = _select_country(names), _select_rows(info)
    corpus = session.corpus_ref(info)
    groups = [group for group in GROUPS if any(BY_NAME[name].group == group for name in names)]
    steps = [Step(ENTITIES, EntitiesQuery(corpus.source, group, region, limit)) for group in groups]
    rows = count(min(limit or info.rows, info.rows), "row")
    if result_view.ready_all(
        steps,
        headline="Extract entities",
        description=f"Reads {rows} with the libraries listed in the help of each type.",
        titles=[f"Entities of {rows}: {'names' if group == 'names' else 'by rules'}" for group in groups],
        button="Extract entities",
    ):
        _show_results(info, session.ask_once(summaries, corpus.source, tuple(names), region, limit), region, limit)


def _select_types() -> list[TypeName]:
    names: list[TypeName] = [kind.name for kind in ENTITY_TYPES]
    selected = st.pills(
        "Types", names, selection_mode="multi", key="entity_types", persist_state="session",
        help="\n".join(f"- **{kind.name}**: {plain(kind.rule)} ({plain(kind.library)})" for kind in ENTITY_TYPES),
    )  # fmt: skip
    return [name for name in names if name in selected]


def _select_country(names: list[TypeName]) -> str:
    if not set(names) & set(LOCAL_TYPES):
        return DEFAULT_REGION
    return st.selectbox(
        "Country", list(REGIONS), key="entity_region", persist_state="session", format_func=REGIONS.__getitem__,
        help="Of phone numbers without a country code, of a bare $, and of the order of day and month in 3/4/2026. "
        "Numbers in Chinese text count as of China.",
    )  # fmt: skip


def _select_rows(info: CorpusInfo) -> int:
    """0 for all rows."""
    if info.rows <= SAMPLE_ROWS:
        return 0
    sample = f"Random sample of {SAMPLE_ROWS:,}"
    selected = st.segmented_control(
        "Rows", [ALL_ROWS, sample], key="entity_rows", default=ALL_ROWS, required=True, persist_state="session",
        help="A sample shows what to expect; columns need all rows. Seed 0.",
    )  # fmt: skip
    return SAMPLE_ROWS if selected == sample else 0


def _show_results(info: CorpusInfo, results: tuple[Summary, ...], region: str, limit: int) -> None:
    corpus = session.corpus_ref(info)
    existing = entity_columns(corpus)
    for tab, summary in zip(st.tabs([_tab_label(summary) for summary in results]), results, strict=True):
        with tab:
            _show_type(summary, column_name(corpus, summary.name) in existing)
    names = tuple(summary.name for summary in results if summary.distinct)
    label = "Add as columns" if len(names) != 1 else "Add as column"
    help = (
        "Columns need all rows."
        if limit
        else "One column per type with entities. Columns of the same name are replaced."
    )
    if st.button(
        label, key="entity_add", type="primary", icon=":material/add:", disabled=bool(limit) or not names, help=help
    ):
        added = session.ask(add_columns, corpus, names, region)
        session.remember("entities_added", [column.name for column in added])
        st.rerun()


def _tab_label(summary: Summary) -> str:
    return f"{plain(summary.name)} ({summary.distinct:,})"


def _show_type(summary: Summary, exists: bool) -> None:
    note = " It is a column already." if exists else ""
    if not summary.distinct:
        st.caption(f"No {plain(summary.name)} in {count(summary.read, 'row')}.{note}")
    else:
        rows = f"{summary.rows:,} of {count(summary.read, 'row')} ({summary.rows / summary.read:.1%})"
        st.caption(f"{count(summary.distinct, 'value')} in {rows}.{note}")
        _show_values(summary)
    for text in precision_notes(summary.name):
        st.caption(text)
    show_precision(summary.name)


def _show_values(summary: Summary) -> None:
    table = pd.DataFrame(
        [(top.value, top.rows, top.form, top.example) for top in summary.top],
        columns=["Value", "Rows", "Written as", "Example"],
    )
    columns = {
        "Value": tables.text(help="The normal form, which is the value of the column."),
        "Rows": tables.number(format="localized", help="Rows with the value."),
        "Written as": tables.text(help="The most frequent form in the texts."),
        "Example": tables.text(help="The first row with the value.", width="large"),
    }
    tables.show_table(table, f"Most frequent {summary.name}", columns, max_height=38 + 35 * 10)
    if summary.distinct > len(summary.top):
        st.caption(f"The {len(summary.top)} most frequent of {count(summary.distinct, 'value')}")


def _show_added() -> None:
    """After columns were added: where they are, once."""
    added = session.remembered("entities_added") or []
    if added:
        session.remember("entities_added", [])
        listed = ", ".join(f"**{plain(name)}**" for name in added)
        st.success(f"Added: {listed}. Use them in filters, map colors and Trends.", icon=":material/check_circle:")
