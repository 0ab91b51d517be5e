"""What a person can choose about a fine-tuning, checked."""

from dataclasses import dataclass
from typing import Literal

from core.errors import InputError

Loss = Literal["multiple_negatives", "cosent", "triplet"]
LOSS_NAMES: dict[Loss, str] = {
    "multiple_negatives": "MultipleNegativesRankingLoss",
    "cosent": "CoSENTLoss",
    "triplet": "TripletLoss",
}
RATES = {"full": 1e-4, "lora": 1e-3}  # default learning rates
MIN_SHORTENED = 16  # dimensions that Matryoshka training halves down to


@dataclass(frozen=True)
class Settings:
    """loss: of sentence-transformers; CoSENT alone takes scored pairs. matryoshka: the loss summed over the first
    dimensions, halved down to an eighth (MatryoshkaLoss; Kusupati et al., 2022), so that vectors can be shortened.
    lora_rank: trains low-rank updates of the attention alone (Hu et al., 2022), 0 trains all weights.
    batch: examples per step; of labels, they differ within a batch as far as there are enough. epochs: at most; early
    stopping after `patience` scores without a better one, of which an epoch has `scores_per_epoch`. learning_rate:
    None is 1e-4, 1e-3 for LoRA; linear warm-up over a tenth of the steps, then linear decay. max_tokens: of a text
    while training, the model's own window is unchanged. margin: of the triplet loss, in cosine distance.
    adapter: whether an adapter is trained on the same examples, to compare with."""

    loss: Loss = "multiple_negatives"
    matryoshka: bool = False
    lora_rank: int = 0
    batch: int = 32
    epochs: int = 6
    patience: int = 4
    scores_per_epoch: int = 2
    learning_rate: float | None = None
    max_tokens: int = 128
    margin: float = 0.2
    adapter: bool = True

    @property
    def rate(self) -> float:
        return self.learning_rate or RATES["lora" if self.lora_rank else "full"]

    @property
    def loss_name(self) -> str:
        name = LOSS_NAMES[self.loss]
        return f"MatryoshkaLoss over {name}" if self.matryoshka else name

    @property
    def method(self) -> str:
        return f"LoRA of rank {self.lora_rank}" if self.lora_rank else "All weights"


def shortened(dimensions: int) -> list[int]:
    """The numbers of first dimensions of Matryoshka training, the full one first."""
    return [dimensions // part for part in (1, 2, 4, 8) if part == 1 or dimensions // part >= MIN_SHORTENED]


def check_settings(settings: Settings, metric: str) -> None:
    """Raise InputError for settings that no training can follow. metric: of the examples, "Spearman" for pairs."""
    if metric == "Spearman" and settings.loss != "cosent":
        message = f"{LOSS_NAMES[settings.loss]} takes no scored pairs."
        raise InputError(message, "Choose CoSENTLoss for scored pairs.")
    minimums = {"batch": 2, "epochs": 1, "patience": 1, "scores_per_epoch": 1, "max_tokens": 8, "lora_rank": 0}
    for name, minimum in minimums.items():
        if getattr(settings, name) < minimum:
            raise InputError(f"{name} is {getattr(settings, name)}, less than {minimum}.", "Correct this setting.")
    if not 0 < settings.rate < 1:
        raise InputError(f"A learning rate of {settings.rate:g} can't train a model.", "Use one near 0.00005.")
