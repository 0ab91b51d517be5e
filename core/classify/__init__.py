"""Classification on embeddings: split, train, evaluate, zero-shot, prevalence, labeling. Runs without Streamlit.

Names are loaded on first use, as in `core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.classify.calibration import precision_recall, reliability, roc
    from core.classify.evaluation import evaluate
    from core.classify.experiments import baselines, compare, learning_curve
    from core.classify.labels import check_labels, merge_labels
    from core.classify.shares import prevalence
    from core.classify.splits import split
    from core.classify.storage import load, save
    from core.classify.suggestions import annotator_agreement, stopping_advice, suggest
    from core.classify.training import train
    from core.classify.zeroshot import choose_threshold, evaluate_zero_shot, zero_shot

_HOMES = {
    "annotator_agreement": "suggestions",
    "baselines": "experiments",
    "check_labels": "labels",
    "choose_threshold": "zeroshot",
    "compare": "experiments",
    "evaluate": "evaluation",
    "evaluate_zero_shot": "zeroshot",
    "learning_curve": "experiments",
    "load": "storage",
    "merge_labels": "labels",
    "precision_recall": "calibration",
    "prevalence": "shares",
    "reliability": "calibration",
    "roc": "calibration",
    "save": "storage",
    "split": "splits",
    "stopping_advice": "suggestions",
    "suggest": "suggestions",
    "train": "training",
    "zero_shot": "zeroshot",
}
__all__ = [
    "annotator_agreement", "baselines", "check_labels", "choose_threshold", "compare", "evaluate", "evaluate_zero_shot",
    "learning_curve", "load", "merge_labels", "precision_recall", "prevalence", "reliability", "roc", "save", "split",
    "stopping_advice", "suggest", "train", "zero_shot",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core.classify' has no attribute {name!r}")
    return getattr(import_module(f"core.classify.{_HOMES[name]}"), name)
