"""How long comparing contenders takes, from what was timed on the same corpus."""

import numpy as np

from core.disagreement.stored import EXPLAINED, KIND, cut_inputs, has_pair, pairs_of, text_inputs
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender, contender_graph_seconds

SECONDS_A_ROW = 6e-5  # to compare two graphs, and what else is worked out for a pair, where no pair was timed
SECONDS_A_TEXT = 2e-4  # to find its language, or to count its tokens
SECONDS_A_MEMBER = 4e-4  # to group a row


def expected_seconds(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> float:
    """About how long `prepare` takes for what is not kept yet."""
    info = Workspace(corpus.folder).info(corpus.digest)
    rows = info.rows if info else 0
    pairs = sum(not has_pair(corpus, *pair) for pair in pairs_of(contenders))
    compared = pairs * _pair_seconds(corpus, rows) if pairs else 0.0
    return contender_graph_seconds(corpus, contenders) + compared + _look_seconds(corpus, contenders, rows)


def _pair_seconds(corpus: CorpusRef, rows: int) -> float:
    """What a pair of this corpus took, by those that were timed."""
    facts = [result["facts"] for result in Workspace(corpus.folder).results(KIND, corpus.digest)]
    timed = [fact["seconds"] for fact in facts if "seconds" in fact]
    return float(np.median(timed)) if timed else 0.1 + rows * SECONDS_A_ROW


def _look_seconds(corpus: CorpusRef, contenders: tuple[Contender, ...], rows: int) -> float:
    """To group the rows and look at the texts, as far as that is not kept."""
    from core.clusters.results import CLUSTERS, ClusterQuery

    workspace, models = (
        Workspace(corpus.folder),
        {contender.model for contender in contenders if contender.model.max_tokens},
    )
    wanted = [text_inputs(), *map(cut_inputs, models)]
    left = sum(workspace.load(KIND, corpus.digest, inputs) is None for inputs in wanted)
    groups = CLUSTERS.exists(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), contenders[0].model))
    return left * min(rows, EXPLAINED) * SECONDS_A_TEXT + (0 if groups else rows * SECONDS_A_MEMBER)
