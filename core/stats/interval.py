"""What an interval is, and the one confidence level and the quantiles that all of them use."""

from statistics import NormalDist
from typing import Generic, NamedTuple, TypeVar

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
T = TypeVar("T")


class Interval(NamedTuple, Generic[T]):
    """A value with the ends of its 95% confidence interval: floats, or float64 arrays of one shape. Ends are NaN where
    the data is too little for an interval."""

    value: T
    low: T
    high: T


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The two-sided quantile z of the standard normal distribution."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def student_quantile(degrees: int) -> float:
    """The two-sided quantile of Student's t at CONFIDENCE."""
    from scipy.special import stdtrit  # what scipy.stats.t.ppf calls, without the import of scipy.stats

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))
