"""How an adapter is trained."""

from typing import Literal

import streamlit as st

from core.adapt.fitting import Settings
from core.adapt.sources import SourceKind
from core.models.linear_maps import Kind

KINDS: dict[str, Kind | None] = {"Automatic": None, "Linear": "linear", "Low-rank": "low_rank"}
KIND_HELP = (
    "Linear: one weight for each two dimensions. Low-rank: fewer weights, for few examples or many dimensions. "
    "Automatic: linear up to 1,024 dimensions. Both start as the base model."
)
LOSSES = {"contrastive": "Contrastive", "triplet": "Triplet"}
LOSS_HELP = (
    "Contrastive: a similar text is told from the others of a batch (InfoNCE). Triplet: it is closer than the hardest "
    "one of the batch by a margin."
)
STOPS = {"rows": "Same labels", "classes": "Other labels"}
STOP_HELP = "Validation rows that decide when training stops. Other labels: for an adapter that is used on new labels."


def select_training(source: SourceKind) -> tuple[Settings, int]:
    """The settings and the seed."""
    with st.expander("Settings", icon=":material/tune:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = KINDS[st.selectbox("Map", list(KINDS), key="adapt_map", width=150, help=KIND_HELP)]
            rank = 128
            if kind == "low_rank":
                rank = int(st.number_input("Rank", 1, 1_024, 128, key="adapt_rank", width=110))
            epochs = int(st.number_input("Epochs", 1, 200, 20, key="adapt_epochs", width=110, help="At most."))
            seed = int(st.number_input("Seed", 0, 10_000, 0, key="adapt_seed", width=110, help="Of all random draws."))
        if source == "pairs":
            st.caption("Scored pairs are trained with the CoSENT loss, which ranks their cosines by the scores.")
            return Settings(kind=kind, rank=rank, epochs=epochs), seed
        loss, margin, temperature = _select_loss()
        stop_on = _select_stop() if source == "labels" else "rows"
        hard, gap = _select_negatives()
    return Settings(
        kind=kind, rank=rank, loss=loss, temperature=temperature, margin=margin, hard_negatives=hard,
        relative_margin=gap, epochs=epochs, stop_on=stop_on,
    ), seed  # fmt: skip


def _select_loss() -> tuple[Literal["contrastive", "triplet"], float, float]:
    """Loss, margin and temperature."""
    defaults = Settings()
    options: list[Literal["contrastive", "triplet"]] = ["contrastive", "triplet"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        loss = st.selectbox(
            "Loss", options, key="adapt_loss", width=150, format_func=LOSSES.__getitem__, help=LOSS_HELP
        )  # fmt: skip
        if loss == "triplet":
            margin = st.number_input("Margin", 0.01, 1.0, defaults.margin, 0.05, key="adapt_margin", width=110)
            return loss, float(margin), defaults.temperature
        temperature = st.number_input(
            "Temperature", 0.01, 1.0, defaults.temperature, 0.01, key="adapt_temperature", width=130,
            help="Cosines are divided by it; a lower one stresses the nearest other texts.",
        )  # fmt: skip
    return loss, defaults.margin, float(temperature)


def _select_stop() -> Literal["rows", "classes"]:
    options: list[Literal["rows", "classes"]] = ["rows", "classes"]
    return st.selectbox(
        "Stop by", options, key="adapt_stop", width=150, format_func=STOPS.__getitem__, help=STOP_HELP
    )  # fmt: skip


def _select_negatives() -> tuple[bool, float]:
    """Whether hard negatives are mined, and their margin as a share of the positive's cosine."""
    hard = st.checkbox(
        "Mine hard negatives", key="adapt_hard",
        help="Adds the nearest dissimilar texts to each batch. They help little here and can hurt new labels.",
    )  # fmt: skip
    if not hard:
        return False, Settings().relative_margin
    gap = st.number_input(
        "Negatives' margin", 0.0, 0.9, Settings().relative_margin, 0.05, key="adapt_gap", width=150,
        help="Dissimilar texts count whose cosine is lower than the similar text's by this share of it.",
    )  # fmt: skip
    return True, float(gap)
