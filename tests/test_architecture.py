"""The rules of docs/architecture.md, held by reading the source and by importing it in a fresh process."""

import ast
import subprocess
import sys
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
    "openai",
    "tiktoken",
    "semchunk",
    "py3langid",
    "distributed",
    "dask",
    "graspologic_native",
    "fast_hdbscan",
    "evoc",
    "rjieba",
    "datasketch",
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
    "semchunk",
    "graspologic_native",
    "fast_hdbscan",
    "evoc",
    "rjieba",
    "datasketch",
)


def names_imported(nodes) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def everywhere(path: Path) -> set[str]:
    return names_imported(ast.walk(tree(path)))


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_knows_neither_streamlit_nor_pages_nor_the_environment(path):
    roots = {name.split(".")[0] for name in everywhere(path)}
    assert not roots & {"streamlit", "pages", "pickle", "shelve", "marshal"}
    source = path.read_text(encoding="utf-8")
    assert "os.environ" not in source
    assert "getenv" not in source


@pytest.mark.parametrize("path", [*CORE, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_where_they_are_used(path):
    top = {name.split(".")[0] for name in names_imported(tree(path).body)}
    assert not top & HEAVY


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_import_only_shared_and_core(path):
    pages = {name for name in everywhere(path) if name.split(".")[0] == "pages"}
    assert all(name == "pages.shared" or name.startswith("pages.shared.") for name in pages)
    source = path.read_text(encoding="utf-8")
    assert "st.session_state" not in source or path.name == "session.py"
    assert "st.cache_" not in source or path.name == "cached.py"


@pytest.mark.parametrize("path", [*CORE, *PAGES, ROOT / "app.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unsafe(path):
    source = path.read_text(encoding="utf-8")
    assert "unsafe_allow_html" not in source
    assert "allow_pickle=True" not in source
    assert "trust_remote_code=True" not in source
    calls = {
        node.func.id for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"eval", "exec"}


@pytest.mark.parametrize("path", sorted((ROOT / "core" / "stats").glob("*.py")), ids=lambda path: path.name)
def test_statistics_import_foundations_alone(path):
    imported = {name for name in everywhere(path) if name.split(".")[0] == "core"}
    foundations = {"core.errors", "core.types", "core.text"}
    assert all(name in foundations or name.startswith("core.stats") for name in imported)


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
import pages.shared.frame, pages.shared.starter
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
