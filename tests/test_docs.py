"""The documents hold together: links lead somewhere, and the glossary is sorted with one entry per term."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.build_api import PACKAGES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for folder in (".", "docs", "benchmarks", "samples", "pages")
    for path in (ROOT.glob("*.md") if folder == "." else (ROOT / folder).rglob("*.md"))
)
GLOSSARY = ROOT / "docs" / "glossary.md"


def headings(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, fragment = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if fragment:
            assert fragment in {anchor(heading) for heading in headings(file)}, link


def test_files_named_in_the_documentation_exist():
    pattern = re.compile(r"`((?:core|pages|tests|docs|benchmarks|samples)/[\w./-]*)`")
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in DOCUMENTS
        for name in pattern.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert not missing


def test_the_api_reference_has_every_public_name_with_its_parameters():
    """`make docs` writes it. Annotations are not compared, since their text differs between versions of Python."""
    sections = re.split(r"^### ", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = {section.partition("\n")[0]: section for section in sections[1:]}
    for package in map(import_module, PACKAGES):
        for name in package.__all__:
            item, entry = getattr(package, name), entries.get(f"{package.__name__}.{name}", "")
            summary = " ".join(inspect.getdoc(item).partition("\n\n")[0].split())
            assert re.sub(r"\\(?=[<*|])", "", entry).find(summary) > 0, f"{name}: run `make docs`"
            missing = [one for one in inspect.signature(item).parameters if not re.search(rf"\b{one}\b", entry)]
            assert not missing, f"{name}: run `make docs`"


def test_walkthroughs_are_short():
    """From page to stored corpus, from query to hits, from page to interval: the most files each may take."""
    sections = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("\n## Walkthrough: ")[1:]
    files = {
        section.partition("\n")[0]: set(re.findall(r"`((?:core|pages)/[\w/]+\.py)`", section)) for section in sections
    }
    assert all(len(names) <= limit for names, limit in zip(files.values(), (15, 10, 6), strict=True)), files


def test_glossary_terms_are_unique_and_sorted_within_each_section():
    sections = re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    terms = [re.findall(r"^### (.+)$", section, re.MULTILINE) for section in sections]
    anchors = [anchor(heading) for heading in headings(GLOSSARY)]
    assert len(anchors) == len(set(anchors))
    for names in terms:
        assert names == sorted(names, key=str.casefold)
