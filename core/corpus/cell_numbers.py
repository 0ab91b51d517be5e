"""Cells read as numbers, however people write them."""

import pandas as pd

_ANSWERS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


def parse_numbers(cells: pd.Series) -> pd.Series:
    """float64, missing where a cell is no number: as they are, with decimal commas, or true and false or yes and no as
    1 and 0, whichever most cells are."""
    words = cells.astype("str").str.strip().where(cells.notna())
    readings = (words, words.str.replace(",", ".", regex=False), words.str.lower().map(_ANSWERS))
    numbers = [pd.to_numeric(reading, errors="coerce").astype("float64") for reading in readings]
    return max(numbers, key=lambda each: each.notna().sum())
