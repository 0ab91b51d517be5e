"""What a report could hold beside what it holds, for the person who made it."""

from collections.abc import Sequence

from core.report.compression import unmeasured
from core.report.spaces import MOST_ROWS, Diagnosed
from core.scoreboard.service import ScoreboardQuery
from core.scoreboard.verdict import join_names


def missing_parts(scored: ScoreboardQuery, overlap: bool, diagnosed: Sequence[Diagnosed]) -> tuple[str, ...]:
    """What was not known when the report was made, and where it is worked out. overlap: whether neighbors' is there."""
    told = []
    if not overlap and len(scored.contenders) > 1:
        told.append("How alike the contenders' neighbors are: open the Disagreement page with these contenders.")
    there = {each.place for each in diagnosed}
    spaces = [contender.label for place, contender in enumerate(scored.contenders) if place not in there]
    if spaces:
        told.append(
            f"What the spaces of {join_names(spaces)} are like: the Quality page tells it. Reports hold it for up to "
            f"{MOST_ROWS:,} rows once that page has found the neighbors, and as far as it takes some seconds; a second "
            "report goes on where the first one stopped."
        )
    left = unmeasured(scored.corpus, scored.contenders)
    if left:
        told.append(f"What {join_names(left)} would lose if stored smaller: measure it on the Compression page.")
    return tuple(told)
