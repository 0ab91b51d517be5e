"""The popover that selects the sentiment source: a column, anchor sentences, or a classifier trained on a column."""

from dataclasses import replace
from typing import get_args

import streamlit as st

from core.models.registry import capabilities
from core.store import CorpusInfo
from core.trends.sentiment import BAND
from core.trends.sentiment_source import (
    MAX_ANCHORS,
    NEGATIVE,
    POSITIVE,
    SentimentColumn,
    SentimentSource,
    SourceKind,
    default_source,
    sentiment_columns,
    sentiment_summary,
)
from core.types import ModelSpec
from pages.shared import session
from pages.shared.text import count, plain

KINDS: dict[SourceKind, str] = {
    "column": "Column",
    "anchors": "Anchor sentences",
    "trained": "Classifier trained on a column",
    "none": "None",
}
KIND_HELP = (
    "Column: ratings or sentiment labels. Anchor sentences (zero-shot): whether a text is closer to positive or "
    "negative example sentences. Trained classifier: predicts a column from the vectors, also for rows without a "
    "value. The Sentiment view shows how well the last two agree with a column."
)
COLUMN_LABELS: dict[SourceKind, str] = {"anchors": "Evaluate against", "trained": "Train on", "column": "Column"}
Mapping = tuple[tuple[str, int], ...]


def select_source(info: CorpusInfo, model: ModelSpec | None) -> SentimentSource:
    """Draws the popover; the selected source."""
    corpus = session.corpus_ref(info)
    columns = session.ask_once(sentiment_columns, corpus)
    default = session.ask_once(default_source, corpus, model)
    kinds = [kind for kind in get_args(SourceKind) if _is_available(kind, columns, model)]
    popover = st.popover("Sentiment", icon=":material/mood:", help=f"The sentiment of each row. {KIND_HELP}")
    with popover, st.container(width=340):
        kind: SourceKind = st.selectbox(
            "Source", kinds, kinds.index(default.kind) if default.kind in kinds else 0, key=_key("kind", info),
            persist_state="session", format_func=lambda kind: KINDS[kind], help=KIND_HELP,
        )  # fmt: skip
        if kind == "none":
            return SentimentSource()
        column = _select_column(info, kind, columns)
        low, high, mapping = _select_mapping(info, column) if column else (2.0, 4.0, ())
        source = SentimentSource(kind, column.name if column else "", low, high, mapping)
        return _with_anchors(info, source) if kind == "anchors" else source


def describe_source(source: SentimentSource, info: CorpusInfo, model: ModelSpec | None) -> str:
    """The source in a sentence, and how many rows have no sentiment in a column."""
    if source.kind == "none":
        return ""
    if source.kind == "anchors":
        return "Sentiment: anchor sentences."
    trained = "trained on " if source.kind == "trained" else ""
    thresholds = "" if source.mapping else f" (negative ≤ {source.low:g}, positive ≥ {source.high:g})"
    text = f"Sentiment: {trained}{plain(source.column)}{thresholds}."
    if source.kind == "trained":
        return text
    unknown = session.ask_once(sentiment_summary, session.corpus_ref(info), model, source).unknown
    hint = f" (use “{KINDS['trained']}” to classify them)" if model is not None else ""
    return f"{text} {count(unknown, 'row')} without sentiment{hint}." if unknown else text


def _is_available(kind: SourceKind, columns: tuple[SentimentColumn, ...], model: ModelSpec | None) -> bool:
    if kind == "anchors":
        return model is not None and capabilities(model).can_embed
    return kind == "none" or bool(columns and (kind == "column" or model is not None))


def _key(name: str, info: CorpusInfo) -> str:
    return f"sentiment_{name}_{info.digest}"


def _select_column(info: CorpusInfo, kind: SourceKind, columns: tuple[SentimentColumn, ...]) -> SentimentColumn | None:
    names = [column.name for column in columns]
    if kind == "anchors":
        likely = [column.name for column in columns if column.likely][:1]
        names = [*likely, "", *(name for name in names if name not in likely)]
    selected = st.selectbox(
        COLUMN_LABELS[kind], names, key=_key(f"column_{kind}", info), persist_state="session",
        format_func=lambda name: name or "None", help="A rating, or labels such as positive and negative.",
    )  # fmt: skip
    return next((column for column in columns if column.name == selected), None)


def _select_mapping(info: CorpusInfo, column: SentimentColumn) -> tuple[float, float, Mapping]:
    """Thresholds of a rating, or the mapped values of a text column."""
    if column.number:
        left, right = st.columns(2)
        low = left.number_input(
            "Negative up to", value=column.low, key=_key(f"low_{column.name}", info), persist_state="session",
            help="Values up to this one are negative.",
        )  # fmt: skip
        high = right.number_input(
            "Positive from", value=column.high, key=_key(f"high_{column.name}", info), persist_state="session",
            help="Values from this one on are positive; those in between are neutral.",
        )  # fmt: skip
        return float(low), float(high), ()
    guess = dict(column.mapping)
    mapping: dict[str, int] = {}
    for name, code in (("Negative", -1), ("Neutral", 0), ("Positive", 1)):
        default = [value for value in column.values if guess.get(value) == code]
        values = st.multiselect(
            f"{name} values", column.values, default, key=_key(f"{name}_{column.name}", info), persist_state="session",
            help=f"Mapped values: these are {name.lower()}. Values in no list are unknown.",
        )  # fmt: skip
        mapping |= dict.fromkeys(values, code)
    return 0.0, 0.0, tuple(mapping.items())


def _with_anchors(info: CorpusInfo, source: SentimentSource) -> SentimentSource:
    sentences = []
    for name, default in (("Positive", POSITIVE), ("Negative", NEGATIVE)):
        text = st.text_area(
            f"{name} sentences", "\n".join(default), key=_key(f"anchors_{name}", info), persist_state="session",
            height=100, help=f"One per line, at most {MAX_ANCHORS}, worded like your texts. A row's score is its mean "
            "cosine to the positive sentences minus that to the negative ones.",
        )  # fmt: skip
        sentences.append(tuple(line.strip() for line in text.splitlines() if line.strip())[:MAX_ANCHORS])
    fitted = bool(source.column) and st.toggle(
        "Fit thresholds", key=_key("fitted", info), persist_state="session",
        help="Chooses the thresholds with the highest macro-F1 on the column, cross-validated (5 folds), so that the "
        "accuracy is not inflated.",
    )  # fmt: skip
    band = BAND
    if not fitted:
        band = st.slider(
            "Neutral band", 0.0, 1.0, BAND, 0.05, key=_key("band", info), persist_state="session",
            help="Scores within this many standard deviations of 0 are neutral.",
        )  # fmt: skip
    return replace(source, positive=sentences[0], negative=sentences[1], band=band, fitted=fitted)
