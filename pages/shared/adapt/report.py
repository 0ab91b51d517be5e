"""What an adapter changes on held-out examples, and taking it elsewhere."""

from functools import partial

import pandas as pd
import streamlit as st

from core.adapt.charts import curve_figure, gain_figure, pair_figure
from core.adapt.comparison import Gain
from core.adapt.report import Report
from core.adapt.results import ADAPTER, AdapterQuery
from core.adapt.service import adapter_code, adapter_file
from core.adapt.sources import SourceKind
from core.adapt.verdict import Answer, verdict
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.adapt.models import offer_model
from pages.shared.classify.rows import format_interval
from pages.shared.downloads import OPTIONS
from pages.shared.tables import show_table, text
from pages.shared.text import count, file_stem, format_duration, plain

ANSWERS: dict[Answer, tuple[str, str]] = {
    "helps": ("It helps", ":material/check_circle:"),
    "does not help": ("It does not help", ":material/block:"),
    "can't tell": ("Can't tell", ":material/help:"),
}
HELD_OUT: dict[SourceKind, tuple[str, str]] = {
    "labels": ("Held-out rows", "Held-out labels"), "pairs": ("Held-out pairs", "Other pairs"),
    "judgments": ("Held-out queries", "Queries for other rows"),
    "clicks": ("Held-out queries", "Queries for other rows"),
}  # fmt: skip
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}
CONTROL = "Shuffled control"
COLUMNS = {
    "name": text("Tested on", width=150, pinned=True),
    "base": text("Base", "Score of the model without the adapter.", 165),
    "adapted": text("Adapter", "Score with the adapter.", 165),
    "difference": text("Change", "Paired over the same examples, with a 95% interval.", 175),
    "p": text("p-value", "Of the paired test of no change.", 75),
    "queries": text("n", "Held-out texts, queries or pairs that are scored.", 75),
}


def show_report(info: CorpusInfo, query: AdapterQuery) -> None:
    adapter = ADAPTER.get(query)
    report = adapter.report
    st.subheader("Held-out result")
    _show_verdict_of(report)
    gains = _gains(report, query.source.kind)
    rows = pd.DataFrame([_gain_row(name, gain) for name, gain in gains.items()])
    show_table(rows, "Scores before and after the adapter", COLUMNS, key="adapt_gains")
    st.plotly_chart(
        gain_figure(gains, CONTROL, session.theme()), key="adapt_gain_chart", config=CHART_CONFIG,
        alt="Change of the score with intervals",
    )  # fmt: skip
    _show_training_facts(report)
    _show_figures(report)
    for note in report.notes:
        st.caption(f":material/info: {plain(note)}")
    with st.expander("Method", icon=":material/science:"):
        st.caption(plain(report.method))
    if not adapter.is_identity:  # which is the base itself
        offer_model(info, query, adapter)
        _show_downloads(info, query)


def _show_verdict_of(report: Report) -> None:
    result = verdict(report)
    title, icon = ANSWERS[result.answer]
    show = st.success if result.answer == "helps" else st.warning
    show(f"**{title}.** {plain(result.reason)} {plain(result.caution)}".strip(), icon=icon)


def _gains(report: Report, kind: SourceKind) -> dict[str, Gain]:
    seen, unseen = HELD_OUT[kind]
    gains = {seen: report.seen}
    gains |= {unseen: report.unseen} if report.unseen else {}
    return gains | ({CONTROL: report.control} if report.control else {})


def _gain_row(name: str, gain: Gain) -> dict[str, str]:
    return {
        "name": name, "base": format_interval(gain.base, False), "adapted": format_interval(gain.adapted, False),
        "difference": format_interval(gain.difference, False),
        "p": "< 0.001" if gain.p_value < 0.001 else f"{gain.p_value:.3f}", "queries": f"{gain.queries:,}",
    }  # fmt: skip


def _show_training_facts(report: Report) -> None:
    control = " Control: trained on shuffled labels or scores; a gain there would not be due to them."
    st.caption(f"{report.seen.metric}, higher is better.{control if report.control else ''}")
    first, second, third, fourth = st.columns(4)
    first.metric("Training examples", f"{report.train:,}", help=_examples_help(report))
    second.metric("Epochs", f"{report.epochs}", help="Selected by the validation score.")
    third.metric(
        "Neighbors changed", f"{report.changed_neighbors.value:.0%}",
        help="Share of the 10 nearest texts that the adapter replaces, mean over a sample of texts "
        f"({format_interval(report.changed_neighbors)}).",
    )  # fmt: skip
    fourth.metric("Time", format_duration(max(report.seconds, 1)), help="Training, control and learning curve.")


def _examples_help(report: Report) -> str:
    return f"{count(report.pairs, 'pair')} with the {report.validation:,} examples for early stopping."


def _show_figures(report: Report) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("##### Similar and dissimilar pairs")
        st.plotly_chart(
            pair_figure(report.histograms, session.theme()), key="adapt_pairs", config=CHART_CONFIG,
            alt="Cosines of similar and dissimilar held-out pairs, base and adapter",
        )  # fmt: skip
        st.caption("The less they overlap, the better the cosine separates them.")
    with right:
        st.markdown("##### Learning curve")
        st.plotly_chart(
            curve_figure(report.curve, session.theme()), key="adapt_curve", config=CHART_CONFIG,
            alt="Gain by number of training examples",
        )  # fmt: skip
        st.caption("If it still rises at its end, more examples would help.")


def _show_downloads(info: CorpusInfo, query: AdapterQuery) -> None:
    stem = f"adapter-{file_stem(info.name)}"
    with st.expander("Apply it elsewhere", icon=":material/download:"):
        st.download_button(
            "Download adapter", partial(session.manager().ask, adapter_file, query, stem), f"{stem}.safetensors",
            key="adapt_download", help="One safetensors file with the map and this report; core.adapt.load reads it.",
            **OPTIONS,
        )  # fmt: skip
        st.caption("With numpy and safetensors, for vectors of texts and queries alike:")
        st.code(session.ask(adapter_code, query, f"{stem}.safetensors"), language="python")
