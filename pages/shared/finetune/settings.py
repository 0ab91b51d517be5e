"""How a model is fine-tuned."""

import streamlit as st

from core.adapt.sources import SourceKind
from core.finetune.settings import LOSS_NAMES, Loss, Settings

LOSS_HELP = (
    "MultipleNegativesRankingLoss: a similar text is told from the others of a batch. CoSENTLoss: similar pairs rank "
    "above dissimilar ones. TripletLoss: a similar text is closer than a hard negative by a margin."
)
MATRYOSHKA_HELP = (
    "MatryoshkaLoss: the loss is summed over the first half, quarter and eighth of the dimensions, too, so that "
    "vectors can be shortened later."
)
LORA_HELP = (
    "0 trains all weights. LoRA trains low-rank updates of the attention alone: smaller checkpoints and less memory, "
    "which suits large models."
)


def select_training(source: SourceKind) -> tuple[Settings, int]:
    """The settings and the seed."""
    defaults = Settings()
    with st.expander("Settings", icon=":material/tune:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            loss = _select_loss(source)
            rank = int(st.number_input("LoRA rank", 0, 256, 0, 4, key="finetune_lora", width=110, help=LORA_HELP))
            seed = int(st.number_input("Seed", 0, 10_000, 0, key="finetune_seed", width=110, help="Of all draws."))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            epochs = int(
                st.number_input("Epochs", 1, 100, defaults.epochs, key="finetune_epochs", width=110, help="At most.")
            )
            batch = int(
                st.number_input(
                    "Batch size", 2, 512, defaults.batch, key="finetune_batch", width=110,
                    help="Examples per step. Larger ones have more negatives, and take more memory.",
                )
            )  # fmt: skip
            rate = st.number_input(
                "Learning rate", 0.000001, 0.1, None, format="%.6f", step=0.00001, key="finetune_rate", width=150,
                placeholder=f"{Settings(lora_rank=rank).rate:g}", help="Empty: the default.",
            )  # fmt: skip
            tokens = int(
                st.number_input(
                    "Max. tokens", 16, 512, defaults.max_tokens, 16, key="finetune_tokens", width=120,
                    help="Of a text while training; longer texts are cut. The model's own window does not change.",
                )
            )  # fmt: skip
        matryoshka = st.toggle("Matryoshka", key="finetune_matryoshka", help=MATRYOSHKA_HELP)
        adapter = st.toggle(
            "Compare with an adapter", True, key="finetune_adapter", help="Trained on the same examples, in seconds."
        )
    return Settings(
        loss=loss, matryoshka=matryoshka, lora_rank=rank, batch=batch, epochs=epochs, learning_rate=rate,
        max_tokens=tokens, adapter=adapter,
    ), seed  # fmt: skip


def _select_loss(source: SourceKind) -> Loss:
    losses: list[Loss] = ["cosent"] if source == "pairs" else list(LOSS_NAMES)
    return st.selectbox(
        "Loss", losses, key=f"finetune_loss {source == 'pairs'}", width=290, format_func=LOSS_NAMES.__getitem__,
        help=LOSS_HELP,
    )  # fmt: skip
