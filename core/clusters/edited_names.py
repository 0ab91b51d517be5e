"""Names a person (or a language model on request) gave to clusters, kept beside the clustering."""

from dataclasses import asdict
from pathlib import Path

from core.clusters.methods import ClusterParams
from core.corpus.selections import clean_name
from core.digest import digest_json
from core.errors import InputError
from core.files import read_json, write_json
from core.store import Workspace
from core.types import ModelSpec


def edited_names(workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams) -> dict[int, str]:
    """Given names by label; empty where none were given or they can't be read."""
    raw = read_json(_file(workspace, corpus, model, params))
    if not isinstance(raw, dict):
        return {}
    return {int(label): str(name) for label, name in raw.items() if str(label).isdecimal() and str(name).strip()}


def save_names(
    workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams, names: dict[int, str]
) -> None:
    """Keep given names. Raises InputError for a name that can't be used or stands twice, StorageError."""
    cleaned = {label: clean_name(name) for label, name in names.items()}
    seen: dict[str, int] = {}
    for label, name in cleaned.items():
        if name.casefold() in seen:
            raise InputError(f'Two clusters would be called "{name}".', "Give each a name of its own.")
        seen[name.casefold()] = label
    path = _file(workspace, corpus, model, params)
    write_json(path, {str(label): name for label, name in sorted(cleaned.items())})


def _file(workspace: Workspace, corpus: str, model: ModelSpec, params: ClusterParams) -> Path:
    key = {"model": model.key, "clusters": digest_json(asdict(params.named()))}
    return workspace.result_folder("cluster_names", corpus, key) / "names.json"
