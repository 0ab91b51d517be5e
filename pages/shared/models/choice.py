"""Choosing models: the presets, and models a person adds by name, folder or server address."""

from dataclasses import replace

import streamlit as st

from core.errors import PlanisphereError
from core.models.base import Capabilities
from core.models.registry import PRESETS, capabilities, describe
from core.types import ModelSpec
from core.vectors import service
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import plain

KINDS = ("Sentence transformer", "OpenAI-compatible server")


def select_models() -> list[ModelSpec]:
    """Draw the choice; gives the chosen models, ready to be asked about."""
    models = {spec.key: spec for spec in (*PRESETS, *added_models())}
    names = {key: spec.label for key, spec in models.items()}
    select_added_model()
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    selected = left.multiselect(
        "Models",
        list(models),
        key="models",
        persist_state="session",
        format_func=lambda key: names[key],
        placeholder="Choose one or several models",
        help="Each runs as a job of its own, one after the other.",
    )
    with right.popover("Add a model", icon=":material/add:", width="stretch"):
        show_add_model_form()
    for key in selected:
        st.caption(f"**{plain(names[key])}**: {describe(models[key])}")
    specs = [models[key] for key in selected]
    services = {declared.key_name: declared for spec in specs if (declared := capabilities(spec)).needs_key}
    for declared in services.values():
        show_key_field(declared)
    return [select_dimensions(spec) for spec in specs]


def select_added_model() -> None:
    """The default model is chosen at first; a model just added is chosen too."""
    session.widget_default("models", [PRESETS[0].key])
    new = session.remembered("choose_model")
    if new:
        session.set_widget("models", list(dict.fromkeys([*session.widget_value("models"), new])))
        session.remember("choose_model", None)


def added_models() -> list[ModelSpec]:
    """Models added on this visit."""
    return [ModelSpec.from_dict(values) for values in session.remembered("added_models", [])]


def show_add_model_form() -> None:
    kind = (
        st.segmented_control("Kind", KINDS, default=KINDS[0], key="add_kind", help="Where the model runs.") or KINDS[0]
    )
    with st.form("add_model", border=False):
        if kind == KINDS[0]:
            name = st.text_input(
                "Name or folder",
                key="add_name",
                placeholder="intfloat/multilingual-e5-small",
                help="A name on the Hugging Face hub, or the path of a folder on the server's machine. Code that comes "
                "with a model is never run.",
            )
            spec = ModelSpec("sentence-transformers", name.strip()) if name.strip() else None
        else:
            spec = server_fields()
        if st.form_submit_button("Add", type="primary", icon=":material/add:"):
            add_model(spec)


def server_fields() -> ModelSpec | None:
    """The model as typed, None while the address or the name is missing."""
    url = st.text_input(
        "Server address",
        key="add_url",
        placeholder="http://localhost:8000/v1",
        help="The base URL of a server with OpenAI's protocol: vLLM, TEI, Ollama, LM Studio, Infinity.",
    )
    name = st.text_input(
        "Model name", key="add_server_model", placeholder="BAAI/bge-m3", help="As the server calls it."
    )
    size = st.number_input(
        "Dimensions (0: the model's own)",
        0,
        16_384,
        0,
        key="add_size",
        help="Only for models that can be shortened; most servers refuse other sizes.",
    )
    st.text_input(
        "Key, if the server wants one",
        type="password",
        key="server_key",
        persist_state="session",
        help="Kept for this visit only, in memory. Your OpenAI key is never sent to another server.",
    )
    st.caption("One short text is sent to the server, to see that it answers and how long its vectors are.")
    if not url.strip() or not name.strip():
        return None
    return ModelSpec("openai", name.strip(), base_url=url.strip(), dimensions=int(size) or None)


def add_model(spec: ModelSpec | None) -> None:
    """Look the model up and choose it, or say why it can't be used."""
    if spec is None:
        st.warning("Fill in the fields above first.")
        return
    try:
        found = look_up_server(spec) if spec.base_url else look_up_local(spec)
    except PlanisphereError as error:
        show_error(error)
        return
    others = [model.to_dict() for model in added_models() if model.key != found.key]
    session.remember("added_models", [*others, found.to_dict()])
    session.remember("choose_model", found.key)
    st.rerun()


def look_up_server(spec: ModelSpec) -> ModelSpec:
    """The spec with the dimensions its server answers with; sends one short text. Raises ServiceError."""
    with st.spinner("Sending a short text to the server …"):
        session.store_server_key(spec.base_url)
        return session.ask(service.resolve_model, session.folder(), spec, session.api_key(spec), timeout=60)


def look_up_local(spec: ModelSpec) -> ModelSpec:
    with st.spinner("Looking the model up; one that is not here yet is downloaded …"):
        return session.ask(service.resolve_model, session.folder(), spec, None, timeout=600, on="job")


def show_key_field(declared: Capabilities) -> None:
    """The field of a service's key."""
    name = declared.key_name
    configured = session.named_key(name) is not None and not session.typed_key(name)
    st.text_input(
        f"{declared.provider} API key".strip(),
        type="password",
        key=session.key_widget(name),
        persist_state="session",
        placeholder="found in the settings" if configured else "",
        help="Kept in memory for this visit only: never written, logged or put into a link. It may also come from the "
        f"environment ({name}) or .streamlit/secrets.toml.",
    )


def select_dimensions(spec: ModelSpec) -> ModelSpec:
    """Some models can be asked for shorter vectors."""
    sizes = capabilities(spec).dimension_choices
    if not sizes:
        return spec
    size = st.segmented_control(
        f"Dimensions of {spec.name}",
        sizes,
        default=sizes[-1],
        key=f"size-{spec.name}",
        persist_state="session",
        help="Shorter vectors take less memory and lose a little quality.",
    )
    return replace(spec, dimensions=size or sizes[-1])
