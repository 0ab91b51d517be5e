"""Choosing models: the presets, and models a person adds by name, folder or server address."""

import time
from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import PlanisphereError
from core.models.base import Capabilities
from core.models.fine_tuned import tuned_models
from core.models.folders import check_folder
from core.models.registry import HUB_NAME, PRESETS, capabilities
from core.types import ModelSpec
from core.vectors import service
from core.vectors.adapters import stored_adapters
from core.word_vectors.service import word_models
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import plain

LOAD_SECONDS = 3600  # a large model may be downloaded
LOCAL, SERVER = "Sentence transformer", "OpenAI-compatible server"


def select_models() -> list[ModelSpec]:
    """Draw the choice; gives the selected models."""
    adapted = [spec for spec in stored_adapters(session.folder()) if capabilities(spec).can_embed]
    trained = (*tuned_models(session.folder()), *word_models(session.folder()), *adapted)
    models = {spec.key: spec for spec in (*PRESETS, *trained, *added_models())}
    select_added_model()
    session.drop_unknown_values("models", list(models))
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    selected = left.multiselect(
        "Models",
        list(models),
        key="models",
        persist_state="session",
        format_func=lambda key: models[key].label,
        placeholder="Select one or more models",
        help="Each model runs as its own job, one after another.",
        wrap=True,
    )
    with right.popover("Add model", icon=":material/add:", width="stretch"):
        show_add_model_form()
    specs = [models[key] for key in selected]
    for spec in specs:
        adapter = " Its vectors then pass through the adapter." if spec.adapter else ""
        st.caption(f"**{plain(spec.label)}**: {capabilities(spec).description}{adapter}")
    services = {declared.key_name: declared for spec in specs if (declared := capabilities(spec)).needs_key}
    for declared in services.values():
        show_key_field(declared)
    return [select_dimensions(spec) for spec in specs]


def select_added_model() -> None:
    """The default model is selected at first; a model just added is selected too."""
    session.widget_default("models", [PRESETS[0].key])
    new = session.remembered("choose_model")
    if new:
        session.set_widget("models", list(dict.fromkeys([*session.widget_value("models"), new])))
        session.remember("choose_model", None)


def added_models() -> list[ModelSpec]:
    """Models added in this session."""
    return [ModelSpec.from_dict(values) for values in session.remembered("added_models", [])]


def show_add_model_form() -> None:
    options = (LOCAL, SERVER)
    kind = st.segmented_control("Type", options, default=LOCAL, key="add_kind", help="Where the model runs.") or LOCAL
    with st.form("add_model", border=False):
        spec = local_model_fields() if kind == LOCAL else server_model_fields()
        submitted = st.form_submit_button("Add", type="primary", icon=":material/add:")
    if submitted:
        add_model(spec)


def local_model_fields() -> ModelSpec | None:
    """The model as typed, None without a name."""
    help = "A Hugging Face Hub name, or a folder on the machine that runs this app. Code of a model is never run."
    example = "intfloat/multilingual-e5-small"
    name = st.text_input("Name or folder", key="add_name", placeholder=example, help=help).strip()
    return ModelSpec("sentence-transformers", name) if name else None


def server_model_fields() -> ModelSpec | None:
    """The model as typed, None while the address or the name is missing."""
    example, help = "http://localhost:8000/v1", "Base URL of a server with OpenAI's API: vLLM, TEI, Ollama, LM Studio."
    url = st.text_input("Server address", key="add_url", placeholder=example, help=help).strip()
    help = "Its ID there. May be empty for the address of an Azure deployment."
    name = st.text_input("Model name", key="add_server_model", placeholder="BAAI/bge-m3", help=help).strip()
    size = st.number_input(
        "Dimensions (0 = default)", 0, 16_384, 0, key="add_size", help="For models that support shorter vectors."
    )
    st.text_input(
        "API key (optional)",
        type="password",
        key="server_key",
        persist_state="session",
        help="Stored in memory for this session only. Your OpenAI key is never sent to another server.",
    )
    st.caption("Adding sends one short text to the server, to check that it responds and how long its vectors are.")
    is_complete = url and (name or "/deployments/" in url)
    return ModelSpec("openai", name, base_url=url, dimensions=int(size) or None) if is_complete else None


def add_model(spec: ModelSpec | None) -> None:
    """Resolve the model and select it, or say why it can't be used."""
    if spec is None:
        st.warning("Fill in the fields above first.")
        return
    try:
        resolved = resolve_server_model(spec) if spec.base_url else resolve_local_model(spec)
    except PlanisphereError as error:
        show_error(error)
        return
    select_new_model(resolved)
    st.rerun()


def select_new_model(spec: ModelSpec) -> None:
    """Add a resolved model to those on offer, and select it from the next time they are drawn."""
    others = [model.to_dict() for model in added_models() if model.key != spec.key]
    session.remember("added_models", [*others, spec.to_dict()])
    session.remember("choose_model", spec.key)


def resolve_server_model(spec: ModelSpec) -> ModelSpec:
    """The spec with the dimensions its server answers with; sends one short text. Raises ServiceError."""
    with st.spinner("Sending a short text to the server …"):
        session.store_server_key(spec.base_url)
        return session.ask(service.resolve_model, session.folder(), spec, session.api_key(spec), timeout=60)


def resolve_local_model(spec: ModelSpec) -> ModelSpec:
    """The spec filled in by loading the model; whether there is one shows within seconds. Raises ModelError, also for a
    folder that may not be used."""
    is_hub_name = HUB_NAME.fullmatch(spec.name) is not None
    spec = replace(spec, name=check_folder(spec.name, is_hub_name, session.model_folders()))
    with st.spinner("Looking the model up …"):
        session.ask(service.look_up_model, spec, timeout=30)
    elapsed, started = st.empty(), time.monotonic()
    st.button("Cancel", key="add_cancel", icon=":material/stop_circle:", help="Stops loading the model.")

    def tick() -> None:  # drawing is what lets a click end this run
        elapsed.caption(f"Loading the model (downloads it if needed) … {time.monotonic() - started:.0f} s")

    options: dict[str, Any] = {"timeout": LOAD_SECONDS, "on": "job", "tick": tick}
    return session.ask(service.resolve_model, session.folder(), spec, None, **options)


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
        help="Stored in memory for this session only: never written, logged or put into a link. Can also be set as the "
        f"environment variable {name} or in .streamlit/secrets.toml.",
    )


def select_dimensions(spec: ModelSpec) -> ModelSpec:
    """Some models support shorter vectors."""
    sizes = capabilities(spec).dimension_choices
    if not sizes or spec.adapter:
        return spec
    label, key, help = f"Dimensions of {spec.name}", f"size-{spec.name}", "Shorter vectors take less memory."
    size = st.segmented_control(label, sizes, default=sizes[-1], key=key, persist_state="session", help=help)
    return replace(spec, dimensions=size or sizes[-1])
