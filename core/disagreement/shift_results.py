"""What moved together between two contenders: found once, and kept."""

from dataclasses import asdict
from functools import lru_cache

import numpy as np

from core.disagreement.neighbor_shifts import Moves, moved_together
from core.disagreement.service import Asked
from core.disagreement.shift_chance import ByChance
from core.disagreement.stored import KIND, pair_inputs, text_codes
from core.errors import StorageError
from core.store import Workspace
from core.types import Progress
from core.vectors.contenders import contender_neighbors

SECONDS_A_NEIGHBOR = 8e-5


def find_moves(asked: Asked, k: int, progress: Progress | None = None) -> None:
    """Find and keep what moved together between the first two contenders, unless that was done."""
    workspace, inputs = Workspace(asked.corpus.folder), _inputs(asked, k)
    if workspace.load(KIND, asked.corpus.digest, inputs) is not None:
        return
    texts = text_codes(asked.corpus)
    one, other = (contender_neighbors(asked.corpus, contender).ids for contender in asked.contenders[:2])
    found = moved_together(one, other, texts, k, progress)
    arrays = {"rows": found.rows, "labels": found.labels}
    for name, matrix in (("lost", found.lost), ("gained", found.gained)):
        arrays |= {f"{name}_indices": matrix.indices, f"{name}_indptr": matrix.indptr}
    # infinity is no JSON; no cosine comes near to either
    chance = asdict(found.chance) | {"least": min(found.chance.least, 2.0)}
    facts = {"moved": found.moved, "resolution": found.resolution, "chance": chance}
    workspace.save(KIND, asked.corpus.digest, inputs, arrays, facts)


def moves_state(asked: Asked, k: int) -> tuple[bool, float]:
    """Whether the groups are kept, and about how many seconds finding them takes."""
    info = Workspace(asked.corpus.folder).info(asked.corpus.digest)
    kept = Workspace(asked.corpus.folder).load(KIND, asked.corpus.digest, _inputs(asked, k)) is not None
    return kept, (info.rows if info else 0) * k * SECONDS_A_NEIGHBOR


@lru_cache(maxsize=4)
def moves(asked: Asked, k: int) -> Moves:
    """The kept groups of a pair. Raises StorageError where there are none."""
    from scipy.sparse import csr_matrix

    stored = Workspace(asked.corpus.folder).load(KIND, asked.corpus.digest, _inputs(asked, k))
    if stored is None:
        raise StorageError("What moved together has not been worked out.", "Start it on the Disagreement page.")
    kept, width = stored.arrays, int(text_codes(asked.corpus).max(initial=-1)) + 1
    shape = (len(kept["rows"]), width)
    parts = [(np.asarray(kept[f"{name}_indices"]), np.asarray(kept[f"{name}_indptr"])) for name in ("lost", "gained")]
    lost, gained = (
        csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=shape) for indices, indptr in parts
    )
    return Moves(
        np.asarray(kept["rows"]),
        np.asarray(kept["labels"]),
        lost,
        gained,
        int(stored.facts["moved"]),
        float(stored.facts["resolution"]),
        ByChance(**stored.facts["chance"]),
    )


def _inputs(asked: Asked, k: int) -> dict[str, object]:
    first, second = asked.contenders[:2]
    swapped = first.key > second.key  # the pair's name is the same both ways, what it lost and gained is not
    return {**pair_inputs(first, second), "swapped": swapped, "k": k, "moves": 3}
