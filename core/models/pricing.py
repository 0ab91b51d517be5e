"""What a model costs, as its backend declares it."""

from core.models.backends import capabilities
from core.models.base import Price
from core.types import ModelSpec


def price_of(spec: ModelSpec) -> Price | None:
    """The price of a model, 0 for one that runs here; None where none is declared."""
    return capabilities(spec).price
