"""How sentiment is read: from a column, against anchor sentences, or as learned from a column."""

from typing import get_args

import streamlit as st

from core.models.registry import capabilities
from core.store import CorpusInfo
from core.trends.sentiment import BAND
from core.trends.sentiment_service import (
    MOST_ANCHORS,
    NEGATIVE,
    POSITIVE,
    Reading,
    ReadingKind,
    SentimentColumn,
    default_reading,
    sentiment_columns,
    sentiment_facts,
)
from core.types import ModelSpec
from pages.shared import session
from pages.shared.text import count, plain

KINDS: dict[ReadingKind, str] = {
    "column": "From a column",
    "anchors": "By anchor sentences",
    "trained": "Learned from a column",
    "none": "Not at all",
}
KIND_HELP = (
    "From a column: ratings or names of moods. By anchor sentences: whether a text's vector is nearer to pleased or to "
    "displeased sentences (zero-shot). Learned: a classifier on the vectors, taught by a column; it fills rows without "
    "one. The Sentiment view measures how well the last two agree with a column."
)


def choose(info: CorpusInfo, model: ModelSpec | None) -> Reading:
    """The popover with the choices; gives what is chosen."""
    columns = session.ask_once(sentiment_columns, session.corpus_ref(info))
    start = session.ask_once(default_reading, session.corpus_ref(info), model)
    kinds = [kind for kind in get_args(ReadingKind) if _possible(kind, columns, model)]
    with (
        st.popover("Sentiment", icon=":material/mood:", help="How each row's sentiment is read. " + KIND_HELP),
        st.container(width=340),
    ):
        default = kinds.index(start.kind) if start.kind in kinds else 0
        kind = st.selectbox(
            "Read sentiment",
            kinds,
            default,
            key=_key("kind", info),
            persist_state="session",
            format_func=lambda each: KINDS[each],
            help=KIND_HELP,
        )
        if kind == "none":
            return Reading()
        column = _column(info, kind, columns)
        low, high, meaning = _cuts(info, column) if column else (2.0, 4.0, ())
        name = column.name if column else ""
        if kind == "anchors":
            return _anchors(info, name, low, high, meaning)
        return Reading(kind, name, low, high, meaning)


def words(reading: Reading, info: CorpusInfo, model: ModelSpec | None) -> str:
    """How sentiment is read, as a sentence, and how many rows have none by a column."""
    if reading.kind == "none":
        return ""
    if reading.kind == "anchors":
        return "Sentiment is read by anchor sentences."
    how = "from" if reading.kind == "column" else "as learned from"
    cuts = "" if reading.meaning else f" ({reading.low:g} or less: negative, {reading.high:g} or more: positive)"
    told = f"Sentiment is read {how} {plain(reading.column)}{cuts}."
    if reading.kind != "column":
        return told
    known = session.ask_once(sentiment_facts, session.corpus_ref(info), model, reading)
    learn = " (“Learned from a column” under Sentiment reads those, too)" if model is not None else ""
    return f"{told} {count(known.unknown, 'row')} have none{learn}." if known.unknown else told


def _possible(kind: ReadingKind, columns: tuple[SentimentColumn, ...], model: ModelSpec | None) -> bool:
    if kind == "anchors":
        return model is not None and capabilities(model).can_embed
    return kind == "none" or bool(columns and (kind == "column" or model is not None))


def _key(name: str, info: CorpusInfo) -> str:
    return f"mood_{name}_{info.digest}"


def _column(info: CorpusInfo, kind: ReadingKind, columns: tuple[SentimentColumn, ...]) -> SentimentColumn | None:
    names = [column.name for column in columns]
    if kind == "anchors":
        likely = [column.name for column in columns if column.likely][:1]
        names = [*likely, "", *(name for name in names if name not in likely)]
    label = {"anchors": "Check against", "trained": "Learn from", "column": "Column"}[str(kind)]
    chosen = st.selectbox(
        label,
        names,
        key=_key(f"column_{kind}", info),
        persist_state="session",
        format_func=lambda name: name or "nothing",
        help="A rating, or a column of names such as positive and negative.",
    )
    return next((column for column in columns if column.name == chosen), None)


def _cuts(info: CorpusInfo, column: SentimentColumn) -> tuple[float, float, tuple[tuple[str, int], ...]]:
    """Cut points of a number, or what each value of a text column means."""
    if column.number:
        left, right = st.columns(2)
        low = left.number_input(
            "Negative up to",
            value=column.low,
            key=_key(f"low_{column.name}", info),
            persist_state="session",
            help="Rows with this value or a lower one are negative.",
        )
        high = right.number_input(
            "Positive from",
            value=column.high,
            key=_key(f"high_{column.name}", info),
            persist_state="session",
            help="Rows with this value or a higher one are positive; those between are neutral.",
        )
        return float(low), float(high), ()
    guessed = dict(column.meaning)
    meaning: dict[str, int] = {}
    for name, code in (("Negative", -1), ("Neutral", 0), ("Positive", 1)):
        chosen = st.multiselect(
            f"{name} values",
            column.values,
            [value for value in column.values if guessed.get(value) == code],
            key=_key(f"{name}_{column.name}", info),
            persist_state="session",
            help=f"Values that mean {name.lower()}. Values in no list count as not known.",
        )
        meaning |= {value: code for value in chosen}
    return 0.0, 0.0, tuple(meaning.items())


def _anchors(info: CorpusInfo, column: str, low: float, high: float, meaning: tuple[tuple[str, int], ...]) -> Reading:
    sides = []
    for name, lines in (("Positive", POSITIVE), ("Negative", NEGATIVE)):
        text = st.text_area(
            f"{name} sentences",
            "\n".join(lines),
            key=_key(f"anchors_{name}", info),
            persist_state="session",
            height=100,
            help=f"One a line, at most {MOST_ANCHORS}; write them as your texts would. A row's score is its mean "
            "cosine to the positive ones minus that to the negative ones.",
        )
        sides.append(tuple(line.strip() for line in text.splitlines() if line.strip())[:MOST_ANCHORS])
    fitted = bool(column) and st.toggle(
        "Fit the cuts to the column",
        key=_key("fitted", info),
        persist_state="session",
        help="Sets where negative ends and positive begins so that macro-F1 is highest; rows with a value are read "
        "with cuts fitted on other rows (5 folds), so that the measured accuracy stays honest.",
    )
    band = (
        BAND
        if fitted
        else st.slider(
            "Neutral band",
            0.0,
            1.0,
            BAND,
            0.05,
            key=_key("band", info),
            persist_state="session",
            help="Scores within so many standard deviations of 0 are neutral; 0 is as near to one side as the other.",
        )
    )
    return Reading("anchors", column, low, high, meaning, sides[0], sides[1], band, fitted)
