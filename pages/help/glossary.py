"""Glossary: the terms of all pages, from docs/glossary.md, by section or by search."""

import re
from pathlib import Path

import streamlit as st

from pages.shared import session

FILE = Path(__file__).parents[2] / "docs" / "glossary.md"
ALL = "All"
_LINK = re.compile(r"\[([^\]]+)\]\(#([^)]+)\)")


def page() -> None:
    st.title("Glossary")
    sections = read_glossary(FILE.read_text(encoding="utf-8"))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    query = left.text_input("Filter terms", key="term", placeholder="e.g. trustworthiness")
    session.select_from_link("section", [ALL, *sections])
    section = right.selectbox("Section", [ALL, *sections], key="section", help="The page on which the terms are used.")
    session.write_to_link("section")
    visible = {name: terms for name, terms in sections.items() if section in (ALL, name)}
    matches = {name: filter_terms(terms, query) for name, terms in visible.items()}
    if not any(matches.values()):
        st.info("No term matches. Clear the filter, or choose all sections.", icon=":material/search_off:")
    anchors = {anchor(heading) for name, terms in matches.items() if terms for heading in (name, *terms)}
    for name, terms in matches.items():
        if terms:
            st.header(name)
            entries = "\n\n".join(f"### {term}\n\n{description}" for term, description in terms.items())
            st.markdown(local_links(entries, anchors))


def read_glossary(text: str) -> dict[str, dict[str, str]]:
    """Descriptions by section (level 2 headings) and term (level 3 headings)."""
    sections = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        entries = (entry.partition("\n") for entry in re.split(r"^### ", body, flags=re.MULTILINE)[1:])
        sections[name.strip()] = {term.strip(): description.strip() for term, _, description in entries}
    return sections


def filter_terms(terms: dict[str, str], query: str) -> dict[str, str]:
    """The terms whose name or description contains all words of the query, ignoring case."""
    parts = query.lower().split()
    return {term: text for term, text in terms.items() if all(part in f"{term} {text}".lower() for part in parts)}


def anchor(term: str) -> str:
    """The anchor of a heading, as GitHub and Streamlit make it."""
    return re.sub(r"[^\w\- ]", "", term.lower()).replace(" ", "-")


def local_links(text: str, anchors: set[str]) -> str:
    """Links to terms that are not on the page become plain text."""
    return _LINK.sub(lambda link: link[0] if link[2] in anchors else link[1], text)


page()
