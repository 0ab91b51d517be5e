"""What a report recommends, and examples: queries that only one of two contenders answers right."""

from collections.abc import Sequence

from core.report.document import Block, Heading, Paragraph, Table
from core.report.facts import Facts
from core.scoreboard.examples import Example
from core.scoreboard.held_out import HELD_OUT
from core.scoreboard.recommendation import choose, describe_cost
from core.scoreboard.service import Board
from core.scoreboard.verdict import VerdictWriter, describe_training, join_names
from core.text import clean_line, truncate

TEXT_LENGTH, LABEL_LENGTH = 120, 40  # characters of an example's text, and of its label


def recommendation_blocks(facts: Facts, board: Board) -> list[Block]:
    """Three paragraphs: which contender, how certain, at what cost."""
    comparison, labels = board.comparison, {contender.key: contender.label for contender in facts.contenders}
    costs = dict(zip(labels, facts.costs, strict=True))
    choice, writer = choose(comparison, costs), VerdictWriter(comparison, labels, costs)
    name = f"use {labels[choice.key]}" if choice.key else "none"
    certainty = [writer.ranking(), writer.detectability(), writer.chance()]
    failed = [label for label, _ in facts.failures]
    certainty += [f"{join_names(failed)} could not be scored."] if failed else []
    blocks: list[Block] = [Paragraph(f"Recommendation: {name}: {choice.reason}", "verdict")]
    blocks.append(Paragraph(f"Certainty: {' '.join(filter(None, certainty))}", "evidence"))
    if choice.key:
        top = comparison.lines[0].name
        relative = writer.cost() if choice.key == top else writer.relative_cost(choice.key, top)
        blocks.append(Paragraph(f"Cost: {describe_cost(costs[choice.key])} {relative}", "evidence"))
    if caution := describe_training(facts.contenders, str(facts.boards[0].task.get(HELD_OUT, ""))):
        blocks.append(Paragraph(f"⚠ {caution}", "evidence"))
    if facts.checks:
        blocks.append(Paragraph("⚠ Not every model passed its checks: see Failed checks.", "evidence"))
    return blocks


def example_blocks(facts: Facts) -> list[Block]:
    """Queries that only the recommended contender answers right, and those that only the other one does."""
    examples, pair = facts.examples, facts.compared
    if examples is None or pair is None:
        return []
    names = (facts.contenders[pair.first].label, facts.contenders[pair.second].label)
    is_pairs = facts.boards[0].task.kind == "pairs"
    unit, verb = ("pairs", "is nearer to the human rank") if is_pairs else ("queries", "ranks a relevant row first")
    counts = (
        f"Of {examples.total:,} {unit}, only {names[0]} {verb} for {examples.first:,}, and only {names[1]} for "
        f"{examples.second:,}. Examples with large differences; ranks are those of the "
        f"{'pair by similarity' if is_pairs else 'relevant row'}."
    )
    blocks: list[Block] = [Heading("Examples"), Paragraph(counts, "note")]
    for (right, wrong), shown in ((names, examples.first_examples), (names[::-1], examples.second_examples)):
        title = f"{right} is nearer than {wrong}" if is_pairs else f"{right} is right, {wrong} is wrong"
        rows = _pair_table(shown, names) if is_pairs else _query_table(shown, names, wrong)
        blocks += [Heading(title, 3), rows if shown else Paragraph(f"There are no such {unit}.")]
    return blocks


def _query_table(examples: Sequence[Example], names: tuple[str, str], wrong: str) -> Table:
    ranks = tuple(f"Rank under {name}" for name in names)
    columns = ("Query", "Relevant row", *ranks, f"First under {wrong}: not relevant")
    rows = [
        (
            _shorten(example.query, example.label), _shorten(example.relevant, example.label),
            *(f"{rank:,}" for rank in example.ranks), _shorten(example.wrong, example.wrong_label),
        )
        for example in examples
    ]  # fmt: skip
    return Table(columns, tuple(rows), frozenset(ranks))


def _pair_table(examples: Sequence[Example], names: tuple[str, str]) -> Table:
    ranks = ("Human rank", *(f"Rank under {name}" for name in names))
    rows = [
        (_shorten(example.query), _shorten(example.relevant), f"{example.human_rank:,}",
         *(f"{rank:,}" for rank in example.ranks))
        for example in examples
    ]  # fmt: skip
    return Table(("First text", "Second text", *ranks), tuple(rows), frozenset(ranks))


def _shorten(text: str, label: str = "") -> str:
    """A text, with its label in brackets."""
    short = truncate(clean_line(text), TEXT_LENGTH)
    return f"{short} [{truncate(clean_line(label), LABEL_LENGTH)}]" if label else short
