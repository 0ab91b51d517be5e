"""Robustness: to edits of the texts, and to noise on the vectors."""

from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.text_edits import TEXT_EDITS
from core.quality import service
from core.quality.charts import Line, dot_figure, line_figure
from core.quality.robustness import AMBIGUOUS, SIZES, TEXTS
from core.quality.summaries import describe_edits, describe_noise, with_interval
from core.stats.resampling import RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import ContenderResult, QualitySelection
from pages.shared.quality.edit_measurement import with_measured_edits
from pages.shared.tables import number, percentage, text

LABELS: dict[str, str] = {name: probe.label for name, probe in TEXT_EDITS.items()}
CHANGES_MEANING = tuple(name for name, probe in TEXT_EDITS.items() if not probe.keeps_meaning)
KEEPS_MEANING = sorted((name for name in TEXT_EDITS if name not in CHANGES_MEANING), key=lambda name: name in AMBIGUOUS)
METRICS = {"churn_mean": ("share of the 10 nearest neighbors lost", ".0%"), "drop": ("cosine drop", ".2f")}


def show_robustness(selection: QualitySelection) -> None:
    views = {"Edits of texts": show_edit_robustness, "Noise on vectors": show_noise_robustness}
    view = st.segmented_control(
        "Perturbation", list(views), key="quality_change", default="Edits of texts", required=True, bind="query-params",
        help="Edits of the texts (typos, case, word order, negation, ...), which are embedded again; or noise added to "
        "the vectors, similar to rounding and compression.",
    )  # fmt: skip
    views[str(view or "Edits of texts")](selection)


def show_noise_robustness(selection: QualitySelection) -> None:
    st.caption(
        "Random noise is added to the unit vectors. The cosine to the original drops by about the same amount for "
        "every model; the nearest neighbors lost depend on how densely the texts are packed."
    )
    results = common.measure_each(selection, service.noise_robustness)
    if not results:
        return
    axes: list[tuple[str, str, dict[str, Any]]] = [
        ("churn", "share of the 10 nearest neighbors lost", {"tickformat": ".0%", "rangemode": "tozero"}),
        ("cosine", "median cosine to the original", {"range": [0, 1.02]}),
    ]
    for column, (part, title, y_axis) in zip(st.columns(2), axes, strict=True):
        lines = []
        for item in results:
            values = getattr(item.result, part)
            value, low, high = ([getattr(estimate, end) for estimate in values] for end in ("value", "low", "high"))
            lines.append(Line(item.name, item.color_index, SIZES, value, low, high))
        figure = line_figure(lines, "length of the noise", title, session.theme(), markers=True, y_axis=y_axis)
        with column:
            st.plotly_chart(figure, key=f"quality_noise_{part}", alt=f"{title} by length of the noise")
    common.show_finding(describe_noise(common.named(results)))
    result = results[0].result
    searched = "all other texts" if result.searched == result.total else f"a sample of {result.searched:,} texts"
    st.caption(
        f"Gaussian noise in random directions, its length relative to the vector's; {result.texts:,} of "
        f"{result.total:,} unique texts (seed {result.seed}), exact nearest neighbors among {searched}. Bands: 95% "
        f"intervals by bootstrap over these texts, {RESAMPLES:,} resamples. Lower loss is better."
    )


def show_edit_robustness(selection: QualitySelection) -> None:
    st.caption(
        "Texts are edited by rules and embedded again. If an edit keeps the meaning (typos, case, stop words, "
        "paraphrase, padding), a **small** drop is better; if it changes the meaning (numbers, negation), a **large** "
        "one is. Word order is ambiguous: it shows how sensitive the model is to order."
    )
    measured = with_measured_edits(selection)
    results = common.measure_each(measured, service.edit_robustness) if measured.contenders else []
    if not results:
        return
    metric = _select_metric()
    for names, headline in (
        (KEEPS_MEANING, "Edits that keep the meaning: lower is better"),
        (list(CHANGES_MEANING), "Edits that change the meaning: higher is better"),
    ):
        _show_edit_chart(results, names, headline, metric)
    common.show_finding(describe_edits(common.named(results), LABELS, CHANGES_MEANING, AMBIGUOUS))
    _show_edit_table(measured, results)
    result = results[0].result
    st.caption(
        f"Up to {TEXTS} of {result.texts:,} unique texts per edit, in one order with seed {result.seed}, the same for "
        "every contender; texts that an edit does not change are skipped. Exact nearest neighbors among all other "
        f"texts. 95% intervals by bootstrap over the edited texts, {RESAMPLES:,} resamples. Edits follow rules; they "
        "are not written by people."
    )
    _show_edit_examples(measured, results)


