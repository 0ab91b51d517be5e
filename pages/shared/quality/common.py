"""What the parts of the Quality page share: whom they ask about, the label column, tables with a download."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from core.corpus.label_columns import label_columns
from core.errors import InputError, PlanisphereError
from core.quality import service as answers
from core.store import CorpusInfo
from core.types import CorpusRef
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.text import plain

T = TypeVar("T")
NO_LABELS = ""


@dataclass(frozen=True)
class Asked:
    """The corpus and the contenders whose neighbors are known. names: theirs, no two alike; places: among all chosen,
    which settles their colors."""

    info: CorpusInfo
    contenders: tuple[Contender, ...]
    names: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def where(self) -> tuple[CorpusRef]:
        return (session.corpus_ref(self.info),)


@dataclass(frozen=True)
class Found:
    """One contender's answer."""

    name: str
    place: int
    contender: Contender
    result: Any


def unlike(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, numbered where two are the same."""
    return tuple(
        f"{text} ({list(labels[:at]).count(text) + 1})" if list(labels).count(text) > 1 else text
        for at, text in enumerate(labels)
    )


def each(asked: Asked, question: Callable[..., T], *more: Any, words: str = "Measuring") -> list[Found]:
    """The answers of all contenders that have one, each kept by itself; what went wrong with another is said."""
    found = []
    for name, place, contender in zip(asked.names, asked.places, asked.contenders, strict=True):
        try:
            with st.spinner(f"{words}: {plain(name)}", show_time=False):
                result = session.ask_once(question, *asked.where, contender, *more)
            found.append(Found(name, place, contender, result))
        except PlanisphereError as error:
            st.warning(f"{plain(name)}: {plain(error.message)} {plain(error.remedy)}", icon=":material/warning:")
    return found


def named(found: Sequence[Found]) -> list[tuple[str, Any]]:
    return [(one.name, one.result) for one in found]


def label_column(asked: Asked, what: str) -> str:
    """Draws the choice of a label column; gives "" for none, and for one that can't be read, having said why."""
    columns = session.ask_once(label_columns, *asked.where)
    options = [*columns, NO_LABELS]
    session.select_from_link("quality_label", options)
    column = st.selectbox(
        "Label column",
        options,
        key="quality_label",
        format_func=lambda name: name or "none",
        width=320,
        help=f"{what} Columns chosen as labels on the Data page come first.",
    )
    session.write_to_link("quality_label")
    try:
        if column:
            session.ask_once(answers.check_labels, *asked.where, column)
        return str(column or "")
    except InputError as error:
        st.warning(f"{plain(error.message)} {plain(error.remedy)}", icon=":material/label_off:")
        return NO_LABELS


def says(text: str) -> None:
    """The one sentence of a picture."""
    st.markdown(f":material/arrow_right_alt: {plain(text)}")


def table(frame: pd.DataFrame, key: str, asked: Asked, columns: dict[str, Any], alt: str, file: Any = None) -> None:
    """A table, and a download of it as CSV (of `file`, a data frame, where that says more)."""
    st.dataframe(
        frame, hide_index=True, width="stretch", height=min(38 + 35 * len(frame), 530), key=key, lazy=False, alt=alt,
        column_config=columns,
    )  # fmt: skip
    stem = re.sub(r"[^\w]+", "-", asked.info.name).strip("-")[:60].lower() or "corpus"
    csv_button(
        "Download (CSV)",
        frame if file is None else file,
        f"{stem}-{key.replace('_', '-')}.csv",
        key=f"{key}_file",
        help="This table, with the numbers in full.",
    )


def chart(figure: Any, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, alt=alt)
