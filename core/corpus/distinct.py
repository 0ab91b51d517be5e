"""TODO docstring."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def distinct_texts(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) codes and the distinct texts, so that texts[i] == distinct[codes[i]]."""
    codes, uniques = pd.factorize(np.asarray(texts, dtype=object))
    return codes, list(uniques)
