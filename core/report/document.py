"""A comparison's facts as a document: verdict first, then tables and pictures, then how it was made."""

from core.report.about import caveats, corpus_blocks, made_blocks, task_words
from core.report.blocks import Block, Bullets, Code, Document, Heading, Paragraph
from core.report.facts import Facts
from core.report.figures import picture_blocks
from core.report.quality import diagnosed_blocks
from core.report.reproduce import again_code, can_start_anew
from core.report.tables import metrics_blocks, overlap_blocks, pairs_blocks, scoreboard_blocks, short_table
from core.scoreboard.service import Board
from core.scoreboard.verdict import verdict


def comparison_document(facts: Facts) -> Document:
    """The whole report."""
    board = facts.boards[0]
    blocks: list[Block] = [Paragraph(_verdict(facts, board), "verdict"), Paragraph(task_words(board), "note")]
    blocks += scoreboard_blocks(facts, board)
    blocks += picture_blocks(facts, board)
    blocks += pairs_blocks(facts, board)
    blocks += metrics_blocks(facts)
    for other in facts.boards[1:]:
        title = f"Also: {other.label}, {other.task.kind.replace('_', ' ')}"
        blocks += [Heading(title), Paragraph(_verdict(facts, other)), short_table(facts, other)]
        blocks.append(Paragraph(task_words(other), "note"))
    blocks += overlap_blocks(facts)
    blocks += diagnosed_blocks(facts.diagnosed)
    blocks += facts.compressed
    blocks += [Heading("What to bear in mind"), caveats(facts)]
    if facts.missing:
        blocks += [Heading("What this report could also hold"), Bullets(facts.missing)]
    blocks += corpus_blocks(facts)
    blocks += made_blocks(facts)
    blocks += _again_blocks(facts, board)
    names = ", ".join(contender.label for contender in facts.contenders)
    subtitle = f"{names} · made by Planisphere, {facts.made}"
    return Document(f"Embeddings compared: {facts.info.name}", subtitle, tuple(blocks))


def _verdict(facts: Facts, board: Board) -> str:
    return verdict(
        board.comparison,
        {contender.key: contender.label for contender in facts.contenders},
        {contender.key: cost for contender, cost in zip(facts.contenders, facts.costs, strict=True)},
        [label for label, _ in facts.failures] if board is facts.boards[0] else (),
    )


def _again_blocks(facts: Facts, board: Board) -> list[Block]:
    found = board.comparison
    code = again_code(facts.info, facts.contenders, board.task, found.metric, found.seed)
    anew = can_start_anew(facts.info, facts.contenders, board.task)
    beside = "beside the file the corpus was made from" if anew else (
        "with the folder of the workspace that holds the corpus as its argument"
    )  # fmt: skip
    words = (
        f"Run it with Planisphere's folder as working directory or on PYTHONPATH, {beside}. It prints the board anew."
    )
    return [Heading("To do it again"), Paragraph(words), Code(code)]
