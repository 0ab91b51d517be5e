"""What a metric was made of, in a sentence, and whether a benchmark's published figure can be set beside it."""

from collections.abc import Mapping
from typing import Any

FEW_SHOT = ("few_shot_accuracy", "few_shot_macro_f1")


def recipe_words(metric: str, facts: Mapping[str, Any], split: str | None) -> str:
    """Of the figures that follow MTEB's recipes by labels, "" of others. facts: of the scores; split: the task's
    column. Plain text."""
    if metric in FEW_SHOT and "few_shot" in facts:
        return _few_shot(facts["few_shot"], split)
    return _groups(facts["groups"]) if metric == "v_measure" and "groups" in facts else ""


def _few_shot(sizes: Mapping[str, Any], split: str | None) -> str:
    rows = f"{sizes['test']:,} {'row' if sizes['test'] == 1 else 'rows'}"
    said = f"{sizes['runs']} draws of {sizes['shots']} texts a label from {sizes['train']:,} training rows, tested on "
    if split is None:
        return f"{said}{rows}; parted at random, as no column says train and test: no published figure compares."
    return f"{said}{rows}, by the column {split}: as MTEB does it, so that its figures for the same set compare."


def _groups(sizes: Mapping[str, Any]) -> str:
    several = sizes.get("sets", 1)
    if several > 1:
        said = f"The mean over {several} sets of rows, each clustered {sizes['seeds']} times"
    else:
        said = f"{sizes['rows']:,} rows clustered {sizes['seeds']} times into {sizes['labels']:,} groups"
    if sizes["rows"] < sizes["of_rows"]:
        return f"{said}; they are a sample, so no published figure compares."
    return f"{said}, by MTEB's recipe: its figures for the same set compare."
