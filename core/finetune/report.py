"""What a fine-tuning gives: the model, its scores beside the base and an adapter, and the course of the training."""

from dataclasses import dataclass

from core.finetune.checkpoints import Trace
from core.finetune.comparison import Scores
from core.finetune.settings import Settings
from core.types import ModelSpec

BASE, TUNED, ADAPTER = "Base", "Fine-tuned", "Adapter"


@dataclass(frozen=True)
class Cost:
    """Of a contender. minutes, cpu_minutes: of training on this machine; bytes: stored for it; 0 for the base's
    training."""

    name: str
    minutes: float
    cpu_minutes: float
    bytes: int


@dataclass(frozen=True)
class Shortened:
    """Scores of the first dimensions of held-out vectors, higher is better."""

    dimensions: int
    base: float
    tuned: float


@dataclass(frozen=True)
class FineTuned:
    """A fine-tuned model with its report.

    model: None where no checkpoint had a better validation score than the base, so that nothing is stored. seen:
    held-out examples of labels (or relevant rows) that were trained on; unseen: of others, None where there are none.
    shortened: of a Matryoshka training. train, validation: distinct texts, pairs or queries. missing: rows without
    supervision; left_out: examples on no side. source: what the supervision was, a phrase such as 'the column "topic"'.
    """

    model: ModelSpec | None
    base: ModelSpec
    settings: Settings
    seed: int
    source: str
    seen: Scores
    unseen: Scores | None
    costs: tuple[Cost, ...]
    shortened: tuple[Shortened, ...]
    trace: Trace
    train: int
    validation: int
    pairs: int
    missing: int
    left_out: int
    method: str
    notes: tuple[str, ...]

    @property
    def gain(self) -> float:
        """Fine-tuned minus base on held-out examples; 0 where the base is the best."""
        difference = self.seen.scores[1].difference if self.model else None
        return difference.value if difference else 0.0
