"""A report's part on compression: what was measured of the contenders, where it was."""

from core.answers import compression as answers
from core.answers.compression import Asked, BitsView, Quality
from core.compression_tasks import full_bits
from core.contenders import Contender
from core.report.blocks import Block, Heading, Paragraph, table

COLUMNS = ("Kept in", "Bytes", "Beside", "Ten nearest kept", "95% interval", "Order kept", "p50 ms")


def compressed_blocks(folder: str, corpus: str, contenders: tuple[Contender, ...]) -> tuple[Block, ...]:
    """One table for each contender whose bits were measured; none where nothing was."""
    blocks: list[Block] = []
    for each in dict.fromkeys(full_bits(contender) for contender in contenders):
        asked = Asked(folder, corpus, each)
        if "bits" in answers.state(asked).kept:
            blocks += _of_one(each, answers.bits_view(asked, Quality()))
    return (Heading("Stored smaller"), *blocks) if blocks else ()


def _of_one(contender: Contender, view: BitsView) -> list[Block]:
    rows = [
        (str(row["name"]), f"{row['bytes']:,}", f"{row['beside']:,}" if row["beside"] else "", f"{row['kept']:.1%}",
         f"{row['kept_low']:.1%} to {row['kept_high']:.1%}", f"{row['order']:.3f}", f"{row['p50']:.3f}")
        for row in view.table.to_dict("records")
    ]  # fmt: skip
    made = view.made
    note = (
        f"{made.queries:,} queries among {made.searched:,} of {made.texts:,} different texts, seed {made.seed}. Bytes: "
        "of a vector that is searched; beside: of one kept for rescoring. Ten nearest kept: recall@10 against exact "
        "search. Order kept: Kendall's tau of the exact 100 nearest. p50: of single queries on one thread, row by row."
    )
    return [Heading(contender.label, 3), table(COLUMNS, rows, ("Kept in",)), Paragraph(note, "note")]
