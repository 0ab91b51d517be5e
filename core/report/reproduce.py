"""The Python script of a report that repeats the comparison."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from core.corpus.build import read_corpus
from core.corpus.export import model_facts
from core.corpus.preprocess import Steps
from core.models.registry import backend_of, capabilities, load_embedder
from core.scoreboard.comparison import compare
from core.scoreboard.results import SCORERS
from core.scoreboard.types import Task
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.embedding import embed


def reproduction_code(info: CorpusInfo, contenders: Sequence[Contender], task: Task, metric: str, seed: int = 0) -> str:
    """A script that scores the contenders again and prints the scoreboard. It reads the source file of the corpus where
    this file and the models' names suffice; otherwise it uses the vectors in a workspace. Stored scores are not used.

    It runs with Planisphere's folder as working directory or on PYTHONPATH.
    """
    reembed, scorer = can_reembed(info, contenders, task), SCORERS[task.kind]
    imports = [Contender, CorpusRef, ModelSpec, Task, Workspace, compare, scorer]
    if reembed:
        imports += [Steps, embed, load_embedder, read_corpus]
    lines = [
        "import tempfile" if reembed else "import sys",
        "",
        *_import_lines(imports),
        "",
        *(_from_file(info) if reembed else _from_workspace(info)),
        "contenders = [",
        *(f"    {_contender(contender)}," for contender in contenders),
        "]",
        f"task = Task.from_dict({task.to_dict()!r})",
        *(_EMBED if reembed else []),
        f"scores = {{contender.key: {scorer.__name__}(ref, contender, task) for contender in contenders}}",
        "labels = {contender.key: contender.label for contender in contenders}",
        f"for line in compare(scores, {metric!r}, seed={seed}).lines:",
        '    interval, best = f"[{line.low:.4f}, {line.high:.4f}]", f"best in {line.share_best:.2f} of resamples"',
        '    print(f"{line.mean:.4f} {interval} {best} {labels[line.name]}")',
    ]
    return "\n".join(lines)


_EMBED = [
    "for model in dict.fromkeys(contender.model for contender in contenders):",
    "    embed(corpus, load_embedder(model), workspace)  # paid services take api_key=...",
]


def _import_lines(objects: Sequence[Any]) -> list[str]:
    """Import statements of functions and classes, one per module."""
    names: dict[str, list[str]] = {}
    for item in objects:
        names.setdefault(item.__module__, []).append(item.__name__)
    return [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]


def can_reembed(info: CorpusInfo, contenders: Sequence[Contender], task: Task) -> bool:
    """Whether named source files, model names and the corpus suffice."""
    origin = info.origin
    files = [source.get("name") for source in origin.get("sources", [])]
    derived = "left_out" in origin or not files or not all(files) or not origin.get("choices")
    derived = derived or bool(origin["choices"].get("passage_model"))  # its tokenizer split the texts
    uploaded = task.kind == "queries" or task.get("file") is not None
    return not (derived or uploaded or any(not _is_loadable(contender.model) for contender in contenders))


def _is_loadable(model: ModelSpec) -> bool:
    """Whether the name alone leads to the model: adapters and models trained in a workspace are there."""
    return capabilities(model).can_embed and not model.adapter and not backend_of(model).in_workspace


def _from_file(info: CorpusInfo) -> list[str]:
    sources, roles = info.origin["sources"], info.roles
    files = [str(source["name"]) for source in sources]
    arguments = {"text": roles.text, "label": list(roles.labels), "time": roles.time, "id": roles.id, "name": info.name}
    argument_lines = [f"    {name}={value!r}," for name, value in arguments.items() if value]
    defaults = asdict(Steps())
    choices = info.origin["choices"].items()
    steps = ", ".join(f"{name}={value!r}" for name, value in choices if value != defaults.get(name))
    return [
        "corpus = read_corpus(",
        f"    {files!r},",
        *argument_lines,
        f"    steps=Steps({steps}),",
        ")",
        f"if corpus.digest != {info.digest!r}:",
        '    raise SystemExit("These are not the rows of the report.")',
        "workspace, ref = Workspace(folder := tempfile.mkdtemp()), CorpusRef(folder, corpus.digest)",
        "workspace.save_corpus(corpus)",
    ]


def _from_workspace(info: CorpusInfo) -> list[str]:
    return [
        f"ref = CorpusRef(sys.argv[1], {info.digest!r})  # argument: the workspace with the corpus and its vectors",
        "if Workspace(ref.folder).info(ref.digest) is None:",
        '    raise SystemExit("The corpus of the report is not in this workspace.")',
    ]


def _contender(contender: Contender) -> str:
    """Python code of a contender, without default values."""
    values = model_facts(contender.model) | {"languages": contender.model.languages}
    defaults = {field.name: field.default for field in fields(ModelSpec)}
    model = ", ".join(f"{name}={value!r}" for name, value in values.items() if value != defaults[name])
    return f"Contender(ModelSpec({model}), {contender.dimensions!r}, {contender.bits!r})"
