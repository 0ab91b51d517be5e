"""The controls of the Trends page: time column, sentiment source, groups and period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.trends.periods import Period, TimeSummary, time_columns, time_summary
from core.trends.sentiment import NAMES
from core.trends.sentiment_source import SentimentSource
from core.trends.service import GroupKind, TrendQuery, group_columns
from core.types import ModelSpec
from pages.shared import messages, session
from pages.shared.text import count, cut, plain
from pages.shared.trends.sentiment_source import describe_source, select_source

METADATA = ("language", "lang", "source", "split")  # label columns that seldom describe a text's topic
SENTIMENT_FILTER = {"all": "All", "negative": "Negative", "neutral": "Neutral", "positive": "Positive"}
SENTIMENT_CODES = {name: code for code, name in NAMES.items()}
GROUPS_HELP = (
    "What is counted: the default clusters of the Clusters page, the values of a column, or the sentiment. Noise "
    "points are in no group, but count in the denominator of shares. Of a column with several values per row, a row "
    "counts in each of them."
)


@dataclass(frozen=True)
class TrendForm:
    """What is selected, for every view of the page."""

    info: CorpusInfo
    query: TrendQuery
    times: TimeSummary
    period: Period

    @property
    def has_sentiment_filter(self) -> bool:
        return self.query.source.kind != "none" and self.query.group != "sentiment"


def show_trend_form(info: CorpusInfo) -> TrendForm | None:
    """The controls; None, with an explanation, where there is no usable time column."""
    corpus = session.corpus_ref(info)
    columns = session.ask_once(time_columns, corpus)
    if not columns:
        show_no_time_column(info)
        return None
    model = session.current_model()
    if model is None:
        messages.show_not_embedded("Not embedded yet: clusters, drift and representative texts are not available.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        time = linked_select("t_time", "Time", columns, {}, "The time column, in UTC.")
        source = select_source(info, model)
        group = linked_select("t_group", "Groups", *_group_options(info, model, source), GROUPS_HELP)
        try:
            times = session.ask_once(time_summary, corpus, time)
        except PlanisphereError as error:
            messages.show_error(error)
            return None
        period = _select_period(times)
    show_time_summary(times, describe_source(source, info, model))
    kind, _, column = group.partition(":")
    secret = session.api_key(model) if model is not None and source.kind == "anchors" else None
    query = TrendQuery(corpus, model, time, cast(GroupKind, kind), column, source, None, secret)
    return TrendForm(info, query, times, period)


def select_sentiment_rows(form: TrendForm) -> TrendQuery:
    """Draws the sentiment filter where there is a sentiment; the query with it."""
    if not form.has_sentiment_filter:
        return replace(form.query, sentiment=None)
    name = linked_segments("rows", "Rows", SENTIMENT_FILTER, "Count only rows with this sentiment.")
    return replace(form.query, sentiment=SENTIMENT_CODES.get(name))


def _group_options(info: CorpusInfo, model: ModelSpec | None, source: SentimentSource) -> tuple[list[str], dict]:
    """What rows can be grouped by, the default first, and the label of each."""
    columns = session.ask_once(group_columns, session.corpus_ref(info))
    names = {f"column:{name}": cut(name, 40) for name in columns}
    if source.kind != "none" or not names:
        names["sentiment"] = "Sentiment"
    if model is not None:
        names["clusters"] = "Clusters"
    labels = [name for name in info.roles.labels if name != source.column and name.casefold() not in METADATA]
    preferred = [*(f"column:{name}" for name in labels if name in columns), "clusters", *names]
    first = next(name for name in preferred if name in names)
    return [first, *(name for name in names if name != first)], names


def _select_period(times: TimeSummary) -> Period:
    options = {"auto": f"Auto ({times.suggested})"} | {str(period): period.title() for period in times.periods}
    help_text = "In UTC; weeks start on Monday. Auto: the finest that gives 6 to 90 periods of 10 rows on average."
    selected = linked_select("t_period", "Period", list(options), options, help_text)
    return next((period for period in times.periods if period == selected), times.suggested)


def linked_select(key: str, name: str, options: Sequence[str], labels: Mapping[str, str], help_text: str) -> str:
    """A select box in the link; the first option is the default, those with labels come in the labels' order."""
    session.select_from_link(key, options)
    order = [option for option in labels if option in options] or list(options)
    st.selectbox(name, order, key=key, format_func=lambda option: labels.get(option, option), help=help_text, width=180)
    session.write_to_link(key)
    return str(session.widget_value(key))


def linked_segments(key: str, name: str, options: Mapping[str, str], help_text: str) -> str:
    """A segmented control in the link under "t_" and the key; the first option is the default."""
    key = f"t_{key}"
    session.select_from_link(key, list(options))
    st.segmented_control(name, list(options), key=key, required=True, format_func=options.__getitem__, help=help_text)
    session.write_to_link(key)
    return str(session.widget_value(key))


def show_no_time_column(info: CorpusInfo) -> None:
    reason = "has no time column: in no column are at least half of the cells dates."
    st.info(f"{plain(info.name)} {reason}", icon=":material/event_busy:")
    st.caption(
        "Supported: 2026-03-11, 2026-03-11 14:30, 11/03/2026, and Unix timestamps in seconds or milliseconds. Add such "
        "a column to the file, import it again, and select it as the time column."
    )
    st.page_link("pages/data/corpus.py", label="Add data", icon=":material/table_view:")


def show_time_summary(times: TimeSummary, sentiment: str = "") -> None:
    """What the time column covers, the sentiment source, and cells that are no times."""
    first, last = (day(stamp) for stamp in (times.first, times.last))
    parts = [f"{times.with_time:,} of {count(times.rows, 'row')} have a time, from {first} to {last} (UTC)."]
    if times.zoned:
        parts.append(f"{count(times.zoned, 'time')} with a UTC offset converted; times without one are taken as UTC.")
    if times.missing:
        parts.append(f"{count(times.missing, 'row')} without a time excluded.")
    parts += [*(plain(note) for note in times.notes), sentiment]
    st.caption(" ".join(filter(None, parts)))
    if times.invalid:
        cells = "; ".join(f"row {row + 1:,}: {plain(cell)}" for row, cell in times.examples)
        first_ones = f" (first {len(times.examples)})" if times.invalid > len(times.examples) else ""
        with st.expander(f"{count(times.invalid, 'cell')} could not be parsed as a time", icon=":material/warning:"):
            st.markdown(f"These rows are excluded{first_ones}: {cells}")
            st.caption("Correct them in the file (dates such as 2026-03-11 always work) and import it again.")


def day(stamp: str) -> str:
    """An ISO time without its time of day where that is midnight, else to the minute."""
    return stamp.removesuffix(" 00:00:00")[:16]
