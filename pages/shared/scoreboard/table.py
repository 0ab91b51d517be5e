"""The scoreboard's table: one row per contender, the best first, with its costs, and its CSV file."""

from math import isfinite
from typing import Any

import pandas as pd
import streamlit as st

from core.scoreboard.cost import Cost
from core.scoreboard.service import Board
from core.scoreboard.verdict import describe_unmeasured
from core.stats.proportions import rounded_percentages
from core.store import CorpusInfo
from core.text import common_decimals
from core.vectors.contenders import Contender
from pages.shared.downloads import csv_button
from pages.shared.tables import draw_frame, number, percentage, text
from pages.shared.text import file_stem, plain

TIMES = ("seconds", "p50", "p95")


def show_score_table(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> None:
    """The table, and how it was measured."""
    scores = score_table(contenders, board, costs)
    columns = _score_columns(board.label, {name: f"%.{common_decimals(scores[name])}f" for name in TIMES})
    visible = scores[[name for name in columns if name in scores]]
    draw_frame(visible, f"Contenders by {board.label}, with their costs", columns, key="score_table")
    st.caption(" ".join(_measurement_notes(contenders, board, costs)))


def score_table_button(
    info: CorpusInfo, contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]
) -> None:
    help_text = "All figures unrounded, with task, sample size, seed and method."
    data, name = export_table(contenders, board, costs), f"{file_stem(info.name)}-scoreboard.csv"
    csv_button("Export table (CSV)", data, name, key="score_file", help=help_text)


def score_table(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> pd.DataFrame:
    """One row per contender, in the order of the scores."""
    scores = pd.DataFrame([_score_row(rank, contenders, board, costs) for rank in range(len(board.order))])
    if any(cost.speed.busy for cost in costs):
        speeds = [costs[index].speed for index in board.order]
        scores["timing"] = [f"busy, {speed.others:.0%}" if speed.busy else "" for speed in speeds]
    shares = [share / 100 for share in rounded_percentages(scores["share_best"].tolist())]
    return scores.assign(share_best=shares, truncated=scores["truncated"].astype(float))


def export_table(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> pd.DataFrame:
    """The same unrounded, with what identifies the result in every row."""
    rows = []
    for rank, (line, index) in enumerate(zip(board.comparison.lines, board.order, strict=True)):
        cost = costs[index]
        rows.append(
            _score_row(rank, contenders, board, costs)
            | {"rank": rank + 1, "tied": line.group, "low": line.low, "high": line.high}
            | {"usd_per_million_tokens": cost.usd_per_million_tokens, "usd_per_million_texts": cost.usd_per_million}
            | {"price_date": cost.price_date}
            | {"tokens_per_text": cost.tokens_per_text, "truncated_rows": cost.truncated_rows}
            | {"texts_timed": cost.speed.texts, "speed_basis": cost.speed.basis}
            | {"processors": cost.speed.cpus, "others_share": cost.speed.others}
        )
    comparison, settings = board.comparison, "; ".join(f"{name}={value}" for name, value in board.task.params)
    table = (
        pd.DataFrame(rows).drop(columns=["interval", "price"]).assign(metric=comparison.metric, task=board.task.kind)
    )
    table = table.assign(seed=comparison.seed, method=comparison.method, settings=settings)
    return table.assign(queries=comparison.queries, of=comparison.total)


def sample_size(board: Board) -> str:
    """ "500 of 1,000 queries", "all 60 queries"."""
    scored, total = board.comparison.queries, board.comparison.total
    return f"{f'{scored:,} of {total:,}' if scored < total else f'all {scored:,}'} {plain(board.comparison.unit)}"


def _score_row(rank: int, contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> dict[str, Any]:
    line, index = board.comparison.lines[rank], board.order[rank]
    cost = costs[index]
    return {
        "rank": f"{rank + 1} {line.group}",
        "contender": contenders[index].label,
        "score": line.mean,
        "interval": f"{line.low:z.3f}–{line.high:z.3f}" if isfinite(line.low + line.high) else "unknown",
        "share_best": line.share_best,
        "dimensions": cost.dimensions,
        "bytes": cost.bytes_per_vector,
        "seconds": cost.speed.seconds_per_1000,
        "p50": cost.speed.p50_ms,
        "p95": cost.speed.p95_ms,
        "price": "unknown" if (usd := cost.usd_per_million_tokens) is None else f"${usd:,.2f}" if usd else "free",
        "truncated": cost.truncated_share,
    }


def _score_columns(metric: str, formats: dict[str, str]) -> dict[str, Any]:
    share = "Share of resamples in which it is best, ties split. Not the probability that it is best."
    speed = "Seconds to embed 1,000 texts on this machine."
    price = (
        "List price: US dollars for a million tokens. Free: runs locally. The chart below has the price of the texts."
    )
    return {  # narrow enough for a window of 1,400 pixels
        "rank": text("Rank", "By score. Contenders that share a letter (a, b, ...) do not differ significantly.", 50),
        "contender": text("Contender", "A model, or a variant with smaller vectors.", 175),
        "score": number(metric, "%.3f", "Higher is better.", 65),
        "interval": text("95% interval", "Confidence interval: the range for other rows of this kind.", 95),
        "share_best": percentage("Best in", share, 60),
        "dimensions": number("Dims", "localized", "Dimensions: numbers per vector.", 50),
        "bytes": number("Bytes", "localized", "Storage size of one vector.", 55),
        "seconds": number("s / 1,000", formats["seconds"], speed, 68),
        "p50": number("p50 (ms)", formats["p50"], "Median time to embed a query and search exactly.", 68),
        "price": text("$ / 1M tokens", price, 95),
        "truncated": percentage("Truncated", "Share of tokens beyond the model's maximum length.", 73),
        "p95": number("p95 (ms)", formats["p95"], "95% of queries are faster than this.", 68),
        "timing": text("Timing", "Busy: share of the processors that other programs used; times are too long."),
    }


def _measurement_notes(contenders: tuple[Contender, ...], board: Board, costs: tuple[Cost, ...]) -> list[str]:
    notes = [f"Sorted by {plain(board.label)} over {sample_size(board)}. {plain(board.comparison.method)}"]
    measured = [cost.speed for cost in costs if cost.speed.basis == "measured"]
    if measured:
        notes.append(
            f"Times measured on this machine ({measured[0].cpus} processors): a random sample of up to "
            f"{max(speed.texts for speed in measured):,} texts, cache bypassed; {measured[0].queries} queries one by "
            "one (first words of random texts, seed 0); exact search over all rows as stored."
        )
    busy = [plain(contender.label) for contender, cost in zip(contenders, costs, strict=True) if cost.speed.busy]
    if busy:
        notes.append(f"**Measured while the machine was busy: {', '.join(busy)}.** Measure again when it is idle.")
    notes += map(plain, describe_unmeasured([contender.label for contender in contenders], costs))
    dates = sorted({cost.price_date for cost in costs if cost.usd_per_million_tokens})
    return [*notes, f"Prices of {dates[-1]}."] if dates else notes
