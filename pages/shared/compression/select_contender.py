"""Which contender is compressed, the labels that measure its quality, its measurements, and their tables."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.compression.results import COMPRESSION, Part, at_float32
from core.compression.sample import LabelMeasure
from core.compression.service import CompressedContender, LabelQuality, SampleInfo
from core.corpus.label_columns import label_columns
from core.results import Step
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.text import plain

MEASURES: dict[LabelMeasure, str] = {
    "vote": "10-nearest-neighbor accuracy (kNN)",
    "share": "Precision@10",
    "first": "Precision@1",
}
NO_COLUMN = ""
PART_NAMES: dict[Part, str] = {"dimensions": "fewer dimensions", "quantization": "quantization", "indexes": "indexes"}


def select_contender(contenders: Sequence[Contender]) -> Contender:
    """One of the contenders, at float32: of quantized variants, the vectors they are made from."""
    options = {contender.key: contender for contender in map(at_float32, contenders)}
    session.select_from_link("compress", list(options))
    if len(options) > 1:
        st.selectbox(
            "Model",
            list(options),
            key="compress",
            format_func=lambda key: options[key].label,
            width=420,
            help="One contender is compressed at a time, from its float32 vectors.",
        )
        session.write_to_link("compress")
    return options.get(session.widget_value("compress"), next(iter(options.values())))


def select_quality(compressed: CompressedContender) -> LabelQuality:
    """The labels that measure the quality of neighbors, none where no column can be read as labels."""
    columns = session.ask_once(label_columns, compressed.corpus)
    if not columns:
        return LabelQuality()
    with st.container(horizontal=True):
        session.select_from_link("compress_label", [*columns, NO_COLUMN])
        column = st.selectbox(
            "Quality by label",
            [*columns, NO_COLUMN],
            key="compress_label",
            format_func=lambda name: name or "none",
            width=280,
            help="Similar texts should share this column's labels. Quality: how well a text's nearest others predict "
            "its label; the text and its copies are excluded.",
        )
        session.write_to_link("compress_label")
        measure = st.selectbox(
            "Metric",
            list(MEASURES),
            key="compress_measure",
            bind="query-params",
            format_func=lambda name: MEASURES[name],
            width=320,
            disabled=not column,
            help="kNN: the label is predicted by a vote of the 10 nearest. Precision@k: the share of the k nearest "
            "with the same label. 0 to 100%; higher is better.",
        )
    return LabelQuality(column, measure or "vote")


def compression_ready(compressed: CompressedContender, info: CorpusInfo, parts: Sequence[Part]) -> bool:
    """Whether the parts are measured; else measures them, or shows their progress or offers them."""
    label = compressed.contender.label
    return result_view.ready_all(
        [Step(COMPRESSION, compressed.query(part)) for part in parts],
        headline=f"The compression of {plain(label)} has not been measured yet",
        description=f"Its vectors are searched repeatedly, for {' and '.join(PART_NAMES[part] for part in parts)}.",
        titles=[f"Compression ({PART_NAMES[part]}) of {label} on {info.name}" for part in parts],
        button="Measure",
    )


def sample_caption(sample: SampleInfo) -> str:
    """What was searched, for captions."""
    of = f"{sample.searched:,} of {sample.texts:,}" if sample.searched < sample.texts else f"{sample.searched:,}"
    return f"{sample.queries:,} queries among {of} distinct texts, seed {sample.seed}"


def show_compression_table(
    table: pd.DataFrame, key: str, alt: str, columns: dict[str, Any], height: int | None = None
) -> None:
    """A table with all rows visible, or of so many pixels."""
    height = height or 38 + 35 * len(table)
    st.dataframe(
        table, hide_index=True, width="stretch", height=height, lazy=False, key=key, alt=alt, column_config=columns
    )
