"""Class shares over time, corrected for the errors of a classifier."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.classify.service import FEW_AUDITED, GroupShares, SharesQuery, group_shares
from core.trends.periods import Period, binned, count_periods, row_times, sensible_periods
from core.types import CorpusRef


@dataclass(frozen=True, eq=False)
class CorrectedShares:
    """Shares of c classes in t periods. starts: (t,) datetime64[ns]. few: (t,) bool, fewer than 20 audited rows."""

    starts: np.ndarray
    shares: GroupShares
    few: np.ndarray

    def table(self) -> pd.DataFrame:
        """One line for each period and class."""
        shares, periods = self.shares, len(self.starts)
        classes = len(shares.names)
        columns = {
            "period_start_utc": np.tile(self.starts, classes), "class": np.repeat(shares.names, periods),
            "rows": np.tile(shares.rows, classes), "audited": np.tile(shares.audited, classes),
        }  # fmt: skip
        figures = ("naive", "share", "low", "high", "rogan_gladen", "rogan_gladen_low", "rogan_gladen_high")
        return pd.DataFrame(columns | {name: getattr(shares, name).ravel() for name in figures})


def suggest_audited_period(corpus: CorpusRef, time: str, audited: int) -> Period:
    """The finest period with 20 audited rows on average; else the coarsest."""
    times = row_times(corpus, time)
    periods = sensible_periods(times)
    return next((name for name in periods if FEW_AUDITED * count_periods(times, name) <= audited), periods[-1])


def corrected_over_time(query: SharesQuery, time: str, period: Period, max_classes: int) -> CorrectedShares:
    """The most frequent predicted classes over time. Raises InputError for a column without times, or where shares
    can't be corrected."""
    bins = binned(query.source.corpus, time, period)
    shares = group_shares(query, bins.index, len(bins), max_classes)
    return CorrectedShares(bins.starts, shares, shares.audited < FEW_AUDITED)
