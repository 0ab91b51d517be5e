"""The parts of a report that say what it rests on: the task, the data, the contenders, and what to bear in mind."""

from core.corpus.export import model_facts
from core.report.blocks import Block, Bullets, Heading, Paragraph, table
from core.report.facts import Facts
from core.scoreboard.recipe_text import recipe_words
from core.scoreboard.service import Board
from core.scoreboard.types import METRICS
from core.scoreboard.verdict import LEAST, listed, points

TASKS = {
    "labels": "Each row in turn asks for the others with its label; a copy of a text is never its own answer.",
    "pairs": "Cosines of pairs of texts against scores that people gave them, as in semantic textual similarity.",
    "queries": "Queries with rows known to answer them, as in search.",
    "known_item": "A text must be found again from a part of it or a changed copy, made from the corpus itself: weaker "
    "evidence than judgments by people.",
}


def task_words(board: Board) -> str:
    """What was asked, of how many, with which settings."""
    found, facts = board.comparison, board.facts
    sample = f"{found.queries:,} of {found.total:,}" if found.queries < found.total else f"all {found.queries:,}"
    settings = "; ".join(f"{name}: {facts.get('files', {}).get(name, value)}" for name, value in board.task.params)
    notes = " ".join(str(note) for note in facts.get("notes", ()))
    chance = f" {words}" if (words := found.chance_words()) else ""
    recipe = recipe_words(found.metric, facts, board.task.get("split"))
    return (
        f"Task: {TASKS[board.task.kind]} By {board.label} ({METRICS[found.metric].help.rstrip('.')}) over {sample} "
        f"{found.unit}, seed {found.seed}"
        f"{f' ({settings})' if settings else ''}. A point is a hundredth of the score.{chance} {recipe} {notes}"
    ).strip()


def caveats(facts: Facts) -> Bullets:
    """What this comparison can't tell."""
    found = facts.boards[0].comparison
    said = [
        "These results hold for these rows and this task; another task may order the contenders otherwise.",
        "Intervals say how far scores would move with other rows of the same kind; they do not cover mistakes in "
        "labels or judgments.",
    ]
    pair, labels = found.least_detectable_pair(), {contender.key: contender.label for contender in facts.contenders}
    if pair is not None:
        detectable = points(max(pair.minimum_detectable_difference, LEAST))
        said.append(
            f"A true difference between {labels[pair.first]} and {labels[pair.second]} under about "
            f"{detectable} points would probably not be seen with {found.queries:,} {found.unit}."
        )
    if found.queries < found.total:
        said.append(f"{found.queries:,} of {found.total:,} {found.unit} were drawn, with seed {found.seed}.")
    if facts.boards[0].task.kind == "known_item":
        said.append("No labels or judgments were used: finding a text again says little of finding what is like it.")
    if facts.texts < facts.info.rows:
        said.append(f"{facts.info.rows - facts.texts:,} rows repeat another row's text; copies count as one group.")
    if any(cost.speed.basis == "measured" for cost in facts.costs):
        said.append("Times were measured on one machine, the one named below.")
    busy = [contender.label for contender, cost in zip(facts.contenders, facts.costs, strict=True) if cost.speed.busy]
    if busy:
        said.append(f"It was busy with other work while {listed(busy)} {'was' if len(busy) == 1 else 'were'} timed: "
                    "these times are too long.")  # fmt: skip
    dates = sorted({cost.price_date for cost in facts.costs if cost.usd_per_million})
    if dates:
        said.append(f"Prices are those of {dates[-1]}.")
    said += [f"{label} was not scored: {why}" for label, why in facts.failures]
    return Bullets(tuple(said))


def corpus_blocks(facts: Facts) -> list[Block]:
    """The data and how it was read."""
    info, origin = facts.info, facts.info.origin
    lines = [
        ("Name", info.name),
        ("Rows", f"{info.rows:,}, of them {facts.texts:,} different texts"),
        ("Digest", f"{info.digest} (of texts, table and roles)"),
        ("Text", info.roles.text or "none: vectors were brought in"),
        ("Labels", ", ".join(info.roles.labels) or "none"),
        ("Columns", ", ".join(info.columns)),
    ]
    for source in origin.get("sources", []):
        lines.append(
            ("Source", f"{source.get('name', '')}, {source.get('format', '')}, {source.get('rows', 0):,} rows")
        )
    for step in origin.get("steps", []):
        words = f"{step.get('step', '')}: {step.get('before', 0):,} to {step.get('after', 0):,} rows"
        lines.append(("Step", words))
    return [Heading("Data"), table(("What", "Value"), lines, ("What", "Value"))]


def made_blocks(facts: Facts) -> list[Block]:
    """The contenders' versions, and the software."""
    rows = []
    for contender, cost in zip(facts.contenders, facts.costs, strict=True):
        model = model_facts(contender.model)
        prompts = " / ".join(part for part in (model["query_prompt"], model["document_prompt"]) if part) or "none"
        window = f"{model['max_tokens']:,}" if model["max_tokens"] else "none"
        where = f", {model['base_url']}" if model["base_url"] else ""
        rows.append((contender.label, f"{model['backend']}{where}", model["name"], model["revision"] or "unknown",
                     f"{cost.dimensions:,}", contender.bits, window, prompts, contender.key))  # fmt: skip
    columns = ("Contender", "Backend", "Model", "Revision", "Dimensions", "Bits", "Window", "Prompts", "Key")
    libraries = ", ".join(f"{name} {number}" for name, number in facts.libraries.items())
    return [
        Heading("Contenders"),
        table(columns, rows, tuple(name for name in columns if name != "Dimensions")),
        Heading("Software"),
        Paragraph(f"{facts.machine}. {libraries}."),
    ]
