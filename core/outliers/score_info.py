"""What each score of oddness means, in words, and which kinds of oddness it sees and misses."""

from dataclasses import dataclass
from typing import Literal

ScoreName = Literal["combined", "mean", "kth", "lof", "center", "apart", "fit", "forest"]


@dataclass(frozen=True)
class ScoreInfo:
    """What a score is. meaning: one sentence with its direction. sees: which kinds of oddness it finds, and misses."""

    name: ScoreName
    title: str
    meaning: str
    sees: str


SCORES: dict[ScoreName, ScoreInfo] = {
    info.name: info
    for info in (
        ScoreInfo(
            "combined",
            "Combined (default)",
            "How high a row ranks as a lone row (by mean neighbor distance or local outlier factor, whichever is "
            "higher) and as part of a strange group (by distance from the middle or cluster apart), averaged on a "
            "logarithmic scale. Higher is stranger.",
            "Lone rows and small strange groups: two of its scores look for each.",
        ),
        ScoreInfo(
            "mean",
            "Mean neighbor distance",
            "Mean cosine distance to the k nearest rows. Higher is stranger: nothing alike is near.",
            "Lone rows, and groups of fewer than about k; where most of a language or subject is thinly spread, all "
            "of it looks strange.",
        ),
        ScoreInfo(
            "kth",
            "Distance to the k-th neighbor",
            "Cosine distance to the k-th nearest row. Higher is stranger: fewer than k rows are near.",
            "Lone rows, and strange groups of up to k rows; with a larger k, larger groups.",
        ),
        ScoreInfo(
            "lof",
            "Local outlier factor",
            "How much thinner it is around a row than around its k neighbors; 1 is usual. Higher is stranger.",
            "Lone rows, even inside a dense subject or a rare language. Blind to a strange group of more than k rows: "
            "to them, their own group looks dense.",
        ),
        ScoreInfo(
            "center",
            "Distance from the middle",
            "Cosine distance to the mean of all rows. Higher is stranger: far from what the corpus is about.",
            "Small strange groups as well as lone rows. Blind to a row that is odd but lies near the middle.",
        ),
        ScoreInfo(
            "apart",
            "Cluster apart",
            "Distance from the row's own cluster to the nearest larger cluster. Higher is stranger: a small group "
            "far from all larger ones. All rows of a cluster have the same value.",
            "Small strange groups, whole. Blind to lone rows within a cluster.",
        ),
        ScoreInfo(
            "fit",
            "Distance within its cluster",
            "Distance to the middle of the row's own cluster, as a multiple of that cluster's median; 1 is usual. "
            "Higher is stranger.",
            "Lone rows that are odd for their cluster. Blind to a strange group that is a cluster of its own.",
        ),
        ScoreInfo(
            "forest",
            "Isolation forest",
            "How few random cuts part a row from a sample of 256 (200 trees, seed 0). Higher is stranger.",
            "Both kinds, but weakly: it cuts one dimension at a time, and vectors of texts have hundreds.",
        ),
    )
}
