"""Choosing contenders: the corpus' models, and variants of them at fewer dimensions or bits."""

import streamlit as st

from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contenders import BITS, Contender, from_key
from pages.shared import empty, session
from pages.shared.text import plain, told_apart

MOST = 10
FIRST_CHOICE = 5  # models compared unless told otherwise
SIZES = (8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536)


def choose(info: CorpusInfo, least: int = 2) -> tuple[Contender, ...]:
    """Draws the choice, which all pages of Compare share and the link keeps.

    Gives at most ten contenders, in the order chosen, or none where fewer than `least` are; then it has said what to
    do.
    """
    models = session.workspace().models(info.digest)
    if not models:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: there are no models to compare.")
        return ()
    _recall(info, models)
    known = _known(models)
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with right:
        _variant(models)
    names = told_apart({key: contender.label for key, contender in known.items()})
    left.multiselect(
        "Contenders",
        list(known),
        key="contenders",
        format_func=lambda key: names[key],
        max_selections=MOST,
        placeholder="Choose what to compare",
        help="Embeddings of this corpus that are compared: its models, and variants of them. More models are added on "
        "the Embed page, vectors of your own on the Data page.",
    )
    session.write_list_to_link("contenders")
    session.remember(f"contenders {info.digest}", session.widget_value("contenders", []))
    chosen = tuple(known[key] for key in session.widget_value("contenders", []))
    if len(chosen) < least:
        _too_few(least)
        return ()
    return chosen


def _recall(info: CorpusInfo, models: list[ModelSpec]) -> None:
    """Set the choice to what was chosen last on this corpus, to what the link names, or to the defaults; these follow
    the models that come, until the person chooses."""
    before = session.remembered(f"contenders {info.digest}")
    if before is not None and not session.widget_value("contenders"):
        session.widget_default("contenders", before)
    session.select_list_from_link("contenders", list(_known(models)))
    chosen, given = session.widget_value("contenders"), session.remembered(f"contenders given {info.digest}")
    if (before is None and not chosen) or (given and chosen == given[1] and given[0] != models):
        session.set_widget("contenders", _defaults(models))
        session.remember(f"contenders given {info.digest}", (models, session.widget_value("contenders")))


def _known(models: list[ModelSpec]) -> dict[str, Contender]:
    """What can be chosen by key: the models, and the variants made on this visit or named by the link."""
    link = str(st.query_params.get("contenders", "")).split(".")
    keys = [*(model.key for model in models), *session.remembered("variants", []), *link]
    keys += session.widget_value("contenders", [])
    found = ((key, from_key(str(key), models)) for key in dict.fromkeys(keys))
    return {key: contender for key, contender in found if contender and _possible(contender)}


def _possible(contender: Contender) -> bool:
    size = contender.model.dimensions
    return not contender.dimensions or not size or contender.dimensions < size


def _defaults(models: list[ModelSpec]) -> list[str]:
    """The models; fewer than three are set beside smaller versions of the first."""
    smaller = [each for each in (Contender(models[0], 128), Contender(models[0], None, "binary")) if _possible(each)]
    added = [each.key for each in smaller][: max(0, 3 - len(models))]
    session.remember("variants", list(dict.fromkeys([*session.remembered("variants", []), *added])))
    return [*(model.key for model in models[:FIRST_CHOICE]), *added]


def _variant(models: list[ModelSpec]) -> None:
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
            [0, *(each for each in reversed(SIZES) if each < full)],
            key="variant_size",
            format_func=lambda each: f"all {full:,}" if each == 0 else f"the first {each:,}",
            help="Only the first numbers of each vector are kept. Models trained for it (Matryoshka) lose little.",
        )
        bits = st.selectbox(
            "Each number as", list(BITS), key="variant_bits",
            help="float16 halves the size, int8 quarters it; binary keeps signs alone: a 32nd of the size.",
        )  # fmt: skip
        made = Contender(chosen, size or None, bits)
        st.button("Add", key="variant_add", type="primary", disabled=made.is_model, on_click=_add, args=(made.key,),
                  help="Adds it to the contenders. Nothing is embedded anew.")  # fmt: skip


def _add(key: str) -> None:
    session.remember("variants", list(dict.fromkeys([*session.remembered("variants", []), key])))
    chosen = session.widget_value("contenders", [])
    session.set_widget("contenders", list(dict.fromkeys([*chosen, key]))[:MOST])


def _too_few(least: int) -> None:
    need = "at least two contenders" if least == 2 else "a contender"
    st.info(f"Choose {need} above, or add a variant of a model: the same vectors, stored smaller.",
            icon=":material/info:")  # fmt: skip
    st.page_link("pages/data/embed.py", label="Embed with another model", icon=":material/memory:")
