"""A document as one HTML page: no script, nothing fetched, fit to be printed."""

import html

from core.report.blocks import Block, Bullets, Code, Document, Heading, Paragraph, Picture, Table

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, sans-serif; color: #1f2430; background: #fff; margin: 0 auto; max-width: 60rem;
  padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-bottom: 1px solid #d8dbe2; padding-bottom: 0.25rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; }
p { margin: 0.5rem 0; overflow-wrap: anywhere; }
.subtitle, .note { color: #5b6170; font-size: 0.88rem; }
.verdict { border-left: 4px solid #0072b2; background: #f2f6fa; padding: 0.7rem 1rem; font-size: 1.05rem; }
.wide { overflow-x: auto; margin: 0.7rem 0; }
table { border-collapse: collapse; font-size: 0.86rem; min-width: 60%; }
th, td { border-bottom: 1px solid #e3e5ea; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
th { background: #f5f6f8; }
td:not(.number) { min-width: 2.5rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
th { vertical-align: bottom; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
pre { background: #f5f6f8; padding: 0.8rem 1rem; font-size: 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
li { margin: 0.2rem 0; }
@media print {
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  h2, h3 { break-after: avoid; }
  figure, table, .verdict { break-inside: avoid; }
  .wide { overflow: visible; }
  table { font-size: 7.5pt; }
  td.number { white-space: normal; }
  .verdict, th, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 16mm; }
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


def to_html(document: Document) -> bytes:
    """UTF-8. All texts are escaped; only pictures, which are made here, are set as they are."""
    body = "\n".join(_block(block) for block in document.blocks)
    page = _PAGE.format(title=_safe(document.title), subtitle=_safe(document.subtitle), style=_STYLE, body=body)
    return page.encode("utf-8", "replace")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_safe(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        style = f' class="{block.style}"' if block.style in ("verdict", "note") else ""
        return f"<p{style}>{_safe(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{_safe(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Picture):
        return f'<figure role="img" aria-label="{_safe(block.words)}">{block.svg}</figure>'
    if isinstance(block, Code):
        return f"<pre><code>{html.escape(block.text)}</code></pre>"
    return _table(block)


def _table(block: Table) -> str:
    kinds = [' class="number"' if name in block.numbers else "" for name in block.columns]
    head = "".join(f"<th{kind}>{_safe(name)}</th>" for kind, name in zip(kinds, block.columns, strict=True))
    rows = [
        "".join(f"<td{kind}>{_safe(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) for row in block.rows
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _safe(text: str) -> str:
    from core.text import clean_line

    return html.escape(clean_line(text))
