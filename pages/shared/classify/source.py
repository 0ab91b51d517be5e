"""Which classifier is used: one that was trained on this corpus, or a saved file."""

import streamlit as st

from core.classify.estimators import ESTIMATORS
from core.classify.predictions import ClassifierSource, StoredClassifier, stored_classifiers
from core.corpus.staging import stage
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session

TRAINED_HERE, FROM_FILE = "Trained here", "Saved file"
UPLOAD_MB = 200


def select_source(info: CorpusInfo, contenders: tuple[Contender, ...]) -> ClassifierSource | None:
    """The classifier that Apply and Prevalence share; None without one, after showing what to do."""
    origin = st.segmented_control(
        "Classifier", [TRAINED_HERE, FROM_FILE], key="apply_origin", default=TRAINED_HERE, required=True,
        persist_state="session", help="Trained on this corpus, or a file that was saved before.",
    )  # fmt: skip
    return _select_trained(info, contenders) if origin == TRAINED_HERE else _load_file(info, contenders)


def _select_trained(info: CorpusInfo, contenders: tuple[Contender, ...]) -> ClassifierSource | None:
    keys = {each.model.key for each in contenders}
    stored = session.ask(stored_classifiers, session.corpus_ref(info))
    usable = [each for each in stored if each.query.contender.model.key in keys]
    if not usable:
        st.info(
            "No classifier has been trained on these contenders yet. Choose a label column under Train and evaluate.",
            icon=":material/model_training:",
        )
        return None
    names = {describe_classifier(each): each for each in usable}
    if session.widget_value("apply_trained") not in names:
        session.set_widget("apply_trained", next(iter(names)))
    name = st.selectbox(
        "Trained classifier", list(names), key="apply_trained", persist_state="session",
        help="Those of the contenders above, newest first. Compressed variants are left out.",
    )  # fmt: skip
    query = names[name].query
    return ClassifierSource(query.corpus, query.contender.model, query)


def describe_classifier(stored: StoredClassifier) -> str:
    settings = stored.query.settings
    split: dict[str, str] = {
        "random": f"seed {settings.plan.seed}",
        "column": "split column",
        "time": "split by time",
        "audit": "audit sample as test",
    }
    parts = [settings.column, ESTIMATORS[settings.kind].label, stored.query.contender.label]
    parts += ["balanced"] if settings.balanced else []
    parts += ["merged labels"] if settings.merged else []
    parts += [f"{stored.rows:,} training rows", split[settings.plan.method]]
    if settings.plan.method in ("random", "time"):
        parts.append(f"test {settings.plan.test:.0%}")
    return " · ".join([*parts, f"validation {settings.plan.validation:.0%}"])


def _load_file(info: CorpusInfo, contenders: tuple[Contender, ...]) -> ClassifierSource | None:
    models = {each.model.key: each.model for each in contenders}
    if session.widget_value("apply_model") not in models:
        session.set_widget("apply_model", next(iter(models)))
    key = st.selectbox(
        "Model", list(models), key="apply_model", width=320, format_func=lambda name: models[name].label,
        help="One of the contenders above: that whose vectors the classifier was trained on.",
    )  # fmt: skip
    model = models[key]
    upload = st.file_uploader(
        "Saved classifier", type="npz", key="apply_file", max_upload_size=UPLOAD_MB,
        help="A file of Save classifier, or of classify.save in a notebook. It contains no code.",
    )  # fmt: skip
    if upload is None:
        st.info(
            "Upload a saved classifier. It needs vectors of the model that it was trained on.", icon=":material/upload:"
        )
        return None
    staged = stage(session.folder(), upload.name, upload.getbuffer())
    return ClassifierSource(session.corpus_ref(info), model, None, staged)
