"""Choosing contenders: the corpus' models, and variants of them at fewer dimensions or bits."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contenders import BITS, Contender, from_key
from pages.shared import messages, session
from pages.shared.messages import show_error
from pages.shared.text import disambiguate_labels, plain

MAX_CONTENDERS = 10
MAX_DEFAULTS = 5  # models compared unless told otherwise
DIMENSIONS = (8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536)


def select_contenders(info: CorpusInfo, minimum: int = 2) -> tuple[Contender, ...]:
    """Draws the choice, which all pages of Compare share and the link keeps.

    Gives at most ten contenders, in the order chosen, or none where fewer than `least` are; then it has said what to
    do.
    """
    models = session.workspace().models(info.digest)
    if not models:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet: there are no models to compare.")
        return ()
    _restore_selection(info, models)
    available = _available_contenders(models)
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with right:
        _show_variant_form(models)
    names = disambiguate_labels({key: contender.label for key, contender in available.items()})
    left.multiselect(
        "Contenders",
        list(available),
        key="contenders",
        format_func=lambda key: names[key],
        max_selections=MAX_CONTENDERS,
        placeholder="Choose what to compare",
        help="Embeddings of this corpus that are compared: its models, and variants of them. More models are added on "
        "the Embed page, vectors of your own on the Data page.",
    )
    session.keep_list_in_link("contenders")
    session.remember(f"contenders {info.digest}", session.widget_value("contenders", []))
    selected = tuple(available[key] for key in session.widget_value("contenders", []))
    if len(selected) < minimum:
        _show_too_few(minimum)
        return ()
    return selected


def _restore_selection(info: CorpusInfo, models: list[ModelSpec]) -> None:
    """Set the choice to what was chosen last on this corpus, to what the link names, or to the defaults; these follow
    the models that come, until the person chooses."""
    previous = session.remembered(f"contenders {info.digest}")
    if previous is not None and not session.widget_value("contenders"):
        session.widget_default("contenders", previous)
    session.linked_choices("contenders", list(_available_contenders(models)))
    current, defaults = session.widget_value("contenders"), session.remembered(f"contenders given {info.digest}")
    if (previous is None and not current) or (defaults and current == defaults[1] and defaults[0] != models):
        session.set_widget("contenders", _defaults(models))
        session.remember(f"contenders given {info.digest}", (models, session.widget_value("contenders")))


def _available_contenders(models: list[ModelSpec]) -> dict[str, Contender]:
    """What can be chosen by key: the models, and the variants made on this visit or named by the link."""
    link = str(st.query_params.get("contenders", "")).split(".")
    keys = [*(model.key for model in models), *session.remembered("variants", []), *link]
    keys += session.widget_value("contenders", [])
    contenders = ((key, from_key(str(key), models)) for key in dict.fromkeys(keys))
    return {key: contender for key, contender in contenders if contender and _is_smaller(contender)}


def _is_smaller(contender: Contender) -> bool:
    size = contender.model.dimensions
    return not contender.dimensions or not size or contender.dimensions < size


def _defaults(models: list[ModelSpec]) -> list[str]:
    """The models; fewer than three are set beside smaller versions of the first."""
    smaller = [
        variant for variant in (Contender(models[0], 128), Contender(models[0], None, "binary")) if _is_smaller(variant)
    ]
    added = [variant.key for variant in smaller][: max(0, 3 - len(models))]
    session.remember("variants", list(dict.fromkeys([*session.remembered("variants", []), *added])))
    return [*(model.key for model in models[:MAX_DEFAULTS]), *added]


def _show_variant_form(models: list[ModelSpec]) -> None:
    """The popover that makes a variant of a model."""
    with st.popover("Add a variant", icon=":material/add:", width="stretch", help="The same model, stored smaller."):
        names = {model.key: model for model in models}
        chosen = names[
            st.selectbox("Model", list(names), format_func=lambda key: names[key].label, key="variant_model",
                         help="The model whose vectors are made smaller.")
        ]  # fmt: skip
        full = chosen.dimensions or 0
        size = st.selectbox(
            "Dimensions",
            [0, *(option for option in reversed(DIMENSIONS) if option < full)],
            key="variant_size",
            format_func=lambda option: f"all {full:,}" if option == 0 else f"the first {option:,}",
            help="Only the first numbers of each vector are kept. Models trained for it (Matryoshka) lose little.",
        )
        bits = st.selectbox(
            "Each number as", list(BITS), key="variant_bits",
            help="float16 halves the size, int8 quarters it; binary keeps signs alone: a 32nd of the size.",
        )  # fmt: skip
        variant = Contender(chosen, size or None, bits)
        st.button("Add", key="variant_add", type="primary", disabled=variant.is_model, on_click=_add_variant, args=(variant.key,),
                  help="Adds it to the contenders. Nothing is embedded anew.")  # fmt: skip


def _add_variant(key: str) -> None:
    session.remember("variants", list(dict.fromkeys([*session.remembered("variants", []), key])))
    selected = session.widget_value("contenders", [])
    session.set_widget("contenders", list(dict.fromkeys([*selected, key]))[:MAX_CONTENDERS])


def _show_too_few(minimum: int) -> None:
    need = "at least two contenders" if minimum == 2 else "a contender"
    st.info(f"Choose {need} above, or add a variant of a model: the same vectors, stored smaller.",
            icon=":material/info:")  # fmt: skip
    st.page_link("pages/data/embed.py", label="Embed with another model", icon=":material/memory:")


def start_page(title: str, empty_message: str, minimum: int = 2) -> tuple[CorpusInfo, tuple[Contender, ...]] | None:
    """Draws the title and the choice of contenders; None where there is no corpus (then it says `nothing`) or too few
    are chosen, having said what to do."""
    st.title(title)
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus(empty_message)
        return None
    contenders = select_contenders(info, minimum)
    return (info, contenders) if contenders else None


def select_view(names: Collection[str], key: str, help_: str) -> str:
    """The part of the page to look at, which the link keeps; the first unless told otherwise."""
    options = list(names)
    selected = st.segmented_control(
        "What to look at", options, key=key, bind="query-params", default=options[0], required=True, help=help_
    )
    return str(selected or options[0])


@st.fragment
def run_view(show: Callable[..., None], *arguments: Any) -> None:
    """One part of a page; a fragment, so that its choices redraw nothing else."""
    try:
        show(*arguments)
    except PlanisphereError as error:
        show_error(error)
