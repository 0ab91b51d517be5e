"""The only user of st.session_state and of the environment: settings, workspace, selections, API keys."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import streamlit as st
from platformdirs import user_data_path
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.corpus.added_columns import current_ref
from core.corpus.reading.budget import SETTING, Budget, parse_budget
from core.digest import digest_value
from core.errors import InputError
from core.jobs.manager import JobManager
from core.models import folders
from core.models.chat import ChatModel
from core.models.openai_client.connections import ANY, PUBLIC
from core.models.registry import capabilities
from core.models.reranker import RerankerSpec
from core.results import HasCorpus
from core.secret import Keys, Secret
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef, ModelSpec
from pages.shared import cached, sign_in

T = TypeVar("T")
_LINK_CHANGES, _DRAWN = "link_changes", "drawn_page"


@dataclass(frozen=True)
class Settings:
    """home: the workspace. scheduler: a Dask scheduler's address, empty for workers here. workers: 0 is one a core.
    budget: what reading an upload may take. servers: embedding and chat servers that visitors may name; empty for the
    default."""

    home: Path
    scheduler: str
    workers: int
    budget: Budget
    servers: tuple[str, ...]


def settings() -> Settings:
    home = os.environ.get("PLANISPHERE_HOME")
    return Settings(
        Path(home).expanduser() if home else user_data_path("planisphere", appauthor=False),
        os.environ.get("PLANISPHERE_SCHEDULER", ""),
        _whole_number(os.environ.get("PLANISPHERE_WORKERS") or "0"),
        parse_budget(os.environ.get(SETTING, "")),
        tuple(os.environ.get("PLANISPHERE_SERVERS", "").replace(",", " ").split()),
    )


def _whole_number(text: str) -> int:
    if not text.strip().isdecimal():
        raise InputError(f"PLANISPHERE_WORKERS is {text[:20]!r}, not a whole number.", "Correct it and restart.")
    return int(text)


def model_folders() -> tuple[Path, ...] | None:
    """The folders whose models may be loaded: those of the setting; else any (None), but none with sign-in."""
    listed = os.environ.get(folders.SETTING, "")
    if listed:
        return tuple(Path(path).expanduser() for path in listed.split(os.pathsep) if path)
    return () if sign_in.providers() else None


def workspace() -> Workspace:
    """This person's workspace: one of their own where sign-in is configured. Raises SignInError before sign-in."""
    return Workspace(sign_in.home_folder(settings().home))


def manager() -> JobManager:
    current = settings()
    # with sign-in, visitors are not those who run this machine: its network is not theirs to reach
    servers = current.servers or ((PUBLIC,) if sign_in.providers() else (ANY,))
    return cached.shared(current.scheduler, current.workers, servers, str(current.home)).manager


def ask(
    function: Callable[..., T],
    *arguments: Any,
    timeout: float = 120,
    on: str = "answer",
    tick: Callable[[], None] | None = None,
) -> T:
    """The answer of a function of `core`, computed in a worker, not cached. on="job": where it may take long. tick:
    called meanwhile; where it draws something, a click stops the work."""
    return manager().ask(function, *arguments, timeout=timeout, on=on, starting=_show_starting, tick=tick)


def ask_once(function: Callable[..., T], *arguments: Any, on: str = "answer") -> T:
    """The same, cached: arguments must be digests and frozen parameters that determine the answer."""
    ask_manager = partial(manager().ask, function, *arguments, on=on, timeout=600)
    return cached.worker_result(ask_manager, _key(function, *arguments))


def ask_stored(
    function: Callable[..., T], about: CorpusRef | HasCorpus, *arguments: Any, models: Iterable[ModelSpec] = ()
) -> T:
    """The same where the answer also depends on stored results of the corpus and on what is known of these models:
    cached until that changes. It must not depend on logs, such as judgments."""
    corpus, models = about if isinstance(about, CorpusRef) else about.corpus, list(models)
    state = Workspace(corpus.folder).state(corpus.digest, models)
    if not state:
        return ask(function, about, *arguments, timeout=600)
    available = [model.key for model in models if capabilities(model).can_embed]
    ask_manager = partial(manager().ask, function, about, *arguments, timeout=600)
    return cached.worker_result(ask_manager, _key(function, about, *arguments, state, available))


