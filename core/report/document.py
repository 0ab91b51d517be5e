"""Documents of a few kinds of blocks, written as HTML or Markdown. All strings are plain text, escaped when written."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.text import clean_line

LONG_CELL = 18  # characters of a number's cell that stay on one line in print
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, sans-serif; color: #1f2430; background: #fff; margin: 0 auto; max-width: 60rem;
  padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-bottom: 1px solid #d8dbe2; padding-bottom: 0.25rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; }
p { margin: 0.5rem 0; overflow-wrap: anywhere; }
.subtitle, .note { color: #5b6170; font-size: 0.88rem; }
.verdict, .evidence { border-left: 4px solid #0072b2; background: #f2f6fa; margin: 0; padding: 0.35rem 1rem; }
.verdict { font-size: 1.05rem; font-weight: 600; margin-top: 0.7rem; padding-top: 0.7rem; }
.evidence { padding-bottom: 0.5rem; }
.wide { overflow-x: auto; margin: 0.7rem 0; }
table { border-collapse: collapse; font-size: 0.86rem; min-width: 60%; }
th, td { border-bottom: 1px solid #e3e5ea; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
th { background: #f5f6f8; vertical-align: bottom; }
td:not(.number) { min-width: 2.5rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
pre { background: #f5f6f8; padding: 0.8rem 1rem; font-size: 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
li { margin: 0.2rem 0; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  h2, h3, h2 + .note { break-after: avoid; }
  figure, table, p { break-inside: avoid; }
  .wide { overflow: visible; }
  table { font-size: 7.5pt; }
  td.long { white-space: normal; }
  th, td { padding: 0.2rem 0.5rem; }
  .verdict, .evidence, th, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 15mm; }
}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
{body}
</body>
</html>
"""
_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#|~$!&])")
_START = re.compile(r"^(\d*)([-+.)=])(?=[-=\s]|$)")  # what would begin a list or a rule
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@[\w-]+\.\w)", re.IGNORECASE)
_JOINER = "\u2060"  # without width; parts an address, so that readers make no link of it


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """style: "verdict" and "evidence" are in the box at the top, "note" is small."""

    text: str
    style: Literal["", "verdict", "evidence", "note"] = ""


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """rows: formatted cells. numbers: right-aligned columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Figure:
    """svg: by core.report.svg only, since it is not escaped. caption: alternative text. numbers: its data, for
    Markdown; None where a table next to it has them."""

    svg: str
    caption: str
    numbers: Table | None = None


@dataclass(frozen=True)
class Code:
    text: str
    language: str = "python"


Block = Heading | Paragraph | Bullets | Table | Figure | Code


@dataclass(frozen=True)
class Document:
    title: str
    subtitle: str
    blocks: tuple[Block, ...]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], text: Sequence[str] = ()) -> Table:
    """A table whose columns are numbers, except those in `text`."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows), frozenset(set(columns) - set(text)))


def to_html(document: Document) -> bytes:
    """One page without scripts or external resources, printable; UTF-8. All text is escaped, SVG figures are not."""
    body, texts = "\n".join(map(_block, document.blocks)), (_safe(document.title), _safe(document.subtitle))
    return _PAGE.format(title=texts[0], subtitle=texts[1], style=_STYLE, body=body).encode("utf-8", "replace")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_safe(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        style = f' class="{block.style}"' if block.style else ""
        return f"<p{style}>{_safe(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{_safe(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Figure):
        return f'<figure role="img" aria-label="{_safe(block.caption)}">{block.svg}</figure>'
    if isinstance(block, Code):
        return f"<pre><code>{html.escape(block.text)}</code></pre>"
    return _table(block)


def _table(block: Table) -> str:
    kinds = [' class="number"' if name in block.numbers else "" for name in block.columns]
    head = "".join(f"<th{kind}>{_safe(name)}</th>" for kind, name in zip(kinds, block.columns, strict=True))
    cells = [
        [f"<td{_long(kind, cell)}>{_safe(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)]
        for row in block.rows
    ]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _long(kind: str, cell: str) -> str:
    """The class of a number's cell, which wraps in print where it is long."""
    return kind.replace("number", "number long") if len(cell) > LONG_CELL else kind


def _safe(text: str) -> str:
    return html.escape(clean_line(text))


def to_markdown(document: Document) -> bytes:
    """GitHub Markdown with tables in place of figures; UTF-8. Text is escaped so that it holds no markup."""
    head = [f"# {_safe_markdown(document.title)}", _safe_markdown(document.subtitle)]
    parts = [*head, *map(_block_markdown, document.blocks)]
    return ("\n\n".join(filter(None, parts)) + "\n").encode("utf-8", "replace")


def _block_markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_safe_markdown(block.text)}"
    if isinstance(block, Paragraph):
        text = _safe_markdown(block.text)
        return f"> **{text}**" if block.style == "verdict" else f"> {text}" if block.style == "evidence" else text
    if isinstance(block, Bullets):
        return "\n".join(f"- {_safe_markdown(item)}" for item in block.items)
    if isinstance(block, Figure):
        return _table_markdown(block.numbers) if block.numbers else ""  # a sentence below it tells what it shows
    if isinstance(block, Code):
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", block.text)), 3)
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    return _table_markdown(block)


def _table_markdown(block: Table) -> str:
    lines = [[_safe_markdown(name) for name in block.columns]]
    lines.append(["---:" if name in block.numbers else "---" for name in block.columns])
    lines += [[_safe_markdown(cell) for cell in row] for row in block.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _safe_markdown(text: str) -> str:
    line = _SIGNS.sub(r"\\\1", _ADDRESS.sub(_JOINER, clean_line(text)))
    return _START.sub(r"\1\\\2", line)
