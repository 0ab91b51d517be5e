"""The ways to serve a contender's vectors that the size planner sets side by side."""

import pandas as pd

from core.compression.planner import Option, codebook_bytes
from core.compression.recipe import quickest
from core.compression.service import Asked, Quality, bits_view, index_view


def plan_options(asked: Asked, wanted: float) -> tuple[Option, ...]:
    """Ways to serve the vectors: every way to keep them in fewer bits, searched row by row (with rescoring the least
    that has the wanted recall, else the most), and of HNSW and IVF the quickest setting with it where one has it."""
    bits, indexes = bits_view(asked, Quality()), index_view(asked)
    width, made = bits.made.width, bits.made
    signs = float(bits.table.loc[bits.table["name"] == "binary", "p50"].iloc[0])
    options = [
        Option(
            _plan_name(row["name"]), "exact" if row["name"] == "float32" else "scan", 0, int(row["bytes"]),
            int(row["beside"]), codebook_bytes(width, int(row["bytes"])) if row["name"].startswith("PQ") else 0,
            float(row["kept"]), float(row["p50"]), made.searched,
            max(float(row["p50"]) - signs, 0.0) if row["beside"] else 0.0,
        )
        for row in _shown(bits.table, wanted).to_dict("records")
    ]  # fmt: skip
    for kind in ("hnsw", "ivf"):
        best = quickest([setting for setting in indexes.settings if setting.kind in (kind, "exact")], wanted)
        if best.kind == kind:
            options.append(
                Option(best.name, kind, best.build, width * 4, 0, 0, best.recall, best.p50, indexes.made.searched)
            )
    return tuple(options)


def _shown(table: pd.DataFrame, wanted: float) -> pd.DataFrame:
    rescored = table.index[table["beside"] > 0]
    enough = [place for place in rescored if table["kept_low"][place] >= wanted]
    return table.drop(index=[place for place in rescored if place != [*enough, rescored[-1]][0]])


def _plan_name(name: str) -> str:
    return "Exact search, float32" if name == "float32" else f"Row by row, {name}"