def _key(function: Callable[..., Any], *arguments: Any) -> str:
    return digest_value([function.__module__, function.__qualname__, arguments])


def _show_starting() -> AbstractContextManager[None]:
    return st.spinner("A worker process is starting; this takes up to half a minute …", show_time=True)


def folder() -> str:
    return str(workspace().folder)


def corpus_ref(info: CorpusInfo) -> CorpusRef:
    """Names a corpus of this person's workspace, with its added columns, in questions to `core`."""
    return current_ref(folder(), info.digest)


def remembered(name: str, default: Any = None) -> Any:
    """A small serializable value of this session."""
    return st.session_state.get(f"planisphere.{name}", default)


def remember(name: str, value: Any) -> None:
    st.session_state[f"planisphere.{name}"] = value


def set_widget(key: str, value: Any) -> None:
    """Set a keyed widget's value; call it in a callback or before the widget is drawn."""
    st.session_state[key] = value


def widget_default(key: str, value: Any) -> None:
    """A keyed widget's first value, for widgets whose value is also set by the program."""
    if key not in st.session_state:
        st.session_state[key] = value


def drop_unknown_values(key: str, options: Sequence[str]) -> None:
    """Remove from a multiple choice what is not among the options (any more); call it before the widget is drawn."""
    if key in st.session_state:
        st.session_state[key] = [value for value in st.session_state[key] if value in options]


def widget_value(key: str, default: Any = None) -> Any:
    return st.session_state.get(key, default)


def current_corpus() -> CorpusInfo | None:
    """The corpus chosen in the sidebar (or by the link), None where the workspace is empty. columns: with the added."""
    info = workspace().info(str(st.session_state.get("corpus") or ""))
    added = () if info is None else tuple(name for name, _ in corpus_ref(info).columns)
    return info and replace(info, columns=(*info.columns, *added))


def current_model() -> ModelSpec | None:
    """The model chosen in the sidebar (or by the link) among those the corpus is embedded with."""
    info = current_corpus()
    models = workspace().models(info.digest) if info else []
    key = st.session_state.get("model")
    return next((model for model in models if model.key == key), models[0] if models else None)


def open_corpus(digest: str) -> None:
    """Choose a corpus, from the next time the sidebar is drawn: in a callback, or before st.rerun()."""
    remember("open_corpus", digest)


def select_from_link(name: str, options: Sequence[str]) -> str:
    """The selected option: just opened, else selected before, else in the link, else the first. After the browser's
    Back button the link comes first.

    Call it before the widget of that key is drawn; Streamlit's own binding would write labels, which renaming breaks.
    """
    linked = st.query_params.get(name)
    restored = linked if is_back_navigation() else None
    candidates = (remembered(f"open_{name}"), restored, st.session_state.get(name), linked)
    selected = next((str(candidate) for candidate in candidates if candidate in options), options[0])
    remember(f"open_{name}", None)
    set_widget(name, selected)
    return selected


def set_link(name: str, value: str) -> None:
    """Set a parameter of the address, or remove it by "". A page not drawn before does so at its end: `flush_link`."""
    context = get_script_run_ctx()
    changes = {**remembered(_LINK_CHANGES, {}), name: value}
    remember(_LINK_CHANGES, changes)
    if context is not None and (context.fragment_ids_this_run or remembered(_DRAWN) == context.page_script_hash):
        _write_link()


def flush_link() -> None:
    """At the end of a run: write what was set as one entry of the browser's history, so that Back leaves the page.

    Not before the page is drawn, or the browser would store the new parameters under the previous page's address.
    """
    _write_link()
    if (context := get_script_run_ctx()) is not None:
        remember(_DRAWN, context.page_script_hash)


def _write_link() -> None:
    changes = remembered(_LINK_CHANGES, {})
    remember(_LINK_CHANGES, {})
    if is_back_navigation():  # a new entry would lead forward again
        return
    updates = {name: value for name, value in changes.items() if value and st.query_params.get(name) != value}
    for name in [name for name, value in changes.items() if not value and name in st.query_params]:
        del st.query_params[name]
    if updates:
        st.query_params.update(updates)


