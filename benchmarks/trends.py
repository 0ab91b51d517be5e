"""Trends: recall of planted bursts, increases and drift, false alarms on shuffled dates, and seconds.

python -m benchmarks.trends [rows ...]: by default 1,000, 10,000 and 100,000.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.report import keep
from core.trends.bursts import find_bursts
from core.trends.drift import measure_drifts
from core.trends.increases import MAX_WIDTH, find_increases
from core.trends.periods import bin_times
from core.trends.seasons import seasonal_cycles, seasonal_factors
from core.trends.shares import Groups, count_groups, group_series, order_groups
from core.types import unit_rows

SIZES, SEEDS = (1_000, 10_000, 100_000), range(20)
WEEKS, GROUPS, DIMENSIONS, K = 52, 20, 384, 15
DAYS = 7 * WEEKS
WEEK = np.array([1.3, 1.3, 1.3, 1.2, 1.1, 0.5, 0.3])  # Monday to Sunday
START = np.datetime64("2025-01-06", "D")
PLANTED = (3, 7, 11)  # groups with three more days like their ten usual ones
DRIFTED = (2, 5)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    keep("trends", {"days": DAYS, "groups": GROUPS, "seeds": len(SEEDS), **{f"{n:,} rows": measured(n) for n in sizes}})


def measured(rows: int) -> dict[str, Any]:
    seeds = SEEDS if rows <= 10_000 else SEEDS[:5]
    counted = [stream(rows, seed) for seed in seeds]
    groups, index = counted[0]
    return {
        "shares": {"seconds": seconds(partial(group_series, groups, index, DAYS))},
        "surges": increases(counted),
        "bursts": bursts(counted),
        "drift": drifts(rows, seeds[:5]),
    }


def stream(rows: int, seed: int) -> tuple[Groups, np.ndarray]:
    """Groups and days of rows with a weekly rhythm, and an increase of three days in some groups."""
    generator = np.random.default_rng(seed)
    rhythm = np.resize(WEEK, DAYS)
    days = generator.choice(DAYS, rows, p=rhythm / rhythm.sum())
    codes = generator.choice(GROUPS, rows, p=(share := 1 / (5 + np.arange(GROUPS))) / share.sum())
    for group in PLANTED:
        more = planted_rows(codes, group)
        days = np.append(days, planted_day(group, seed) + generator.integers(0, 3, more))
        codes = np.append(codes, np.full(more, group))
    index = bin_times((START + days.astype("timedelta64[D]")).astype("datetime64[ns]"), "day").index
    return order_groups(codes, [str(group) for group in range(GROUPS)]), index


def planted_rows(codes: np.ndarray, group: int) -> int:
    """As many as a group of this size has in ten days, and six more, so that small groups increase at all."""
    return int((codes == group).sum() * 10 / DAYS) + 6


def planted_day(group: int, seed: int) -> int:
    return 40 + (group * 61 + seed * 13) % 280


def increases(counted: list[tuple[Groups, np.ndarray]]) -> dict[str, Any]:
    """Recall of planted increases, and streams with a false alarm, with and without the week accounted for."""
    results = {}
    for name, calendar in (("week allowed for", True), ("week not allowed for", False)):
        hits, false, shuffled = 0, 0, 0
        for seed, (groups, index) in enumerate(counted):
            alarms = find_alarms(groups, index, calendar)
            right = {(group, day) for group, day in alarms if near_planted(group, day, seed)}
            hits += len({group for group, _ in right})
            false += len(alarms - right) > 0
            mixed = np.random.default_rng(seed).permutation(index)
            shuffled += len(find_alarms(groups, mixed, calendar)) > 0
        results[name] = {
            "recall": round(hits / (len(PLANTED) * len(counted)), 3),
            "streams_with_another_alarm": round(false / len(counted), 3),
            "shuffled_streams_with_an_alarm": round(shuffled / len(counted), 3),
        }
    return results | {"seconds": seconds(partial(find_alarms, *counted[0], True))}


def find_alarms(groups: Groups, index: np.ndarray, calendar: bool) -> set[tuple[str, int]]:
    """(group, first day) of each increase."""
    counts = count_groups(groups, index, DAYS)
    steady = np.ones(DAYS)
    starts = (START + np.arange(DAYS)).astype("datetime64[ns]")
    season = seasonal_factors(counts, counts.sum(axis=0), steady, seasonal_cycles(starts, "day")) if calendar else None
    result = find_increases(counts, steady, MAX_WIDTH["day"], factors=season.factors if season else None)
    return {(groups.names[increase.series], increase.first) for increase in result.increases}


def near_planted(group: str, day: int, seed: int) -> bool:
    return int(group) in PLANTED and planted_day(int(group), seed) - 2 <= day <= planted_day(int(group), seed) + 2


def bursts(counted: list[tuple[Groups, np.ndarray]]) -> dict[str, Any]:
    """Planted bursts among the three heaviest, by week."""
    hits = 0
    for seed, (groups, index) in enumerate(counted):
        heaviest = sorted(all_bursts(groups, index), key=lambda burst: -burst[0])[: len(PLANTED)]
        hits += len({group for _, group, week in heaviest if in_week(group, week, seed)})
    return {
        "planted_among_the_heaviest": round(hits / (len(PLANTED) * len(counted)), 3),
        "seconds": seconds(partial(all_bursts, *counted[0])),
    }


def in_week(group: str, week: int, seed: int) -> bool:
    return int(group) in PLANTED and week in {(planted_day(int(group), seed) + day) // 7 for day in range(3)}


def by_week(groups: Groups, index: np.ndarray) -> np.ndarray:
    """(g, weeks) counts; the first day is a Monday."""
    return count_groups(groups, index // 7, WEEKS)


def all_bursts(groups: Groups, index: np.ndarray) -> list[tuple[float, str, int]]:
    counts = by_week(groups, index)
    totals = counts.sum(axis=0)
    return [
        (burst.weight, name, burst.first)
        for name, series in zip(groups.names, counts, strict=True)
        for burst in find_bursts(series, totals)
    ]


def drifts(rows: int, seeds: range) -> dict[str, Any]:
    """Recall of planted drift at q <= 0.05, and other groups flagged, by either test; with shuffled dates, too."""
    hits = false = shuffled = tested = 0
    for seed in seeds:
        inputs = vectors(rows, seed)
        flagged = drifted_groups(inputs)
        hits += len(flagged & set(DRIFTED))
        false += len(flagged - set(DRIFTED))
        later = np.random.default_rng(seed).permutation(inputs[3])
        shuffled += len(drifted_groups((*inputs[:3], later)))
        tested += GROUPS
    return {
        "recall": round(hits / (len(DRIFTED) * len(seeds)), 3),
        "other_groups_called": round(false / (tested - len(DRIFTED) * len(seeds)), 4),
        "groups_called_on_shuffled_dates": round(shuffled / tested, 4),
        "seconds": seconds(partial(drifted_groups, vectors(rows, 0)), 1),
    }


def vectors(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Unit rows around a center a group, their neighbors within the group, groups, and whether they are of the second
    half; in two groups a third of the later rows lies about another center."""
    import faiss

    generator = np.random.default_rng(seed)
    codes, later = np.arange(rows) % GROUPS, generator.integers(0, 2, rows).astype(np.int8)
    centers = generator.normal(0, 1, (2 * GROUPS, DIMENSIONS))
    shifted = np.isin(codes, DRIFTED) & (later == 1) & (generator.random(rows) < 1 / 3)
    unit = unit_rows(centers[codes + GROUPS * shifted] + generator.normal(0, 1.5, (rows, DIMENSIONS)))
    near = np.full((rows, K), -1, dtype=np.int32)
    for group in range(GROUPS):
        members = np.flatnonzero(codes == group)
        width = min(K + 1, len(members))
        index = faiss.IndexFlatIP(DIMENSIONS)
        index.add(unit[members])
        near[members, : width - 1] = members[index.search(unit[members], width)[1][:, 1:]]
    return unit, near, codes, later


def drifted_groups(inputs: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> set[int]:
    rows, ids, codes, later = inputs
    drifts = measure_drifts(rows, ids, [np.flatnonzero(codes == group) for group in range(GROUPS)], later)
    return {drift.code for drift in drifts if min(drift.q_change, drift.q_same) <= 0.05}


def seconds(run: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return round(median(taken), 4)


if __name__ == "__main__":
    main()
