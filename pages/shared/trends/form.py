"""What the Trends page looks at: the time column, the groups, the period, and how sentiment is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.trends.periods import Period
from core.trends.sentiment_service import Reading
from core.trends.service import GroupKind, Subject, group_columns
from core.trends.time_columns import TimeFacts, time_columns, time_facts
from core.types import ModelSpec
from pages.shared import empty, session
from pages.shared.errors import show_error
from pages.shared.text import count, cut, plain
from pages.shared.trends import sentiment_source as trends_reading

LANGUAGE = ("language", "lang", "source", "split")  # columns that seldom say what a text is about
GROUPS_HELP = (
    "What is counted: the default clusters of the Clusters page, the values of a column, or the sentiments. Rows in no "
    "cluster count in no group, but stay in what shares are shares of."
)


@dataclass(frozen=True)
class Ask:
    """What every view of the page needs."""

    info: CorpusInfo
    subject: Subject
    facts: TimeFacts
    period: Period


def ask(info: CorpusInfo) -> Ask | None:
    """The choices, or None after saying what is missing."""
    columns = session.ask_once(time_columns, session.corpus_ref(info))
    if not columns:
        no_times(info)
        return None
    model = session.current_model()
    if model is None:
        empty.not_embedded(
            "Not embedded yet: only columns can be followed, without clusters, drifts and typical texts."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        time = linked("t_time", "Time", columns, {}, "The column that says when. Times are in UTC.")
        reading = trends_reading.choose(info, model)
        group = linked("t_group", "Groups", *_groups(info, model, reading), GROUPS_HELP)
        try:
            facts = session.ask_once(time_facts, session.corpus_ref(info), time)
        except PlanisphereError as error:
            show_error(error)
            return None
        period = _period(facts)
    time_lines(facts, trends_reading.words(reading, info, model))
    kind, _, column = group.partition(":")
    return Ask(info, _subject(info, model, time, kind, column, reading), facts, period)


def _subject(info: CorpusInfo, model: ModelSpec | None, time: str, kind: str, column: str, reading: Reading) -> Subject:
    secret = session.api_key(model) if model is not None and reading.kind == "anchors" else None
    kinds: dict[str, GroupKind] = {"clusters": "clusters", "column": "column", "sentiment": "sentiment"}
    return Subject(session.corpus_ref(info), model, time, kinds[kind], column, reading, None, secret)


def _groups(info: CorpusInfo, model: ModelSpec | None, reading: Reading) -> tuple[list[str], dict[str, str]]:
    """What can be grouped by, the best first choice in front, and how each is shown."""
    columns = session.ask_once(group_columns, session.corpus_ref(info))
    names = {f"column:{name}": cut(name, 40) for name in columns}
    if reading.kind != "none" or not names:
        names["sentiment"] = "Sentiment"
    if model is not None:
        names["clusters"] = "Clusters"
    labels = [name for name in info.roles.labels if name != reading.column and name.casefold() not in LANGUAGE]
    wanted = [*(f"column:{name}" for name in labels if name in columns), "clusters", *names]
    first = next(name for name in wanted if name in names)
    return [first, *(name for name in names if name != first)], names


def _period(facts: TimeFacts) -> Period:
    options: dict[str, str] = {
        "auto": f"Auto ({facts.suggested})",
        **{period: period.title() for period in facts.periods},
    }
    chosen = linked(
        "t_period",
        "Period",
        list(options),
        options,
        "How time is cut, in UTC; weeks begin on Monday. Auto: the finest that leaves at least 10 rows a period on "
        "average, and 6 to 90 periods.",
    )
    return next((period for period in facts.periods if period == chosen), facts.suggested)


def linked(key: str, name: str, options: Sequence[str], shown: Mapping[str, str], help_text: str) -> str:
    """A choice that is part of the link; the first option is the default."""
    session.select_from_link(key, options)
    order = [each for each in shown if each in options] or list(options)
    st.selectbox(name, order, key=key, format_func=lambda each: shown.get(each, each), help=help_text, width=180)
    session.write_to_link(key)
    return str(session.widget_value(key))


def choice(key: str, name: str, options: Mapping[str, str], help_text: str) -> str:
    """A choice among few, part of the link; the first option is the default."""
    session.select_from_link(f"t_{key}", list(options))
    st.segmented_control(
        name, list(options), key=f"t_{key}", required=True, format_func=lambda each: options[each], help=help_text
    )
    session.write_to_link(f"t_{key}")
    return str(session.widget_value(f"t_{key}"))


def no_times(info: CorpusInfo) -> None:
    st.info(
        f"{plain(info.name)} has no column of times: none of its columns has at least half its cells read as dates.",
        icon=":material/event_busy:",
    )
    st.caption(
        "Dates such as 2026-03-11, 2026-03-11 14:30, 11/03/2026, and unix seconds or milliseconds are understood. Add "
        "such a column to the file, bring it in again, and choose it as its time."
    )
    st.page_link("pages/data/corpus.py", label="Bring text in on the Data page", icon=":material/table_view:")


def time_lines(facts: TimeFacts, mood: str = "") -> None:
    """What the time column covers, and rows that have no time."""
    first, last = (day(each) for each in (facts.first, facts.last))
    parts = [f"{facts.known:,} of {count(facts.rows, 'row')} have a time, from {first} to {last} (UTC)."]
    if facts.zoned:
        parts.append(
            f"{count(facts.zoned, 'time')} with an offset from UTC converted; times without one are taken as UTC."
        )
    if facts.missing:
        parts.append(f"{count(facts.missing, 'row')} without a time counted nowhere below.")
    parts += [*(plain(note) for note in facts.notes), mood]
    st.caption(" ".join(filter(None, parts)))
    if facts.unread:
        shown = "; ".join(f"row {row + 1:,}: {plain(cell)}" for row, cell in facts.named)
        more = f", the first {len(facts.named)}" if facts.unread > len(facts.named) else ""
        with st.expander(f"{count(facts.unread, 'cell')} can't be read as times", icon=":material/warning:"):
            st.markdown(f"These rows are counted nowhere below{more}: {shown}")
            st.caption("Correct them in the file (dates such as 2026-03-11 always work) and bring it in again.")


def day(stamp: str) -> str:
    """A time as a person writes it: a day without its time where that is midnight."""
    return stamp.removesuffix(" 00:00:00")[:16]
