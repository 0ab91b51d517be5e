"""The models a corpus is embedded with, and exporting their vectors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.export import ENDINGS, Format, write_export
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.models.contact import HELP
from pages.shared.tables import show_table
from pages.shared.text import format_bytes, format_duration, plain

FORMATS: dict[Format, str] = {
    "parquet": "Parquet: table with a vector column",
    "csv": "CSV: table with vectors as text",
    "npy": "NumPy: vectors.npy and the table as CSV",
    "projector": "Embedding Projector: vectors.tsv and metadata.tsv",
    "faiss": "FAISS index with a JSON manifest",
}


def show_embedded_models(info: CorpusInfo, checks: Mapping[str, str]) -> None:
    """The models with what was counted while embedding; nothing where there are none.

    checks: by model key, how the contact check ended.
    """
    records = list(session.workspace().results("vectors", info.digest))
    if not records:
        return
    st.subheader("Embedded")
    columns = {
        "Max. tokens": st.column_config.TextColumn(help="Tokens of a text that the model reads"),
        "Texts embedded": st.column_config.NumberColumn(help="Unique texts; duplicates share a vector"),
        "Truncated": st.column_config.NumberColumn(
            help="Texts longer than the model reads, by its window or as measured"
        ),
        "Text lost": st.column_config.TextColumn(help="Share of all tokens that the model did not read"),
        "Split": st.column_config.NumberColumn(help="Long texts split into parts whose vectors are averaged"),
        "Checks": st.column_config.TextColumn(help=HELP),
    }
    rows = pd.DataFrame([embedded_model_row(record, checks) for record in records])
    show_table(rows, "The models this corpus is embedded with", columns)
    for note in dict.fromkeys(note for record in records for note in record["facts"].get("notes", ())):
        st.caption(f":material/info: {plain(note)}")
    left, right = st.columns(2)
    left.page_link("pages/explore/map.py", label="Open the map", icon=":material/scatter_plot:")
    right.page_link("pages/explore/search.py", label="Search", icon=":material/search:")
    with st.expander("Export vectors", icon=":material/download:"):
        show_vector_export(info, [ModelSpec.from_dict(record["inputs"]["model"]) for record in records])


def embedded_model_row(record: dict[str, Any], checks: Mapping[str, str]) -> dict[str, Any]:
    spec, facts = ModelSpec.from_dict(record["inputs"]["model"]), record["facts"]
    return {
        "Model": spec.label,
        "Dimensions": spec.dimensions,
        "Max. tokens": f"{spec.max_tokens:,}" if spec.max_tokens else "no limit",
        "Texts embedded": facts.get("computed"),
        "Time": format_duration(facts.get("seconds") or 0),
        "Truncated": facts.get("truncated"),
        "Text lost": f"{facts.get('unseen_share') or 0:.1%}",
        "Split": facts.get("split"),
        "Checks": checks.get(spec.key, ""),
    }


def show_vector_export(info: CorpusInfo, models: list[ModelSpec]) -> None:
    left, middle, right = st.columns([2, 3, 1], vertical_alignment="bottom")
    spec = left.selectbox(
        "Model", models, format_func=lambda model: model.label, key="export_model", help="Its vectors are exported."
    )
    form = middle.selectbox(
        "Format",
        list(FORMATS),
        format_func=lambda name: FORMATS[name],
        key="export_format",
        help="float32 vectors of unit length in row order; their dot product is the cosine similarity.",
    )
    icon = ":material/inventory_2:"
    if right.button("Prepare", key="export_prepare", icon=icon, width="stretch", help="Writes the file, for download."):
        write_vectors(info, spec, form)
    written_for, path = session.remembered("export", [None, ""])
    if written_for == [info.digest, spec.key, form] and Path(path).is_file():
        show_vector_download(Path(path), form)


def write_vectors(info: CorpusInfo, spec: ModelSpec, form: Format) -> None:
    """Write the file, and remember it, so that its button outlives the next rerun."""
    try:
        with st.spinner("Writing the file …"):
            path = session.ask(write_export, session.corpus_ref(info), spec, form, timeout=600)
    except PlanisphereError as error:
        show_error(error)
        return
    session.remember("export", [[info.digest, spec.key, form], path])


def show_vector_download(path: Path, form: Format) -> None:
    """The button of a written file; it is opened when the button is pressed."""
    st.download_button(
        f"Download ({format_bytes(path.stat().st_size)})",
        path.read_bytes,  # called on the click
        f"planisphere-{form}.{ENDINGS[form]}",
        key="export_download",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
        help="The file stays in the workspace until the corpus is deleted.",
    )
