"""Robustness to changed wording: what it takes, what was found, examples."""

from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.text_edits import TEXT_EDITS
from core.quality import robustness as answers
from core.quality import summaries as words
from core.quality.charts import dot_figure
from core.quality.edit_robustness import NEUTRAL
from core.stats.resampling import RESAMPLES
from pages.shared import session
from pages.shared.quality import common, measure
from pages.shared.quality.common import Asked, Found

LABELS = {name: probe.label for name, probe in TEXT_EDITS.items()}
TURNED = tuple(name for name, probe in TEXT_EDITS.items() if not probe.keeps_meaning)
SHOWN = {"churn_mean": ("share of the 10 nearest lost", ".0%"), "drop": ("drop in cosine", ".2f")}


def show(asked: Asked) -> None:
    st.caption(
        "Texts are changed by rules and embedded anew. Where the meaning stays (typos, case, stop words, paraphrase, "
        "padding) a **large** drop is the weakness; where it turns (numbers, negation) a **small** one is. Random word "
        "order is neither: it shows how much the model reads order."
    )
    ready = measure.measured(asked)
    found = common.each(ready, answers.wording) if ready.contenders else []
    if not found:
        return
    part = _part()
    title, tick = SHOWN[part]
    stays = [name for name in TEXT_EDITS if name not in TURNED]
    for names, headline in (
        (sorted(stays, key=lambda name: name in NEUTRAL), "The meaning stays: further left is better"),
        (list(TURNED), "The meaning turns: further right is better"),
    ):
        st.markdown(f"**{headline}**")
        series = [(one.name, one.place, [_value(one, name, part) for name in names]) for one in found]
        rows = [LABELS[name] + (" (neither)" if name in NEUTRAL else "") for name in names]
        figure = dot_figure(rows, series, title, session.theme(),
                            {"tickformat": tick, "rangemode": "tozero"})  # fmt: skip
        common.chart(figure, f"quality_wording_{len(names)}_{part}", f"{headline}: {title} by kind of change")
    common.says(words.of_wording(common.named(found), LABELS, TURNED, NEUTRAL))
    _table(ready, found)
    one = found[0].result
    st.caption(
        f"Up to 200 of {one.texts:,} different texts a change, drawn in one order with seed {one.seed}, the same for "
        "every contender; texts that a change does not touch are passed over. Nearest texts by exact search among all "
        f"others. 95% intervals by bootstrap over the changed texts, {RESAMPLES:,} resamples. The changes are "
        "rules, not a person's words."
    )
    _examples(ready, found)


def _part() -> str:
    chosen = st.segmented_control(
        "Measured by", list(SHOWN), key="quality_wording_by", persist_state="session", default="churn_mean",
        format_func=lambda name: SHOWN[name][0].capitalize(), required=True,
        help="Lost neighbors can be compared between models; a cosine's drop only within one, each having its scale.",
    )  # fmt: skip
    return str(chosen or "churn_mean")


def _value(one: Found, probe: str, part: str) -> tuple[float, float, float] | None:
    line = one.result.line(probe)
    found = getattr(line, part) if line else None
    return (found.value, found.low, found.high) if found else None


def _table(asked: Asked, found: list[Found]) -> None:
    lines, full = [], []
    for one in found:
        for line in one.result.lines:
            kind = "turns" if line.probe in TURNED else "open" if line.probe in NEUTRAL else "stays"
            row: dict[str, Any] = {"contender": one.name, "change": LABELS[line.probe], "meaning": kind}
            lines.append(row | {
                "drop": words.between(line.drop), "way": line.way, "churn": words.between(line.churn, words.share),
                "mean": words.between(line.churn_mean, words.share), "texts": line.texts,
            })  # fmt: skip
            ends = ("value", "low", "high")
            numbers = {
                f"{part} {end}": getattr(getattr(line, part), end)
                for part in ("drop", "churn", "churn_mean")
                for end in ends
            }
            full.append(row | numbers | {"share of the way": line.way, "texts": line.texts, "tried": line.tried})
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "contender": text("Contender", width="medium"),
        "change": text("Change"),
        "meaning": text("Meaning", help="Whether a reader would say that the meaning stays or turns."),
        "drop": text("Median drop", help="1 - cosine of a text and its changed self, with its 95% interval."),
        "way": number("Of the way", format="percent", help="The drop as a share of the way to a random text (whose "
                      "cosine is the median of random pairs): comparable between models."),
        "churn": text("Median lost", help="Share of the 10 nearest that the changed text no longer has; median."),
        "mean": text("Mean lost", help="The same, mean of the texts."),
        "texts": number("Texts", format="localized", help="How many texts were changed."),
    }  # fmt: skip
    common.table(pd.DataFrame(lines), "quality_wording", asked, columns, "Robustness by change", pd.DataFrame(full))


def _examples(asked: Asked, found: list[Found]) -> None:
    st.markdown("**Examples**")
    by_name = {one.name: one for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Under", list(by_name), key="quality_examples_of", width=320, persist_state="session",
                            help="The contender whose vectors are compared.")  # fmt: skip
        one = by_name.get(str(name), found[0])
        probes = [line.probe for line in one.result.lines]
        probe = st.selectbox("Change", probes, key="quality_examples_change", width=240, persist_state="session",
                             format_func=lambda each: LABELS[each], help="Whose changed texts are shown.")  # fmt: skip
    probe = probe if probe in probes else probes[0]
    st.caption(TEXT_EDITS[probe].help)
    frame = session.ask_once(answers.examples, *asked.where, one.contender, probe)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "text": text("Text", width="large"),
        "changed": text("Changed", width="large"),
        "drop": number("Drop", format="%.3f", help="1 - cosine of the two."),
        "churn": number("Lost", format="percent", help="Share of the 10 nearest that are lost."),
    }
    common.table(frame, "quality_examples", asked, columns, "Texts before and after the change")