def _select_metric() -> str:
    metric = st.segmented_control(
        "Metric", list(METRICS), key="quality_edits_by", persist_state="session", default="churn_mean", required=True,
        format_func=lambda name: METRICS[name][0].capitalize(),
        help="Neighbors lost are comparable between models; cosine drops only within one.",
    )  # fmt: skip
    return str(metric or "churn_mean")


def _show_edit_chart(results: list[ContenderResult], names: list[str], headline: str, metric: str) -> None:
    title, tick = METRICS[metric]
    series = []
    for item in results:
        probes = [item.result.probe(name) for name in names]
        estimates = [getattr(probe, metric) if probe else None for probe in probes]
        values = [(value.value, value.low, value.high) if value else None for value in estimates]
        series.append((item.name, item.color_index, values))
    rows = [LABELS[name] + (" (ambiguous)" if name in AMBIGUOUS else "") for name in names]
    figure = dot_figure(rows, series, title, session.theme(), {"tickformat": tick, "rangemode": "tozero"})
    st.markdown(f"**{headline}**")
    st.plotly_chart(figure, key=f"quality_edits_{len(names)}_{metric}", alt=f"{headline}: {title} by edit")


def _show_edit_table(selection: QualitySelection, results: list[ContenderResult]) -> None:
    rows, full = [], []
    for item in results:
        for probe in item.result.probes:
            meaning = _meaning(probe.probe)
            row: dict[str, Any] = {"contender": item.name, "edit": LABELS[probe.probe], "meaning": meaning}
            rows.append(row | {
                "drop": with_interval(probe.drop), "relative": probe.relative_drop,
                "churn": with_interval(probe.churn, common.one_decimal),
                "mean": with_interval(probe.churn_mean, common.one_decimal),
                "texts": probe.texts,
            })  # fmt: skip
            numbers = {
                f"{part} {end}": getattr(getattr(probe, part), end)
                for part in ("drop", "churn", "churn_mean")
                for end in ("value", "low", "high")
            }
            sizes = {"relative drop": probe.relative_drop, "texts": probe.texts, "tried": probe.tried}
            full.append(row | numbers | sizes)
    columns = {
        "contender": common.contender_column(),
        "edit": text("Edit"),
        "meaning": text("Meaning", "Whether the edit keeps or changes the meaning for a reader."),
        "drop": text("Median drop", "1 - cosine of a text and its edited version, with 95% interval."),
        "relative": percentage("Relative drop", "Divided by a random pair's; comparable between models."),
        "churn": text("Median loss", "Share of the 10 nearest neighbors lost by the edit; median over texts."),
        "mean": text("Mean loss", "Share of the 10 nearest neighbors lost by the edit; mean over texts."),
        "texts": number("Texts", "localized", "Number of edited texts."),
    }
    file = pd.DataFrame(full)
    common.show_quality_table(pd.DataFrame(rows), "quality_edits", selection, columns, "Robustness by edit", file)


def _meaning(name: str) -> str:
    return "changed" if name in CHANGES_MEANING else "ambiguous" if name in AMBIGUOUS else "kept"


def _show_edit_examples(selection: QualitySelection, results: list[ContenderResult]) -> None:
    st.markdown("**Examples**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        item = common.select_contender(results, "Contender", "quality_examples_of", "Whose vectors are compared.")
        names = [probe.probe for probe in item.result.probes]
        name = st.selectbox(
            "Edit", names, key="quality_examples_change", width=240, persist_state="session",
            format_func=LABELS.__getitem__, help="Whose edited texts are shown.",
        )  # fmt: skip
    name = name if name in names else names[0]
    st.caption(TEXT_EDITS[name].help)
    frame = session.ask_once(service.edit_examples, selection.corpus, item.contender, name)
    columns = {
        "text": text("Original", width="large"),
        "edited": text("Edited", width="large"),
        "drop": number("Drop", "%.3f", "1 - cosine of the two."),
        "churn": percentage("Loss", "Share of the 10 nearest neighbors lost."),
    }
    common.show_quality_table(frame, "quality_examples", selection, columns, "Texts before and after the edit")
