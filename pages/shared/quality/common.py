"""What the parts of the Quality page share: the contenders, their results, the label column, tables and charts."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from core.corpus.label_columns import label_columns
from core.errors import InputError, PlanisphereError
from core.quality import service
from core.store import CorpusInfo
from core.types import CorpusRef
from core.vectors.contenders import Contender, graph_step
from pages.shared import result_view, session
from pages.shared.downloads import csv_button
from pages.shared.tables import show_table, text
from pages.shared.text import count, file_stem, plain

T = TypeVar("T")
MIN_TEXTS = 3  # distinct ones


@dataclass(frozen=True)
class QualitySelection:
    """A corpus and contenders with stored neighbors. names: unique; color_indices: positions among all selected."""

    info: CorpusInfo
    contenders: tuple[Contender, ...]
    names: tuple[str, ...]
    color_indices: tuple[int, ...]

    @property
    def corpus(self) -> CorpusRef:
        return session.corpus_ref(self.info)

    def subset(self, positions: Sequence[int]) -> "QualitySelection":
        contenders = tuple(self.contenders[at] for at in positions)
        names = tuple(self.names[at] for at in positions)
        return QualitySelection(self.info, contenders, names, tuple(self.color_indices[at] for at in positions))


@dataclass(frozen=True)
class ContenderResult:
    """One contender's result."""

    name: str
    color_index: int
    contender: Contender
    result: Any


def prepare_contenders(info: CorpusInfo, contenders: Sequence[Contender]) -> QualitySelection | None:
    """The contenders once their neighbors are stored; else None, having shown how to compute them, or that there are
    too few texts."""
    corpus = session.corpus_ref(info)
    texts = session.ask_once(service.count_distinct_texts, corpus)
    if texts < MIN_TEXTS:
        message = f"has only {count(texts, 'unique text')}; at least {MIN_TEXTS} are needed. Add more."
        st.info(f"{plain(info.name)} {message}", icon=":material/info:")
        return None
    if not result_view.ready_all(
        [graph_step(corpus, contender) for contender in contenders],
        headline="Find nearest neighbors",
        description="The nearest neighbors of every text are needed.",
        titles=[f"Neighbors under {contender.label}: {info.name}" for contender in contenders],
        button="Find neighbors",
    ):
        return None
    names = unique_names([contender.label for contender in contenders])
    return QualitySelection(info, tuple(contenders), names, tuple(range(len(contenders))))


def unique_names(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, numbered where they are the same."""
    total = Counter(labels)
    return tuple(
        f"{label} ({labels[: at + 1].count(label)})" if total[label] > 1 else label for at, label in enumerate(labels)
    )


def measure_each(selection: QualitySelection, function: Callable[..., T], *arguments: Any) -> list[ContenderResult]:
    """The results of all contenders that have one, each cached; shows what failed for the others."""
    results = []
    contenders = zip(selection.names, selection.color_indices, selection.contenders, strict=True)
    for name, color_index, contender in contenders:
        try:
            with st.spinner(f"Computing: {plain(name)}", show_time=False):
                result = session.ask_once(function, selection.corpus, contender, *arguments)
            results.append(ContenderResult(name, color_index, contender, result))
        except PlanisphereError as error:
            st.warning(f"{plain(name)}: {plain(error.message)} {plain(error.remedy)}", icon=":material/warning:")
    return results


def named(results: Sequence[ContenderResult]) -> list[tuple[str, Any]]:
    return [(item.name, item.result) for item in results]


def select_label_column(selection: QualitySelection, use: str) -> str:
    """Draws the label column; "" for none, and for one that can't be used, with an explanation."""
    options = [*session.ask_once(label_columns, selection.corpus), ""]
    session.select_from_link("quality_label", options)
    column = st.selectbox(
        "Label column", options, key="quality_label", format_func=lambda name: name or "None", width=320,
        help=f"{use} Columns declared as labels on the Data page come first.",
    )  # fmt: skip
    session.write_to_link("quality_label")
    try:
        if column:
            session.ask_once(service.check_labels, selection.corpus, column)
        return str(column or "")
    except InputError as error:
        st.warning(f"{plain(error.message)} {plain(error.remedy)}", icon=":material/label_off:")
        return ""


def select_contender(results: Sequence[ContenderResult], label: str, key: str, help_text: str) -> ContenderResult:
    """Draws the choice of one of the results."""
    by_name = {item.name: item for item in results}
    name = st.selectbox(label, list(by_name), key=key, width=320, persist_state="session", help=help_text)
    return by_name.get(str(name), results[0])


def show_finding(finding: str) -> None:
    """The finding of a chart in a sentence."""
    st.markdown(f":material/arrow_right_alt: {plain(finding)}")


def show_quality_table(
    frame: pd.DataFrame,
    key: str,
    selection: QualitySelection,
    columns: dict[str, Any],
    alt: str,
    full: pd.DataFrame | None = None,
) -> None:
    """A table, and its download as CSV. full: what the file holds instead, with numbers in full."""
    show_table(frame, alt, columns, max_height=530, key=key)
    file = f"{file_stem(selection.info.name)}-{key.replace('_', '-')}.csv"
    data = frame if full is None else full
    csv_button("Download (CSV)", data, file, key=f"{key}_file", help="This table, with unrounded numbers.")


def one_decimal(share: float) -> str:
    """A percentage for a table, whose cells all have as many decimals."""
    return f"{share:.1%}" if np.isfinite(share) else "unknown"


def contender_column() -> Any:
    return text("Contender", width=190)
