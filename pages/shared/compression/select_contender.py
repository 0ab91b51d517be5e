"""Which contender is compressed, by which labels it is judged, and waiting until it is measured."""

from collections.abc import Sequence

import streamlit as st

from core.compression import service as answers
from core.compression.expected_time import Part
from core.compression.label_quality import Measure
from core.compression.results import COMPRESSION, full_bits
from core.compression.service import Asked, Made, Quality
from core.results import Step
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.text import plain

MEASURES: dict[Measure, str] = {
    "vote": "10 neighbors vote (kNN accuracy)",
    "share": "Same label among 10 (P@10)",
    "first": "Same label of the nearest (P@1)",
}
NONE = ""
WAYS: dict[Part, str] = {"dimensions": "fewer dimensions", "bits": "fewer bits", "indexes": "several indexes"}


def which(contenders: Sequence[Contender]) -> Contender:
    """One of the contenders, at float32; variants in fewer bits stand for the vectors they are made from."""
    known = {each.key: each for each in map(full_bits, contenders)}
    session.select_from_link("compress", list(known))
    if len(known) > 1:
        st.selectbox(
            "To compress",
            list(known),
            key="compress",
            format_func=lambda key: known[key].label,
            width=420,
            help="One contender is compressed at a time, from its float32 vectors.",
        )
        session.write_to_link("compress")
    return known.get(session.widget_value("compress"), next(iter(known.values())))


def quality(asked: Asked) -> Quality:
    """The labels that neighbors are judged by, none where no column can be read as labels."""
    columns = session.ask_once(answers.label_columns, asked.corpus)
    if not columns:
        return Quality()
    with st.container(horizontal=True):
        session.select_from_link("compress_label", [*columns, NONE])
        column = st.selectbox(
            "Quality by label",
            [*columns, NONE],
            key="compress_label",
            format_func=lambda name: name or "none",
            width=280,
            help="A column whose labels like texts should share. Quality is how well a text's nearest others tell its "
            "label, itself and its copies left out.",
        )
        session.write_to_link("compress_label")
        measure = st.selectbox(
            "Measured as",
            list(MEASURES),
            key="compress_measure",
            bind="query-params",
            format_func=lambda name: MEASURES[name],
            width=320,
            disabled=not column,
            help="All lie between 0 and 100%; higher is better.",
        )
    return Quality(column, measure or "vote")


def ready(asked: Asked, info: CorpusInfo, parts: Sequence[Part]) -> bool:
    """Whether the parts are measured; else measures them, or shows their progress or offers them."""
    label = plain(asked.contender.label)
    return result_view.ready_all(
        [Step(COMPRESSION, asked.query(part)) for part in parts],
        headline=f"What {label} loses here has not been measured yet.",
        description=f"Its vectors are searched again and again: with {', with '.join(WAYS[part] for part in parts)}.",
        titles=[f"Compression ({WAYS[part]}) of {asked.contender.label} on {info.name}" for part in parts],
        button="Measure it",
    )


def how(made: Made) -> str:
    """What was searched, for captions."""
    of = f"{made.searched:,} of {made.texts:,}" if made.searched < made.texts else f"{made.searched:,}"
    return f"{made.queries:,} queries among {of} different texts, seed {made.seed}"
