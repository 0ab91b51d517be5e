"""The scoreboard's table: one row a contender, the best first, with what it costs, and the file of it."""

import re
from math import isfinite
from typing import Any

import pandas as pd
import streamlit as st

from core.scoreboard.cost import Cost
from core.scoreboard.service import Board
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared.downloads import csv_button
from pages.shared.text import plain

CONTENDER, SCORE, LETTER = 236, 72, 7.2  # pixels: columns, and a letter of a heading
NOT_MEASURED = {
    "run": "Paid services are not called to measure them: their seconds are those of the embedding run.",
    "unknown": "Paid services are not called to measure them.",
    "none": "Vectors brought in have no model that could be measured.",
    "missing": "Some times are still to be measured; that waits until no job runs.",
}


def show(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    """The table, and how it was made."""
    table = board_table(contenders, board, costs)
    st.dataframe(
        table[[name for name in _columns(board.label) if name in table]],
        hide_index=True,
        width="stretch",
        lazy=False,
        placeholder="–",
        key="score_table",
        alt=f"Contenders by {board.label}, with their costs",
        column_config=_columns(board.label),
    )
    _caption(contenders, board, costs)


def download(info: CorpusInfo, contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    """The table's file."""
    stem = re.sub(r"[^\w]+", "-", info.name).strip("-")[:60].lower() or "corpus"
    csv_button(
        "Download the table (CSV)",
        file_table(contenders, board, costs),
        f"{stem}-scoreboard.csv",
        key="score_file",
        help="All figures unrounded, with task, sample size, seed and how they were made.",
    )


def board_table(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> pd.DataFrame:
    """Columns as shown, in the order of the scores; shares in percent."""
    table = pd.DataFrame([_row(at, contenders, board, costs) for at in range(len(board.places))])
    if any(cost.speed.busy for cost in costs):
        timed = [costs[place].speed for place in board.places]
        table["timed"] = [f"busy, {each.others:.0%}" if each.busy else "" for each in timed]
    return table.assign(share_best=100 * table["share_best"], cut=100 * table["cut"].astype(float))


def _row(at: int, contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> dict[str, Any]:
    line, place = board.comparison.lines[at], board.places[at]
    cost = costs[place]
    return {
        "rank": f"{at + 1} {line.group}",
        "contender": contenders[place].label,
        "score": line.mean,
        "interval": f"{line.low:.3f}–{line.high:.3f}" if isfinite(line.low + line.high) else "unknown",
        "share_best": line.share_best,
        "dimensions": cost.dimensions,
        "bytes": cost.bytes_per_vector,
        "seconds": cost.speed.seconds_per_1000,
        "p50": cost.speed.p50_ms,
        "p95": cost.speed.p95_ms,
        "price": price_words(contenders[place], cost),
        "cut": cost.truncated_share,
    }


def price_words(contender: Contender, cost: Cost) -> str:
    """What embedding a million such texts costs, as people say it."""
    if cost.usd_per_million is None:
        return "unknown"
    if not cost.usd_per_million:
        return "free"
    return f"${cost.usd_per_million:,.2f}"


def file_table(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> pd.DataFrame:
    """The same unrounded, with what names the result in every line."""
    rows = []
    for at, place in enumerate(board.places):
        line, cost = board.comparison.lines[at], costs[place]
        row = _row(at, contenders, board, costs) | {
            "rank": at + 1,
            "tied": line.group,
            "low": line.low,
            "high": line.high,
        }
        row |= {"usd_per_million_texts": cost.usd_per_million, "price_table": cost.price_date}
        row |= {
            "tokens_a_text": cost.tokens_per_text,
            "texts_cut": cost.truncated_rows,
            "texts_timed": cost.speed.texts,
        }
        row |= {"speed_basis": cost.speed.basis, "processors": cost.speed.cpus, "others_share": cost.speed.others}
        rows.append(row)
    found = board.comparison
    made: dict[str, Any] = {"metric": found.metric, "task": board.task.kind, "seed": found.seed, "method": found.method}
    settings = "; ".join(f"{name}={value}" for name, value in board.task.params)
    table = pd.DataFrame(rows).drop(columns=["interval", "price"])
    return table.assign(**made, settings=settings, queries=found.queries, of=found.total)


def _columns(metric: str) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    more = max(round(LETTER * len(metric)) - SCORE, 0)  # pixels that a long name takes from the contenders'
    return {
        "rank": text("Rank", width=52, help="By score. Contenders that share a letter do not differ significantly."),
        "contender": text("Contender", width=CONTENDER - more, help="A model, or its vectors stored smaller."),
        "score": number(metric, format="%.3f", width=SCORE + more, help="Higher is better."),
        "interval": text("95% interval", width=95, help="Where the score would lie with other rows of the same kind."),
        "share_best": number("P(best)", format="%.0f%%", width=62,
                             help="Probability of being the best: in how many resamples it is."),
        "dimensions": number("Dims", format="localized", width=50, help="Numbers in a vector."),
        "bytes": number("Bytes", format="localized", width=54, help="What one vector takes in storage."),
        "seconds": number("s / 1,000", format="%.2f", width=72,
                          help="Seconds to embed 1,000 texts of this corpus on this machine."),
        "p50": number("p50 ms", format="%.1f", width=64,
                      help="Half of all queries are answered in this time: embedding one, and an exact search."),
        "p95": number("p95 ms", format="%.1f", width=64, help="19 of 20 queries are answered in this time."),
        "price": text("Price / 1M", width=68,
                      help="US dollars to embed a million texts as long as these, by the price table. Free: it runs "
                      "here."),
        "cut": number("Cut", format="%.1f%%", width=52,
                      help="Share of the text that lies beyond the model's window, which it never sees."),
        "timed": text("Timed", width=84,
                      help="Busy: other programs used so much of the processors meanwhile that these times are too "
                      "long. Measure them again when it is quiet."),
    }  # fmt: skip


def _caption(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    timed = [cost.speed for cost in costs if cost.speed.basis == "measured"]
    parts = [f"Sorted by {plain(board.label)} over {_of(board)}. {plain(board.comparison.method)}"]
    if timed:
        parts.append(
            f"Times measured here ({timed[0].cpus} processors): a drawn sample of up to "
            f"{max(each.texts for each in timed):,} texts past the cache, {timed[0].queries} queries one by one (first "
            "words of drawn texts, seed 0), exact search over all rows as stored."
        )
    busy = [plain(contender.label) for contender, cost in zip(contenders, costs, strict=True) if cost.speed.busy]
    if busy:
        parts.append(f"**Measured while the machine was busy with other work: {', '.join(busy)}**; such times are too "
                     "long, so measure them again when it is quiet.")  # fmt: skip
    missing = dict.fromkeys(cost.speed.basis for cost in costs if cost.speed.basis != "measured")
    parts += [NOT_MEASURED[basis] for basis in missing]
    dates = sorted({cost.price_date for cost in costs if cost.usd_per_million})
    parts += [f"Prices of {dates[-1]}."] if dates else []
    st.caption(" ".join(parts))


def _of(board: Board) -> str:
    found = board.comparison
    sample = f"{found.queries:,} of {found.total:,}" if found.queries < found.total else f"all {found.queries:,}"
    return f"{sample} {plain(found.unit)}"
