"""The text of HTML as headings and blocks, without running or rendering anything: web pages, EPUB chapters, e-mails."""

import re
from typing import Any

from core.corpus.reading.documents.sections import SectionBuilder

_UNREAD = {
    "script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object", "embed", "canvas", "audio",
    "video", "select", "textarea", "button", "map",
}  # fmt: skip
_NAVIGATION = {"nav", "aside", "footer", "form"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LINES = {"li", "tr", "dt", "dd", "option"}
_BLOCKS = {
    "address", "article", "blockquote", "body", "caption", "center", "details", "dialog", "div", "dl", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "main", "menu", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "thead", "ul",
}  # fmt: skip
_SELF_CLOSED = re.compile(
    rb"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)([a-zA-Z]\w*)(\s[^<>]*)?/>"
)


def parse_html(data: bytes) -> Any:
    """The root element of UTF-8 HTML or XHTML, None where there is none. Only HTML's entities are expanded."""
    import lxml.html
    from lxml import etree

    data = _SELF_CLOSED.sub(rb"<\1\2></\1>", data)  # allowed in XHTML, and would leave the element open in HTML
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True)
    try:
        return lxml.html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing but white space or comments
        return None


def page_title(root: Any) -> str:
    title = root.find(".//title")
    return " ".join((title.text_content() if title is not None else "").split())


def add_page(builder: SectionBuilder, root: Any, main_only: bool = True) -> int:
    """Add the headings and blocks of a page; returns the number of parts for navigation left out. main_only: without
    those, and without what surrounds the main part."""
    reader = _PageReader(builder, main_only)
    reader.read(_main_part(root) if main_only else root)
    return reader.left_out


def html_text(data: bytes) -> str:
    """The text of UTF-8 HTML, with headings as paragraphs."""
    root, builder = parse_html(data), SectionBuilder()
    if root is not None:
        add_page(builder, root, main_only=False)
    builder.end()
    return "\n\n".join(record["text"] for record in builder.records)


def _main_part(root: Any) -> Any:
    for path in (".//main", ".//article"):
        parts = root.findall(path)
        if len(parts) == 1 and len(" ".join(parts[0].itertext())) > 200:
            return parts[0]
    return root


class _PageReader:
    """Walks the elements in order, without recursion."""

    def __init__(self, builder: SectionBuilder, main_only: bool) -> None:
        self.left_out = 0
        self._builder, self._main_only = builder, main_only
        self._text: list[str] = []
        self._preformatted = 0

    def read(self, root: Any) -> None:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        skipped = None
        for event, element in walk:
            if event == "start" and self._is_left_out(element):
                skipped = element
                walk.skip_subtree()
            elif event == "start":
                self._start(element)
            elif event == "end" and element is not skipped:
                self._end(element)
            if event != "start" and element is not root:
                self._add(element.tail)
        self._flush()

    def _is_left_out(self, element: Any) -> bool:
        tag = element.tag
        if tag in _UNREAD or element.get("hidden") is not None or element.get("aria-hidden") == "true":
            return True
        is_navigation = self._main_only and (tag in _NAVIGATION or element.get("role") == "navigation")
        self.left_out += is_navigation
        return is_navigation

    def _start(self, element: Any) -> None:
        tag = element.tag
        if tag in _HEADINGS:
            self._flush()
        elif tag in _BLOCKS:
            self._text.append("\n\n")
        elif tag in _LINES or tag == "br":
            self._text.append("\n- " if tag == "li" else "\n")
        self._preformatted += tag == "pre"
        self._add(element.text)

    def _end(self, element: Any) -> None:
        tag = element.tag
        self._preformatted -= tag == "pre"
        if tag in _HEADINGS:
            title = _plain_lines("".join(self._text)).replace("\n", " ")
            self._text = []
            self._builder.heading(_HEADINGS[tag], title)
        elif tag in ("td", "th"):
            self._text.append("\t")
        elif tag in _BLOCKS:
            self._text.append("\n\n")

    def _add(self, text: str | None) -> None:
        if text:
            # spaces of preformatted text are protected as no-break spaces until the end
            self._text.append(text.replace(" ", "\xa0") if self._preformatted else re.sub(r"\s+", " ", text))

    def _flush(self) -> None:
        self._builder.block(_plain_lines("".join(self._text)))
        self._text = []


def _plain_lines(text: str) -> str:
    """Lines without blanks around them and around cells, at most one empty line between two."""
    lines = [re.sub(r" ?\t ?", "\t", re.sub(r" {2,}", " ", line)).strip(" \t") for line in text.split("\n")]
    lines = ["" if line == "-" else line for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).replace("\xa0", " ").strip("\n")
