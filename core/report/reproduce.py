"""The code that does a comparison again with `core`."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from core.corpus.export import model_facts
from core.corpus.preprocess import Steps
from core.models.registry import capabilities
from core.scoreboard.types import Task
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.contenders import Contender


def again_code(info: CorpusInfo, contenders: Sequence[Contender], task: Task, metric: str, seed: int = 0) -> str:
    """A script that scores the contenders anew and prints the board. It reads the file the corpus came from, where that
    file and the models' names are all it takes; else it works on the vectors in a workspace. Nothing kept is reused.

    It runs with Planisphere's folder as working directory or on PYTHONPATH.
    """
    anew = can_start_anew(info, contenders, task)
    scorer = f"score_{task.kind}"
    imports = [
        "from core.vectors.contenders import Contender",
        f"from core.scoreboard.{task.kind} import {scorer}",
        "from core.scoreboard.comparison import compare",
        "from core.scoreboard.types import Task",
        "from core.store import Workspace",
        "from core.types import ModelSpec",
    ]
    lines = [
        "import tempfile" if anew else "import sys",
        "",
        *sorted([*imports, *(_IMPORTS if anew else [])]),
        "",
        *(_from_file(info) if anew else _from_workspace(info)),
        "CONTENDERS = [",
        *(f"    {_contender(contender)}," for contender in contenders),
        "]",
        f"TASK = Task.from_dict({task.to_dict()!r})",
        "",
        *(_EMBED if anew else []),
        "scores = {each.key: " + scorer + "(FOLDER, CORPUS, each, TASK) for each in CONTENDERS}",
        "labels = {each.key: each.label for each in CONTENDERS}",
        f"for line in compare(scores, {metric!r}, seed={seed}).lines:",
        '    interval, best = f"[{line.low:.4f}, {line.high:.4f}]", f"P(best) {line.share_best:.2f}"',
        '    print(f"{line.mean:.4f} {interval} {best} {labels[line.name]}")',
    ]
    return "\n".join(lines)


_IMPORTS = [
    "from core.corpus.build import read_corpus",
    "from core.models.registry import load_embedder",
    "from core.vectors.embedding import embed",
    "from core.corpus.preprocess import Steps",
]
_EMBED = [
    "for model in dict.fromkeys(each.model for each in CONTENDERS):",
    "    embed(corpus, load_embedder(model), workspace)  # paid services take api_key=...",
    "",
]


def can_start_anew(info: CorpusInfo, contenders: Sequence[Contender], task: Task) -> bool:
    """Whether files that are named, models that are named, and the corpus alone are all that is needed."""
    origin = info.origin
    files = [source.get("name") for source in origin.get("sources", [])]
    derived = "left_out" in origin or not files or not all(files) or not origin.get("choices")
    uploaded = task.kind == "queries" or task.get("file") is not None
    return not (derived or uploaded or any(not capabilities(contender.model).can_embed for contender in contenders))


def _from_file(info: CorpusInfo) -> list[str]:
    sources, roles = info.origin["sources"], info.roles
    files = [str(source["name"]) for source in sources]
    given = {
        "text": roles.text,
        "label": list(roles.labels),
        "time": roles.time,
        "id": roles.id,
        "name": info.name,
    }
    arguments = [f"    {name}={value!r}," for name, value in given.items() if value]
    usual = asdict(Steps())
    taken = [(name, value) for name, value in info.origin["choices"].items() if value != usual.get(name)]
    steps = ", ".join(f"{name}={value!r}" for name, value in taken)
    return [
        f"FILES = {files!r}  # what the corpus was made from",
        "corpus = read_corpus(",
        "    FILES,",
        *arguments,
        f"    steps=Steps({steps}),",
        ")",
        f"if corpus.digest != {info.digest!r}:",
        '    raise SystemExit("These are not the rows of the report.")',
        "FOLDER, CORPUS = tempfile.mkdtemp(), corpus.digest",
        "workspace = Workspace(FOLDER)",
        "workspace.save_corpus(corpus)",
    ]


def _from_workspace(info: CorpusInfo) -> list[str]:
    return [
        "FOLDER = sys.argv[1]  # Planisphere's workspace folder, which holds the corpus and its vectors",
        f"CORPUS = {info.digest!r}",
        "if Workspace(FOLDER).info(CORPUS) is None:",
        '    raise SystemExit("The corpus of the report is not in this workspace.")',
    ]


def _contender(contender: Contender) -> str:
    """Python that makes it, without what is as usual."""
    values = model_facts(contender.model) | {"languages": contender.model.languages}
    usual = {field.name: field.default for field in fields(ModelSpec)}
    model = ", ".join(f"{name}={value!r}" for name, value in values.items() if value != usual[name])
    return f"Contender(ModelSpec({model}), {contender.dimensions!r}, {contender.bits!r})"
