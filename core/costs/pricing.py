"""What a model costs: the table in prices.toml, with its date."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.embedders.openai_models import is_openai
from core.types import ModelSpec

TABLE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """per_million_usd: US dollars for a million input tokens, 0 for models that run here. date: of the table."""

    per_million_usd: float
    date: str
    source: str

    def usd(self, tokens: int) -> float:
        """US dollars for so many tokens."""
        return self.per_million_usd * tokens / 1_000_000


def price_of(spec: ModelSpec) -> Price | None:
    """The price of a model; None where it is not known: compatible servers, models missing from the table."""
    table = price_table()
    if spec.backend != "openai":
        return Price(0.0, table["date"], "runs on this machine")
    per_million = table["openai"]["per_million_tokens"].get(spec.name) if is_openai(spec) else None
    return None if per_million is None else Price(float(per_million), table["date"], table["openai"]["source"])


@lru_cache(maxsize=1)
def price_table() -> dict[str, Any]:
    """prices.toml as it stands."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
