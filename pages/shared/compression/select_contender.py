"""Which contender is compressed, the labels that measure its quality, and its measurements."""

from collections.abc import Sequence

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
        names, help_ = {key: contender.label for key, contender in options.items()}, "Compressed from float32 vectors."
        st.selectbox("Model", list(options), key="compress", format_func=names.__getitem__, width=420, help=help_)
        session.write_to_link("compress")
    return options.get(session.widget_value("compress"), next(iter(options.values())))


def select_quality(compressed: CompressedContender) -> LabelQuality:
    """The labels that measure the quality of neighbors, none where no column can be read as labels."""
    columns = session.ask_once(label_columns, compressed.corpus)
    if not columns:
        return LabelQuality()
    with st.container(horizontal=True):
        session.select_from_link("compress_label", [*columns, NO_COLUMN])
        names = {NO_COLUMN: "none"} | {column: column for column in columns}
        column = st.selectbox(
            "Quality by label", [*columns, NO_COLUMN], key="compress_label", format_func=names.__getitem__, width=280,
            help="Quality: how well the labels of a text's nearest others, without its copies, predict its own label.",
        )  # fmt: skip
        session.write_to_link("compress_label")
        measure = st.selectbox(
            "Metric", list(MEASURES), key="compress_measure", bind="query-params", format_func=MEASURES.__getitem__,
            width=320, disabled=not column, help="kNN: the label is predicted by a vote of the 10 nearest. Precision@k:"
            " the share of the k nearest with the same label. 0 to 100%; higher is better.",
        )  # fmt: skip
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
