"""The measured precision of entities, as text and table."""

import pandas as pd
import streamlit as st

from core.entities.service import MIN_PRECISION, Precision, TypeName, measured
from core.stats.interval import Interval
from pages.shared import tables

LANGUAGES = {"en": "English", "zh": "Chinese"}
CORPORA = {"sample": "shop feedback (the sample)"}


def precision_notes(name: TypeName) -> list[str]:
    """All measurements of precision in a sentence; a warning for languages in which the largest has few correct."""
    lines = [each for each in measured() if each.name == name and each.extracted]
    if not lines:
        return ["Precision is not measured: no text that was labeled has any."]
    parts = [
        f"{LANGUAGES[each.language]}, {_texts(each)}: {_interval(each.precision)}, n = {each.extracted:,}"
        for each in lines
    ]
    notes = ["Measured precision with 95% interval. " + "; ".join(parts) + "."]
    weak = [LANGUAGES[each.language] for each in _largest(lines) if float(each.precision.value) < MIN_PRECISION]
    if weak:
        warning = f"Less than half are correct in {' and '.join(weak)}. Check the values before you use them."
        notes.append(f":material/warning: {warning}")
    return notes


def show_precision(name: TypeName) -> None:
    """All measurements of a type that extracted something or could have."""
    lines = [each for each in measured() if each.name == name and (each.extracted or each.expected)]
    if not lines:
        return
    with st.expander("Precision and recall", icon=":material/fact_check:", key=f"precision-{name}"):
        table = pd.DataFrame(
            [
                (
                    LANGUAGES[each.language], CORPORA.get(each.corpus, each.corpus), _interval(each.precision),
                    each.extracted, _interval(each.recall), each.expected,
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


def _largest(lines: list[Precision]) -> list[Precision]:
    """Of each language, the measurement with most extracted entities."""
    by_language = {language: [each for each in lines if each.language == language] for language in LANGUAGES}
    return [max(each, key=lambda line: line.extracted) for each in by_language.values() if each]


def _texts(each: Precision) -> str:
    return CORPORA.get(each.corpus, each.corpus).split(" (")[0]


def _interval(interval: Interval) -> str:
    if interval.value != interval.value:  # NaN
        return "–"
    return f"{interval.value:.0%} ({interval.low:.0%} to {interval.high:.0%})"