def drop_link_changes() -> None:
    """Forget what an interrupted run has set; the next one sets it again."""
    remember(_LINK_CHANGES, {})


def write_to_link(name: str) -> None:
    """Write a widget's value into the address; call it after the widget is drawn."""
    if value := st.session_state.get(name):
        set_link(name, str(value))


def is_back_navigation() -> bool:
    """Whether this run was started by the browser's Back or Forward button."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def text_from_link(name: str) -> None:
    """Set a text field from the link at first and after the Back button; call it before the field is drawn.

    Streamlit's own binding would replace the current entry of the browser's history at each change.
    """
    if name not in st.session_state or is_back_navigation():
        set_widget(name, str(st.query_params.get(name, "")))


def write_text_to_link(name: str) -> None:
    """Write a text field into the address, as a new entry of the browser's history; call it after it is drawn."""
    set_link(name, str(st.session_state.get(name) or ""))


def select_list_from_link(name: str, options: Sequence[str]) -> None:
    """The same for a multiple choice, whose values are separated by dots in the link."""
    use_link = name not in st.session_state or is_back_navigation()
    linked = str(st.query_params.get(name, "")).split(".") if use_link else st.session_state[name]
    set_widget(name, [value for value in linked if value in options])


def write_list_to_link(name: str) -> None:
    """Write a multiple choice into the address; call it after the widget is drawn."""
    set_link(name, ".".join(st.session_state.get(name) or []))


def update_link(name: str, replacements: Mapping[str, str]) -> None:
    """Set a widget to the current equivalent of a value that an older version wrote into a link.

    Call it before the widget, which is bound to the query parameter of the same name, is drawn.
    """
    value = replacements.get(str(st.query_params.get(name)))
    if value:
        del st.query_params[name]
        set_widget(name, value)


def api_key(model: ModelSpec) -> Secret | None:
    """The key of a model's own service, None for a model that takes none: no key is sent to another service."""
    name = capabilities(model).key_name
    return named_key(name) if name else None


def named_key(name: str) -> Secret | None:
    """A service's key, typed in this session or, unless its name is a server's address, set on this machine.

    name: as `Capabilities.key_name`. On this machine, the environment comes before the secrets file.
    """
    if "://" in name:
        value = remembered(_server(name))
    else:
        value = typed_key(name) or os.environ.get(name) or sign_in.read_secret(name)
    return Secret(str(value)) if value else None


def job_key(params: dict[str, Any]) -> Secret | None:
    """What a job needs to send: the key of its model's server or its chat model's, or each contender's own."""
    params = params.get("query", params)  # of a job that computes a stored result
    models = [contender["model"] for contender in params.get("contenders", ())]
    if models:
        names = {capabilities(ModelSpec.from_dict(model)).key_name for model in models}
        return Keys({name: named_key(name) for name in names if name})
    if pipeline := params.get("pipeline"):
        return _pipeline_keys(pipeline)
    if "chat" in params:
        return api_key(ChatModel(**params["chat"]).spec)
    model = params.get("model") or params.get("contender", {}).get("model")
    return api_key(ModelSpec.from_dict(model)) if model else None


def _pipeline_keys(pipeline: dict[str, Any]) -> Keys:
    """The keys of a retrieval pipeline's embedding model and reranker."""
    models = [ModelSpec.from_dict(pipeline["contender"]["model"])] if pipeline["contender"] else []
    models += [RerankerSpec(**pipeline["reranker"]).model] if pipeline["reranker"] else []
    names = {capabilities(model).key_name for model in models}
    return Keys({name: named_key(name) for name in names if name})


def store_server_key(base_url: str, field: str = "server_key") -> None:
    """Store the key just typed into a field for this server only, in this session."""
    remember(_server(base_url), st.session_state.get(field) or None)


def _server(base_url: str) -> str:
    return f"key of {urlsplit(base_url).netloc.lower()}"


def key_widget(name: str) -> str:
    """The key of the widget a service's API key is typed into."""
    return f"api_key-{name}"


def typed_key(name: str) -> str:
    """A service's key typed in this session, or ""."""
    return str(st.session_state.get(key_widget(name)) or "")


def theme() -> Literal["light", "dark"]:
    """The theme of this session."""
    return "dark" if st.context.theme.type == "dark" else "light"
