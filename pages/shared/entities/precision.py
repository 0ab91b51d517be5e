"""The measured precision of entities, as text and table."""

import pandas as pd
import streamlit as st

from core.entities.service import MIN_PRECISION, Precision, TypeName, measured
from core.stats.interval import Interval
from pages.shared import tables

LANGUAGES = {"en": "English", "zh": "Chinese"}


def precision_notes(name: TypeName) -> list[str]:
    """The largest measurement of each language in a sentence; a warning where few are correct."""
    notes, largest = [], _largest(name)
    parts = [f"{LANGUAGES[each.language]} {_interval(each.precision)} (n = {each.extracted:,})" for each in largest]
    if parts:
        notes.append("Measured precision, 95% interval: " + "; ".join(parts) + ".")
    else:
        notes.append("Precision is not measured: the sample has none.")
    if any(float(each.precision.value) < MIN_PRECISION for each in largest):
        weak = " and ".join(LANGUAGES[each.language] for each in largest if float(each.precision.value) < MIN_PRECISION)
        notes.append(f":material/warning: Less than half are correct in {weak}. Check the values before you use them.")
    return notes


def show_precision(name: TypeName) -> None:
    """All measurements of a type that extracted something or could have."""
    lines = [each for each in measured() if each.name == name and (each.extracted or each.expected)]
    if not lines:
        return
    with st.popover("Precision and recall", icon=":material/fact_check:", key=f"precision-{name}"):
        table = pd.DataFrame(
            [
                (
                    LANGUAGES[each.language], each.corpus, _interval(each.precision), each.extracted,
                    _interval(each.recall), each.expected,
                )
                for each in lines
            ],
            columns=["Language", "Texts", "Precision", "Extracted", "Recall", "Labeled"],
        )  # fmt: skip
        columns = {
            "Precision": tables.text(help="Share of the extracted that are correct, with Wilson's 95% interval."),
            "Recall": tables.text(help="Share of the labeled that were extracted, with Wilson's 95% interval."),
        }
        tables.show_table(table, f"Precision and recall of {name}", columns)
        st.caption("Method: docs/entities.md. Your texts may differ.")


def _largest(name: TypeName) -> list[Precision]:
    """Of each language, the measurement with most extracted entities."""
    lines = [each for each in measured() if each.name == name and each.extracted]
    return [
        max((each for each in lines if each.language == language), key=lambda each: each.extracted)
        for language in LANGUAGES
        if any(each.language == language for each in lines)
    ]


def _interval(interval: Interval) -> str:
    if interval.value != interval.value:  # NaN
        return "–"
    return f"{interval.value:.0%} ({interval.low:.0%} to {interval.high:.0%})"
