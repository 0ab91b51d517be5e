"""Similarity: how cosines of random pairs, same-label pairs and neighbors lie."""

import pandas as pd
import streamlit as st

from core.quality import service as answers
from core.quality import summaries as words
from core.quality.charts import distribution_figure
from core.quality.similarity import PairKind
from core.stats.resampling import FEWER_RESAMPLES
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked, Found

KINDS: dict[PairKind, str] = {
    "random": "Random pairs",
    "label": "Same label",
    "tenth": "10th neighbor",
    "first": "1st neighbor",
}
SCALES = {"cosine": ("Cosine", -1.0, 1.0), "euclidean": ("Euclidean distance", 0.0, 2.0)}


def show(asked: Asked) -> None:
    st.caption(
        "How alike are texts that have nothing to do with each other, texts of one label, and neighbors? The less the "
        "gray outline overlaps the others, the more a cosine tells. Numbers of different models can't be compared as "
        "they stand: see Calibrated similarity."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = common.label_column(asked, "Whose values make the pairs with the same label.")
        scale = _scale()
    found = common.each(asked, answers.similarity, column)
    if not found:
        return
    title, low, high = SCALES[scale]
    kinds = [(name, [getattr(one.result, scale).get(kind) for one in found]) for kind, name in KINDS.items()]
    kinds = [(name, shares) for name, shares in kinds if any(share is not None for share in shares)]
    names = [one.name for one in found]
    figure = distribution_figure(names, kinds, low, high, title, session.theme())
    common.chart(figure, "quality_pairs", f"{title} of random pairs and neighbors under each contender")
    common.says(words.describe_similarity(common.named(found)))
    _table(asked, found)
    _how(found, column)


def _scale() -> str:
    chosen = st.segmented_control(
        "Measured as",
        list(SCALES),
        key="quality_scale",
        persist_state="session",
        format_func=lambda name: SCALES[name][0],
        default="cosine",
        required=True,
        help="All vectors have length 1, so the Euclidean distance is the root of 2 - 2 * cosine: the same order, "
        "drawn on another scale; a small distance is a high cosine.",
    )
    return str(chosen or "cosine")


def _table(asked: Asked, found: list[Found]) -> None:
    frame = pd.DataFrame(
        {
            "contender": [one.name for one in found],
            "random": [one.result.medians["random"] for one in found],
            "tenth": [one.result.medians.get("tenth") for one in found],
            "first": [one.result.medians.get("first") for one in found],
            "auc": [words.with_interval(one.result.auc["first"], "{:.3f}".format) for one in found],
        }
    )
    if any(one.result.above for one in found):
        above = [one.result.above for one in found]
        frame["label"] = [
            words.with_interval(one.result.auc["label"], "{:.3f}".format) if one.result.above else "" for one in found
        ]
        frame["above"] = [words.with_interval(each, words.percent) if each else "" for each in above]
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "contender": text("Contender", width="medium"),
        "random": number("Random pair", format="%.3f", help="Median cosine of two texts drawn at random."),
        "tenth": number("10th neighbor", format="%.3f", help="Median cosine of a text and its 10th nearest."),
        "first": number("1st neighbor", format="%.3f", help="Median cosine of a text and its nearest other text."),
        "auc": text("P(1st > random)", help="Chance that a nearest text is nearer than a random pair (AUC, 0.5: no "
                    "difference, 1: always), with its 95% interval."),
        "label": text("P(same label > random)", help="Chance that two texts of one label are nearer than a random "
                      "pair, with its 95% interval. Higher: the space follows these labels more."),
        "above": text("Same label over 95th", help="Share of same-label pairs above the 95th percentile of random "
                      "pairs; 5% by chance. With its 95% interval."),
    }  # fmt: skip
    common.table(frame, "quality_similarity", asked, columns, "Similarity of pairs by contender")


def _how(found: list[Found], column: str) -> None:
    one = found[0].result
    drawn = ", ".join(f"{one.pairs[kind]:,} {name.lower()}" for kind, name in KINDS.items() if kind in one.pairs)
    same = ' "Same label" pairs are drawn evenly from all pairs of texts that share a label.' if column else ""
    st.caption(
        f"Pairs looked at: {drawn}; of {one.texts:,} different texts (copies of a text count once), drawn with seed "
        f"{one.seed}, the same for every contender.{same} Intervals: bootstrap over texts, {FEWER_RESAMPLES:,} "
        "resamples."
    )
