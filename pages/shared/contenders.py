"""The pages of Compare: which contenders are compared (the corpus' models and smaller variants), and which view."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contact_report import check_contenders
from core.vectors.contenders import BITS, Contender, from_key
from pages.shared import jobs_view, messages, session
from pages.shared.messages import show_error
from pages.shared.models import failed
from pages.shared.text import disambiguate_labels, plain

MAX_CONTENDERS = 10
MAX_DEFAULTS = 5  # models selected by default
DIMENSIONS = (8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536)


def start_page(title: str, empty_message: str, minimum: int = 2) -> tuple[CorpusInfo, tuple[Contender, ...]] | None:
    """Draws title and selection; None without a corpus or with too few contenders, after showing what to do."""
    st.title(title)
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus(empty_message)
        return None
    contenders = select_contenders(info, minimum)
    return (info, contenders) if contenders else None


def select_view(names: Collection[str], key: str, help_: str) -> str:
    """The selected view of the page, the first by default; part of the link."""
    options = list(names)
    defaults: dict[str, Any] = {"default": options[0], "required": True}
    selected = st.segmented_control("View", options, key=key, bind="query-params", help=help_, **defaults)
    return str(selected or options[0])


@st.fragment
def run_view(show: Callable[..., None], *arguments: Any) -> None:
    """Draws a view as a fragment, so that its widgets redraw nothing else."""
    try:
        with st.spinner("Preparing this view", show_time=True):
            show(*arguments)
    except PlanisphereError as error:
        show_error(error)


def select_contenders(info: CorpusInfo, minimum: int = 2) -> tuple[Contender, ...]:
    """The selection that all pages of Compare share; part of the link.

    At most ten contenders in the order selected, or none where fewer than `minimum` are, after showing what to do.
    """
    models = session.workspace().models(info.digest)
    if not models:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: there are no models to compare.")
        return ()
    _remember_lost(info, models)
    _restore_selection(info, models)
    available = _available_contenders(models)
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with right:
        _show_variant_form(models)
    names = disambiguate_labels({key: contender.label for key, contender in available.items()})
    options: dict[str, Any] = {"max_selections": MAX_CONTENDERS, "placeholder": "Select what to compare"}
    help_ = "Models and variants to compare. Add models on the Embed page, or upload embeddings on the Data page."
    left.multiselect(
        "Contenders", list(available), key="contenders", format_func=names.__getitem__, help=help_, wrap=True, **options
    )
    _show_lost(info)
    failed.show_partial_models(info)
    session.write_list_to_link("contenders")
    session.remember(f"contenders {info.digest}", session.widget_value("contenders", []))
    _show_unfinished_models(info, models)
    selected = tuple(available[key] for key in session.widget_value("contenders", []))
    session.remember(f"contender labels {info.digest}", {item.key: item.label for item in selected})
    if len(selected) < minimum:
        _show_too_few(minimum, models)
        return ()
    return _show_checks(info, selected)


def _remember_lost(info: CorpusInfo, models: list[ModelSpec]) -> None:
    """The labels of contenders that were compared on this corpus, and whose model was deleted since."""
    labels: dict[str, str] = session.remembered(f"contender labels {info.digest}", {})
    if lost := [label for key, label in labels.items() if from_key(key, models) is None]:
        session.remember("lost_contenders", (info.digest, lost))


def _show_lost(info: CorpusInfo) -> None:
    digest, labels = session.remembered("lost_contenders") or ("", [])
    if digest == info.digest:
        names = ", ".join(f"**{plain(label)}**" for label in labels)
        st.warning(f"No longer compared, since the model was deleted: {names}.", icon=":material/warning:")
        st.button("OK", key="lost_contenders_seen", on_click=session.remember, args=("lost_contenders", None))


def _show_checks(info: CorpusInfo, selected: tuple[Contender, ...]) -> tuple[Contender, ...]:
    """Warns of failed checks and of identical contenders; gives the contenders, marked where a check failed."""
    models = {contender.model for contender in selected}
    checks = session.ask_stored(check_contenders, session.corpus_ref(info), selected, models=models)
    if sentences := checks.sentences(selected):
        text = "\n".join(f"- {plain(sentence)}" for sentence in sentences)
        with st.container(key="contender_checks"):
            st.warning(text, icon=":material/fact_check:")
    return checks.marked(selected)


def _show_unfinished_models(info: CorpusInfo, models: list[ModelSpec]) -> None:
    """Models whose embedding was started but has not ended: they are not compared."""
    jobs = [job for job in session.manager().list(session.folder()) if job.spec.corpus == info.digest]
    embedded = [model.to_dict() for model in models]
    for job in jobs:
        if job.spec.kind != "embed" or job.status == "done" or job.spec.params["model"] in embedded:
            continue
        label = plain(ModelSpec.from_dict(job.spec.params["model"]).label)
        left = f", {job.total - job.done:,} {job.unit} left" if job.total > job.done else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            state = "being embedded" if job.open else "not embedded yet"
            st.caption(f":material/info: {label}: {state}{left}.", width="content")
            if not job.open:
                jobs_view.continue_button(job, key=f"continue-{job.id}")


def _restore_selection(info: CorpusInfo, models: list[ModelSpec]) -> None:
    """Set the selection to the last one on this corpus, to the link's, or to the defaults; these follow newly embedded
    models until the user changes the selection."""
    previous = session.remembered(f"contenders {info.digest}")
    if previous is not None and not session.widget_value("contenders"):
        session.widget_default("contenders", previous)
    session.select_list_from_link("contenders", list(_available_contenders(models)))
    current, defaults = session.widget_value("contenders"), session.remembered(f"default contenders {info.digest}")
    if (previous is None and not current) or (defaults and current == defaults[1] and defaults[0] != models):
        session.set_widget("contenders", _default_keys(models))
        session.remember(f"default contenders {info.digest}", (models, session.widget_value("contenders")))


def _available_contenders(models: list[ModelSpec]) -> dict[str, Contender]:
    """By key: the models, and the variants added during this session or named by the link."""
    link = str(st.query_params.get("contenders", "")).split(".")
    keys = [*(model.key for model in models), *session.remembered("variants", []), *link]
    keys += session.widget_value("contenders", [])
    contenders = ((key, from_key(str(key), models)) for key in dict.fromkeys(keys))
    return {key: contender for key, contender in contenders if contender and _is_possible(contender)}


def _is_possible(contender: Contender) -> bool:
    size = contender.model.dimensions
    return not contender.dimensions or not size or contender.dimensions < size


def _default_keys(models: list[ModelSpec]) -> list[str]:
    return [model.key for model in models[:MAX_DEFAULTS]]


def _show_variant_form(models: list[ModelSpec]) -> None:
    with st.popover("Add variant", icon=":material/add:", width="stretch", help="The same model with smaller vectors."):
        by_key = {model.key: model for model in models}
        names = {model.key: model.label for model in models}
        model = by_key[st.selectbox("Model", list(names), format_func=names.__getitem__, key="variant_model")]
        full = model.dimensions or 0
        sizes = {size: f"the first {size:,}" for size in reversed(DIMENSIONS) if size < full}
        sizes, help_ = (
            {0: f"all {full:,}"} | sizes,
            "The first dimensions of each vector. Matryoshka loses little.",
        )
        size = st.selectbox("Dimensions", list(sizes), key="variant_size", format_func=sizes.__getitem__, help=help_)
        help_ = "float16 halves the size, int8 is a quarter of it; binary stores only signs: 1/32 of the size."
        variant = Contender(model, size or None, st.selectbox("Data type", list(BITS), key="variant_bits", help=help_))
        action: dict[str, Any] = {"on_click": _add_variants, "args": ([variant.key],), "disabled": variant.is_model}
        st.button("Add", key="variant_add", type="primary", help="No new embedding is needed.", **action)


def _add_variants(keys: list[str]) -> None:
    session.remember("variants", list(dict.fromkeys([*session.remembered("variants", []), *keys])))
    selected = session.widget_value("contenders", [])
    session.set_widget("contenders", list(dict.fromkeys([*selected, *keys]))[:MAX_CONTENDERS])


def _show_too_few(minimum: int, models: list[ModelSpec]) -> None:
    need = "at least two contenders" if minimum == 2 else "a contender"
    st.info(f"Select {need}, or add a variant of a model: the same vectors, stored smaller.", icon=":material/info:")
    variants = [Contender(models[0], 128), Contender(models[0], None, "binary")]
    keys = [models[0].key, *(variant.key for variant in variants if _is_possible(variant))]
    help_ = f"{plain(models[0].label)} with 128 dimensions, and binary. Nothing is embedded for this."
    action: dict[str, Any] = {"on_click": _add_variants, "args": (keys,), "help": help_}
    st.button("Compare with smaller variants", key="variants_add", icon=":material/compress:", **action)
    st.page_link("pages/data/embed.py", label="Embed with another model", icon=":material/memory:")
