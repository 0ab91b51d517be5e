"""Classify: train and evaluate classifiers on vectors, label without training, and apply a classifier."""

from collections.abc import Callable

from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import contenders
from pages.shared.classify.label import show_labeling
from pages.shared.classify.predict import show_apply
from pages.shared.classify.prevalence import show_prevalence
from pages.shared.classify.train import show_training
from pages.shared.classify.zeroshot import show_zero_shot

VIEWS: dict[str, Callable[[CorpusInfo, tuple[Contender, ...]], None]] = {
    "Train and evaluate": show_training,
    "Zero-shot": show_zero_shot,
    "Label": show_labeling,
    "Apply": show_apply,
    "Prevalence": show_prevalence,
}
HELP = (
    "Train and evaluate: learn a label column and compare contenders on test rows. Zero-shot: classify by typed "
    "labels, without training. Label: label rows by hand with the suggestions of a classifier that learns from them. "
    "Apply: classify a text, rows or another file with a trained or saved classifier. Prevalence: shares of the "
    "classes, corrected for the classifier's errors."
)


def page() -> None:
    message = "No data yet. Add data with a label column to train a classifier."
    frame = contenders.start_page("Classify", message, minimum=1)
    if frame is None:
        return
    view = contenders.select_view(VIEWS, "classify_view", HELP)
    contenders.run_view(VIEWS[view], *frame)


page()
