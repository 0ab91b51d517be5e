"""A document as Markdown, with GitHub tables. Pictures are left out: a sentence below each tells what it
shows, a table what it draws."""

import re

from core.report.blocks import Block, Bullets, Code, Document, Heading, Paragraph, Picture, Table
from core.text import clean_line

_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#|~$!&])")
_START = re.compile(r"^(\d*)([-+.)=])(?=[-=\s]|$)")  # what would begin a list or a rule
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@[\w-]+\.\w)", re.IGNORECASE)
_JOINER = "\u2060"  # without width; parts an address, so that readers make no link of it


def to_markdown(document: Document) -> bytes:
    """UTF-8. Texts are escaped so that they hold no markup."""
    parts = [f"# {_safe(document.title)}", _safe(document.subtitle), *(_block(block) for block in document.blocks)]
    return ("\n\n".join(part for part in parts if part) + "\n").encode("utf-8", "replace")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_safe(block.text)}"
    if isinstance(block, Paragraph):
        return f"> **{_safe(block.text)}**" if block.style == "verdict" else _safe(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_safe(item)}" for item in block.items)
    if isinstance(block, Picture):
        return _table(block.numbers) if block.numbers else ""  # a sentence below it tells what it shows
    if isinstance(block, Code):
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", block.text)), 3)
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    return _table(block)


def _table(block: Table) -> str:
    lines = [[_safe(name) for name in block.columns]]
    lines.append(["---:" if name in block.numbers else "---" for name in block.columns])
    lines += [[_safe(cell) for cell in row] for row in block.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _safe(text: str) -> str:
    line = _SIGNS.sub(r"\\\1", _ADDRESS.sub(_JOINER, clean_line(text)))
    return _START.sub(r"\1\\\2", line)
