"""Settings of training word vectors, the ones suggested for a corpus, and how long training takes."""

from dataclasses import dataclass
from typing import Literal

from core.errors import InputError

TrainedMethod = Literal["skip-gram", "cbow", "fasttext", "doc2vec"]
TARGET_TOKENS = 4_000_000  # tokens times epochs that give useful vectors of a small corpus
MIN_EPOCHS, MAX_EPOCHS = 5, 30
SMALL_CORPUS = 200_000  # tokens, below which words that occur twice are worth a vector
MIN_WORDS = 10
# tokens times epochs a second on one core, with 100 dimensions and a window of 5
RATES: dict[TrainedMethod, float] = {"skip-gram": 250e3, "cbow": 800e3, "fasttext": 130e3, "doc2vec": 100e3}
TOKENS_PER_SECOND = 1_000_000  # that texts are divided into


@dataclass(frozen=True)
class Settings:
    """epochs: passes over the texts. window: words on each side that count as context. min_count: rarer words get no
    vector. smoothing: a of SIF; the larger, the more do frequent words count (precision@1 on BANKING77: 0.82 with 0.01,
    0.77 with the 0.001 of Arora et al., whose corpora are larger). seed: of all random numbers; training
    uses one thread, so that the same settings give the same vectors."""

    method: TrainedMethod = "skip-gram"
    dimensions: int = 100
    epochs: int = 20
    window: int = 5
    min_count: int = 2
    smoothing: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {"dimensions": (2, 1_000), "epochs": (1, 500), "window": (1, 50), "min_count": (1, 1_000)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} must be between {low:,} and {high:,}, not {getattr(self, name):,}.")
        if not 0 < self.smoothing <= 1:
            raise InputError(f"The SIF parameter a must be above 0 and at most 1, not {self.smoothing}.")


def suggest(tokens: int) -> Settings:
    """Settings for a corpus of so many tokens: small ones need more epochs, and vectors of rarer words."""
    epochs = min(max(round(TARGET_TOKENS / max(tokens, 1)), MIN_EPOCHS), MAX_EPOCHS)
    return Settings(epochs=epochs, min_count=2 if tokens < SMALL_CORPUS else 5)


def expected_seconds(settings: Settings, tokens: int) -> float:
    """About how long training takes on one core."""
    size = (0.4 + 0.6 * settings.dimensions / 100) * (0.3 + 0.7 * settings.window / 5)
    return 1 + tokens / TOKENS_PER_SECOND + tokens * settings.epochs * size / RATES[settings.method]
