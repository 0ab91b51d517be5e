"""The report of a comparison: recommendation first, then tables and figures, then how it was computed."""

from math import isfinite
from typing import Literal

from core.corpus.export import model_facts
from core.report import scoreboard as scores
from core.report.document import Block, Bullets, Code, Document, Heading, Paragraph, table, to_html, to_markdown
from core.report.facts import Facts, gather_facts
from core.report.quality import quality_blocks
from core.report.recommendation import example_blocks, recommendation_blocks
from core.report.reproduce import can_reembed, reproduction_code
from core.scoreboard.service import Board, ScoreboardQuery
from core.scoreboard.types import METRICS
from core.scoreboard.verdict import describe_recipe, format_minimum, join_names, verdict

ReportFormat = Literal["html", "markdown"]
TASKS = {
    "labels": "Each row is used as a query; rows with the same label, or that share one of several labels, count as "
    "relevant; duplicates are excluded.",
    "pairs": "Cosines of rated text pairs, compared with their scores (semantic textual similarity).",
    "queries": "Retrieval with queries and relevance judgments.",
    "known_item": "Known-item search: a text is searched by a part or an edited copy of it, generated from the corpus. "
    "Weaker evidence than human judgments.",
}


def report_file(query: ScoreboardQuery, form: ReportFormat) -> bytes:
    """UTF-8. Self-contained, fetches nothing. Raises InputError where no contender is scored."""
    document = comparison_document(gather_facts(query))
    return to_html(document) if form == "html" else to_markdown(document)


def comparison_document(facts: Facts) -> Document:
    """The recommendation, scoreboard and chart come first, so that they are on the first printed page."""
    board = facts.boards[0]
    blocks = [*recommendation_blocks(facts, board), *scores.scoreboard_blocks(facts, board)]
    blocks.append(Paragraph(task_description(board), "note"))
    if facts.checks:
        note = "⚠ marks contenders whose model failed a check: their ranks may not be those of the named model."
        blocks += [Heading("Failed checks"), Bullets(facts.checks), Paragraph(note, "note")]
    blocks += [*example_blocks(facts), *scores.pairs_blocks(facts, board), *scores.cost_blocks(facts, board)]
    blocks += scores.metrics_blocks(facts)
    for other in facts.boards[1:]:
        title = f"Also: {other.label}, {other.task.kind.replace('_', ' ')}"
        blocks += [Heading(title), Paragraph(_verdict(facts, other)), scores.score_table(facts, other)]
        blocks.append(Paragraph(task_description(other), "note"))
    blocks += [*scores.overlap_blocks(facts), *quality_blocks(facts.diagnostics), *facts.compression]
    blocks += [Heading("Limitations"), Bullets(tuple(limitations(facts)))]
    if facts.missing:
        blocks += [Heading("Not included"), Bullets(facts.missing)]
    blocks += [*corpus_blocks(facts), *provenance_blocks(facts), *reproduction_blocks(facts, board)]
    return Document(f"Embedding comparison: {facts.info.name}", _subtitle(facts), tuple(blocks))


def _subtitle(facts: Facts) -> str:
    """Date, corpus, models and sample size."""
    comparison, names = facts.boards[0].comparison, ", ".join(contender.label for contender in facts.contenders)
    return (
        f"{facts.created} · Corpus: {facts.info.name}, {facts.info.rows:,} rows · Models: {names} · Sample: "
        f"{comparison.queries:,} of {comparison.total:,} {comparison.unit} · Planisphere"
    )


def _verdict(facts: Facts, board: Board) -> str:
    labels = {contender.key: contender.label for contender in facts.contenders}
    return verdict(board.comparison, labels, dict(zip(labels, facts.costs, strict=True)))


def task_description(board: Board) -> str:
    """The task, its size and its settings."""
    comparison, facts = board.comparison, board.facts
    queries, total = comparison.queries, comparison.total
    settings = "; ".join(f"{name}: {facts.get('files', {}).get(name, value)}" for name, value in board.task.params)
    parts = [
        f"Task: {TASKS[board.task.kind]} Metric: {board.label} ({METRICS[comparison.metric].help.rstrip('.')}) over "
        + (f"{queries:,} of {total:,}" if queries < total else f"all {queries:,}")
        + f" {comparison.unit}, seed {comparison.seed}{f' ({settings})' if settings else ''}.",
        "A point is a hundredth of the score.",
        comparison.chance_description(),
        describe_recipe(comparison.metric, facts, board.task.get("split")),
        *(str(note) for note in facts.get("notes", ())),
    ]
    return " ".join(part for part in parts if part).strip()


