"""A corpus without some of its rows: always a new corpus, which says what was left out of which."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from core.digest import digest_array, digest_json, digest_table, digest_texts
from core.errors import InputError
from core.types import Corpus

MOST_TOLD = 2_000  # rows of the file named in the record


def without_rows(corpus: Corpus, rows: Sequence[int] | np.ndarray, why: str, name: str = "") -> Corpus:
    """The corpus without these rows (ids from 0), under a new digest; the old one stays as it is.

    why: "rows marked as odd" and the like. Its origin tells the step as those taken when a corpus is built, and under
    "left_out" the old corpus, the count, a digest of the row ids, and up to 2,000 rows as numbered in the file.
    Raises InputError where no row would go or stay, or for a row that is not there.
    """
    total, gone = len(corpus), np.unique(np.asarray(rows, dtype=np.int64))
    if not len(gone):
        raise InputError("No row is left out.", "Mark the rows that shall go first.")
    if gone[0] < 0 or gone[-1] >= total:
        raise InputError(f"There are rows 1 to {total:,} in this corpus.", "Leave out rows of this corpus.")
    if len(gone) == total:
        raise InputError(f"All {total:,} rows would be left out.", "Keep at least one.")
    keep = np.setdiff1d(np.arange(total), gone)
    table = corpus.table.iloc[keep].reset_index(drop=True)
    texts = [corpus.texts[row] for row in keep]
    digest = digest_json({"texts": digest_texts(texts), "table": digest_table(table), "roles": asdict(corpus.roles)})
    label = name.strip() or f"{corpus.name} without {len(gone):,} {'row' if len(gone) == 1 else 'rows'}"
    return Corpus(label, table, texts, corpus.roles, digest, _origin(corpus, gone, why))


def _origin(corpus: Corpus, gone: np.ndarray, why: str) -> dict[str, object]:
    noun = "row" if len(gone) == 1 else "rows"
    step = {
        "step": f"Leave out {why}",
        "before": len(corpus),
        "after": len(corpus) - len(gone),
        "note": f'{len(gone):,} {noun} removed, from "{corpus.name}"',
    }
    numbers = corpus.table["source_row"].to_numpy()[gone] if "source_row" in corpus.table.columns else gone + 1
    left_out = {
        "corpus": corpus.digest,
        "name": corpus.name,
        "why": why,
        "rows": len(gone),
        "digest": digest_array(gone),
        "source_rows": [int(number) for number in numbers[:MOST_TOLD]],
    }
    earlier = corpus.origin
    return {**earlier, "steps": [*earlier.get("steps", []), step], "left_out": [*earlier.get("left_out", []), left_out]}
