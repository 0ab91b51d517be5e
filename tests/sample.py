"""The sample corpus of the repository as tests use it."""

import json
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parents[1] / "samples"
SAMPLE = FOLDER / "shop_feedback.csv"


def sample_table() -> pd.DataFrame:
    """The rows as they stand, empty texts as empty texts."""
    return pd.read_csv(SAMPLE, keep_default_na=False)


def labeled_sample(language: str = "en") -> pd.DataFrame:
    """Text and area of the rows of one language: planted wrong areas corrected, off-topic and empty rows left out."""
    planted = json.loads((FOLDER / "planted.json").read_text(encoding="utf-8"))
    table = sample_table().set_index("id")
    for entry in planted["wrong_labels"]:
        table.loc[entry["id"], "area"] = entry["true"]
    table = table.drop(index=[entry["id"] for entry in planted["off_topic"]]).drop_duplicates("text")
    return table[(table["language"] == language) & (table["text"] != "")][["text", "area"]].reset_index(drop=True)


def off_topic() -> set[str]:
    """The ids of the rows that were planted as off-topic."""
    return {entry["id"] for entry in json.loads((FOLDER / "planted.json").read_text(encoding="utf-8"))["off_topic"]}