def limitations(facts: Facts) -> list[str]:
    """What this comparison can't show."""
    comparison = facts.boards[0].comparison
    points = [
        "These results hold for these rows and this task; another task may rank the contenders differently.",
        "Intervals cover sampling of rows of the same kind, not mistakes in labels or judgments.",
    ]
    if pair := comparison.minimum_detectable_pair():
        below = f" below about {format_minimum(100 * pair.minimum_detectable_difference)} points"
        points.append(
            f"A true difference between {facts.label_of(pair.first)} and {facts.label_of(pair.second)}"
            f"{below if isfinite(pair.minimum_detectable_difference) else ''} would probably not be detected with "
            f"{comparison.queries:,} {comparison.unit}."
        )
    if comparison.queries < comparison.total:
        sample = f"{comparison.queries:,} of {comparison.total:,} {comparison.unit}"
        points.append(f"A sample of {sample} was used, with seed {comparison.seed}.")
    if facts.boards[0].task.kind == "known_item":
        points.append("No labels or judgments were used: known-item search says little about similarity search.")
    if facts.texts < facts.info.rows:
        points.append(f"{facts.info.rows - facts.texts:,} rows are duplicates; duplicates are resampled together.")
    if any(cost.speed.basis == "measured" for cost in facts.costs):
        points.append("Times were measured on one machine, see the appendix on software.")
    busy = [contender.label for contender, cost in zip(facts.contenders, facts.costs, strict=True) if cost.speed.busy]
    if busy:
        points.append(f"The machine was busy while {join_names(busy)} ran: these times are too long.")
    if dates := sorted({cost.price_date for cost in facts.costs if cost.usd_per_million_tokens}):
        points.append(f"Prices as of {dates[-1]}.")
    return points + [f"{label} was not scored: {reason}" for label, reason in facts.failures]


def corpus_blocks(facts: Facts) -> list[Block]:
    """The data and how it was read."""
    info, origin = facts.info, facts.info.origin
    lines = [
        ("Name", info.name),
        ("Rows", f"{info.rows:,}, {facts.texts:,} distinct texts"),
        ("Digest", f"{info.digest} (of texts, table and roles)"),
        ("Text", info.roles.text or "none: imported vectors"),
        ("Labels", ", ".join(info.roles.labels) or "none"),
        ("Columns", ", ".join(info.columns)),
    ]
    for source in origin.get("sources", []):
        file = f"{source.get('name', '')}, {source.get('format', '')}"
        lines.append(("Source", f"{file}, {source.get('rows', 0):,} rows"))
    for file in origin.get("skipped", []):
        lines.append(("Not read", file.get("message", "")))
    for step in origin.get("steps", []):
        lines.append(("Step", f"{step.get('step', '')}: {step.get('before', 0):,} to {step.get('after', 0):,} rows"))
    return [Heading("Appendix: data"), table(("Property", "Value"), lines, ("Property", "Value"))]


def provenance_blocks(facts: Facts) -> list[Block]:
    """Versions of the contenders and the software."""
    rows = []
    for contender, cost in zip(facts.contenders, facts.costs, strict=True):
        model = model_facts(contender.model)
        prompts = " / ".join(part for part in (model["query_prompt"], model["document_prompt"]) if part) or "none"
        max_tokens = f"{model['max_tokens']:,}" if model["max_tokens"] else "none"
        server = f", {model['base_url']}" if model["base_url"] else ""
        rows.append((contender.label, f"{model['backend']}{server}", model["name"], model["revision"] or "unknown",
                     f"{cost.dimensions:,}", contender.bits, max_tokens, prompts, contender.key))  # fmt: skip
    columns = ("Contender", "Backend", "Model", "Revision", "Dimensions", "Bits", "Max. tokens", "Prompts", "Key")
    libraries = Paragraph(
        f"{facts.machine}. {', '.join(f'{name} {number}' for name, number in facts.libraries.items())}."
    )
    contenders = table(columns, rows, tuple(name for name in columns if name != "Dimensions"))
    return [Heading("Appendix: contenders"), contenders, Heading("Appendix: software"), libraries]


def reproduction_blocks(facts: Facts, board: Board) -> list[Block]:
    comparison = board.comparison
    code = reproduction_code(facts.info, facts.contenders, board.task, comparison.metric, comparison.seed)
    inputs = "next to the file the corpus was read from"
    if not can_reembed(facts.info, facts.contenders, board.task):
        inputs = "with the workspace folder that holds the corpus as its argument"
    text = f"Run it with Planisphere's folder as working directory or on PYTHONPATH, {inputs}, to print the scores."
    return [Heading("Appendix: code to repeat the comparison"), Paragraph(text), Code(code)]
